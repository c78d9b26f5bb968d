"""A proposal, and what a check found, for people and programs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sluice.core.text import plural, table, value, wrapped
from sluice.source.add import Plan
from sluice.source.check import Checked, Stage
from sluice.source.files import DECIDE
from sluice.source.project import VARS
from sluice.source.proposal import Proposal, RawColumn, RawTable

WIDTH = 80
_LINES = 6  # of what dbt says


@dataclass(frozen=True)
class ShownColumn:
    """A column of the contract. `becomes` are the common columns that it is used for."""

    name: str
    type: str
    is_key: bool
    is_required: bool
    becomes: tuple[str, ...]
    empty: int
    sure: str


@dataclass(frozen=True)
class ShownTable:
    """A raw table. `entities` are those that it supplies; none where it looks like no entity."""

    name: str
    rows: int
    is_sample: bool
    entities: tuple[str, ...]
    key: tuple[str, ...]
    key_sure: str
    columns: tuple[ShownColumn, ...]


@dataclass(frozen=True)
class Shown:
    """A proposal: its tables, the files that write it, the number of decisions that are left to a person.

    `variables` is the entry for vars.yml where it could not be put there; `settings` are environment variables that feeds need.
    """

    source: str
    tables: tuple[ShownTable, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...]
    decisions: int
    variables: str
    settings: Mapping[str, str]


def shown(plan: Plan) -> Shown:
    """What is shown of a plan."""
    proposal = plan.proposal
    return Shown(
        proposal.source,
        tuple(_table(proposal, raw) for raw in proposal.tables),
        proposal.notes,
        tuple(plan.files),
        sum(text.count(f"{DECIDE} ") for path, text in plan.files.items() if path != VARS),
        plan.variables,
        plan.settings,
    )


def _table(proposal: Proposal, raw: RawTable) -> ShownTable:
    becomes: dict[str, list[str]] = {column.name: [] for column in raw.columns}
    for one in proposal.of(raw):
        for column in one.columns:
            for name in column.used:
                becomes[name] += [] if column.name in becomes[name] else [column.name]
    columns = tuple(_column(raw, column, becomes[column.name]) for column in raw.columns)
    entities = tuple(one.entity for one in proposal.of(raw))
    return ShownTable(raw.name, raw.facts.rows, raw.facts.is_sample, entities, raw.key, raw.facts.key_sure, columns)


def _column(raw: RawTable, column: RawColumn, becomes: list[str]) -> ShownColumn:
    is_key = column.name in raw.key
    return ShownColumn(
        column.name, column.type, is_key, column.required, tuple(becomes), column.facts.empty, column.ask or column.sure
    )


def as_text(found: Shown) -> str:
    """The whole proposal, in 80 columns."""
    lines = [line for one in found.tables for line in (*_table_lines(one), "")]
    lines += [line for note in found.notes for line in wrapped(f"note: {note}", WIDTH, "  ")]
    lines += ["files:", *(f"  {path}{' (one entry more)' if path == VARS else ''}" for path in found.files)]
    if found.variables:
        lines += [f"to be put into {VARS}, under sources:", *(f"  {line}" for line in found.variables.splitlines())]
    decisions = plural(found.decisions, "comment")
    return "\n".join([*lines, f"{decisions} with {DECIDE} say what a person has to decide" if found.decisions else ""])


def _table_lines(one: ShownTable) -> Iterator[str]:
    becomes = f"becomes {', '.join(one.entities)}" if one.entities else f"no entity: {'lookup' if one.key else 'extra'}"
    rows = plural(one.rows, "row") + (" (the first ones)" if one.is_sample else "")
    yield from wrapped(f"{one.name}: {rows}, {becomes}", WIDTH, "  ")
    yield from wrapped(f"key: {', '.join(one.key) or 'none'} ({one.key_sure})", WIDTH, "  ")
    cells = [
        (
            column.name,
            column.type,
            "key" if column.is_key else "required" if column.is_required else "",
            ", ".join(column.becomes),
            column.empty or None,
            column.sure,
        )
        for column in one.columns
    ]
    yield from table(["column", "type", "", "becomes", ">empty", "how sure"], cells, WIDTH)


def next_step(found: Shown) -> str:
    """The command that comes next."""
    settings = "".join(f"{name}={shlex.quote(text)} " for name, text in found.settings.items())
    return f"next: {settings}sluice source check {found.source}"


def checked_text(found: Checked) -> str:
    """What is missing, in order, and what comes next."""
    lines = [line for stage in found.stages for line in _stage(stage)]
    if found.exit_code == 0:
        return "\n".join([*lines, f"ready: sluice run {found.feeds_file}"])
    missing = sum(finding.blocks for stage in found.stages for finding in stage.findings)
    later = f"; not looked at yet: {', '.join(found.skipped)}" if found.skipped else ""
    return "\n".join([*lines, f"{plural(missing, 'thing')} missing; begin with the first{later}"])


def _stage(stage: Stage) -> Iterator[str]:
    yield f"{stage.name}: {stage.done}" if stage.is_passed else f"{stage.name}: not yet"
    for finding in stage.findings:
        where = f"{finding.where}: " if finding.where else ""
        first, *more = finding.what.splitlines()[:_LINES]
        yield from wrapped(f"  {'missing' if finding.blocks else 'note'}: {where}{first}", WIDTH, "    ")
        yield from (f"    {value(line, WIDTH - 4)}" for line in more)
        if finding.hint:
            yield from wrapped(f"    {finding.hint}", WIDTH, "    ")
