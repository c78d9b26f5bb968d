"""The rows that a model reads while it is proved: those of the release, or others made of these."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sluice.lineage.columns import ROWS
from sluice.lineage.proof.stage import Result, Shape, Stage

# A run may take so many times as long as the one on unchanged rows, and this many seconds in any case.
_TIMES, _SECONDS = 50, 20.0


@dataclass(frozen=True)
class World:
    """`bases` are the relations with the parents' rows, `result` what the model makes of them.

    `unstable` are its columns that differ if the same rows come in another order, and ROWS if their number does.
    """

    name: str
    bases: Mapping[str, str]
    result: Result
    unstable: frozenset[str]
    seconds: float


def world_of(stage: Stage, name: str, bases: Mapping[str, str], sql: str, shape: Shape) -> World:
    """Run a model on these rows, and on the same rows in another order."""
    show(stage, bases)
    started = time.monotonic()
    result = stage.result(sql, shape)
    limit = _SECONDS + _TIMES * (time.monotonic() - started)
    stage.keep(sql)
    for parent, base in bases.items():
        stage.show(parent, f"select * from {base} as p order by hash(p, 3)")
    again = stage.result(sql, shape)
    show(stage, bases)
    unstable = {column.lower() for column in shape.types if _value(again, column) != _value(result, column)}
    if again.count != result.count:
        unstable = {ROWS, *(column.lower() for column in shape.types)}
    return World(name, bases, result, frozenset(unstable), limit)


def _value(result: Result, column: str) -> tuple[int, int]:
    return result.columns[column], result.keyed.get(column, 0)


def other_world(stage: Stage, name: str, queries: Mapping[str, str], sql: str, shape: Shape) -> World:
    """The model on other rows of its parents, which queries give."""
    bases = {parent: stage.keep(query, f"(other) {parent}") for parent, query in queries.items()}
    return world_of(stage, f"{name}, ", bases, sql, shape)


def show(stage: Stage, bases: Mapping[str, str]) -> None:
    """Show the rows unchanged."""
    for parent, base in bases.items():
        stage.show(parent, f"select * from {base}")
