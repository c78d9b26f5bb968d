"""Small tables and checks at random, and which of the checks hold, by lists in plain Python.

The small tables are the parts of one: a check costs some ten milliseconds in Great Expectations, whatever it looks at, and sees
its own part by a row condition.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.helpers.audited import Audited, check

from sluice.core.document import document
from sluice.quality.expectations.report import as_fields

# Column -> its type and the values that it is filled with; text and times are as SQL writes them.
COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "n": ("DOUBLE", [0.0, -1.5, 2.0, 7.0, math.nan, math.inf, None]),
    "m": ("DOUBLE", [0.0, 1.0, 2.0, math.nan, None]),
    "k": ("INTEGER", [0, 1, 2, 3, None]),
    "asof": ("VARCHAR", ["a", "A", "b", "it's", "", None]),
    "w": ("VARCHAR", ["x", "y", None]),
    "at": ("TIMESTAMP", ["2024-12-31 00:00:00", "2024-12-31 23:59:59", "2025-01-01 00:00:00", None]),
}
Row = dict[str, Any]
Check = tuple[str, dict[str, Any], bool]


def table(dice: random.Random, parts: int) -> list[Row]:
    """The rows of so many small tables."""
    sizes = [dice.randint(1, 9) for _ in range(parts)]
    return [
        {"part": part, **{name: dice.choice(pool) for name, (_, pool) in COLUMNS.items()}}
        for part, size in enumerate(sizes)
        for _ in range(size)
    ]


def sql(rows: Sequence[Row]) -> str:
    """A query that gives the rows."""
    kinds = {"part": "INTEGER", **{name: kind for name, (kind, _) in COLUMNS.items()}}
    listed = ["(" + ", ".join(_literal(row[name], kind) for name, kind in kinds.items()) + ")" for row in rows]
    names = ", ".join(f'"{name}"' for name in kinds)
    return f"select * from (values {', '.join(listed)}) t ({names})"


def _literal(value: Any, kind: str) -> str:
    return f"null::{kind}" if value is None else "'" + str(value).replace("'", "''") + f"'::{kind}"


def _bounds(dice: random.Random, pool: Sequence[Any]) -> dict[str, Any]:
    low, high = sorted(dice.sample([value for value in pool if value is not None and value == value and value != math.inf], 2))
    both = {"min_value": low, "max_value": high}
    return {name: both[name] for name in dice.choice([("min_value",), ("max_value",), ("min_value", "max_value")])}


def _within(value: Any, bounds: dict[str, Any]) -> bool:
    if value is None or value != value:
        return False
    return bool(bounds.get("min_value", value) <= value <= bounds.get("max_value", value))


def drawn(dice: random.Random, rows: Sequence[Row], part: int) -> Check:
    """A check of a small table: its name, its arguments, and whether it holds; now and then of some rows of all of them."""
    kind = dice.choice(list(_KINDS))
    where = {"row_condition": f'col("part") == {part}'}
    if dice.random() < 0.1 and kind != _QUERY:
        where, rows = {"row_condition": 'col("w") == "x"'}, [row for row in rows if row["w"] == "x"]
    else:
        rows = [row for row in rows if row["part"] == part]
    arguments, holds = _KINDS[kind](dice, rows)
    return kind, {**arguments, **({} if kind == _QUERY else where)}, holds


def _between(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
    name = dice.choice(["n", "k"])
    bounds = _bounds(dice, COLUMNS[name][1])
    return {"column": name, **bounds}, all(_within(row[name], bounds) for row in rows if row[name] is not None)


def _in_set(is_in: bool) -> Callable[[random.Random, Sequence[Row]], tuple[dict[str, Any], bool]]:
    def made(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
        name = dice.choice(["asof", "k"])
        given = dice.sample(COLUMNS[name][1], 3)
        holds = all((row[name] in given) is is_in for row in rows if row[name] is not None)
        return {"column": name, "value_set": given}, holds

    return made


def _not_null(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
    name = dice.choice(list(COLUMNS))
    return {"column": name}, all(row[name] is not None for row in rows)


def _unique(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
    name = dice.choice(["k", "asof", "at"])
    return {"column": name}, max(Counter(row[name] for row in rows if row[name] is not None).values(), default=1) == 1


def _compound(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
    names, ignored = dice.sample(["k", "asof", "w", "at"], 2), dice.choice([None, "never", "any_value_is_missing"])
    keys = [tuple(row[name] for name in names) for row in rows]
    if ignored == "any_value_is_missing":
        keys = [key for key in keys if None not in key]
    elif ignored is None:
        keys = [key for key in keys if set(key) != {None}]
    given = {"ignore_row_if": ignored} if ignored else {}
    return {"column_list": names, **given}, len(keys) == len(set(keys))


def _extreme(which: Callable[..., Any]) -> Callable[[random.Random, Sequence[Row]], tuple[dict[str, Any], bool]]:
    def made(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
        name = dice.choice(["n", "k", "at"])
        there = [row[name] for row in rows if row[name] is not None]
        if name == "at":
            day = dice.choice(["2024-12-31", "2025-01-01"])
            moments = [datetime.fromisoformat(value) for value in there]
            return {"column": name, "max_value": day}, bool(moments) and which(moments) <= datetime.fromisoformat(day)
        bounds = _bounds(dice, COLUMNS[name][1])
        numbers = [value for value in there if value == value]
        if which is max and len(numbers) < len(there):
            return {"column": name, **bounds}, False
        return {"column": name, **bounds}, bool(numbers) and _within(which(numbers), bounds)

    return made


def _pair(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
    names = dice.choice([("n", "m"), ("m", "n"), ("k", "m")])
    given: dict[str, Any] = {"or_equal": True} if dice.random() < 0.5 else {}
    both = [(row[names[0]], row[names[1]]) for row in rows if None not in (row[names[0]], row[names[1]])]
    holds = all(a > b or (bool(given) and a == b) for a, b in both)
    # NaN in b is above every number, as DuckDB sorts it; in a it is above none.
    return {"column_A": names[0], "column_B": names[1], "ignore_row_if": "either_value_is_missing", **given}, holds


def _most_common(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
    given = dice.sample(["a", "A", "b", "it's", ""], 3)
    counts = Counter(row["asof"] for row in rows if row["asof"] is not None)
    modes = {value for value, count in counts.items() if count == max(counts.values())}
    return {"column": "asof", "value_set": given}, len(modes) == 1 and modes <= set(given)


def _rows_of_a_query(dice: random.Random, rows: Sequence[Row]) -> tuple[dict[str, Any], bool]:
    """A query of one's own, with what SQLAlchemy and Python's format read as something else."""
    part, most = rows[0]["part"] if rows else -1, dice.choice([0, 1, 2, 3])
    odd = dice.choice(["", " and w <> 'a:b'", " and w <> '{x}'", " and k::integer > -1", " /* at 10:30 */", " -- {no} :name"])
    found = [row for row in rows if row["part"] == part and row["k"] is not None and row["k"] > most]
    found = [row for row in found if row["w"] is not None or "w <>" not in odd]
    return {"unexpected_rows_query": f"select * from {{batch}} where part = {part} and k > {most}{odd}"}, not found


_QUERY = "unexpected_rows_expectation"
_KINDS: dict[str, Callable[[random.Random, Sequence[Row]], tuple[dict[str, Any], bool]]] = {
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set(is_in=True),
    "expect_column_values_to_not_be_in_set": _in_set(is_in=False),
    "expect_column_distinct_values_to_be_in_set": _in_set(is_in=True),
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_unique": _unique,
    "expect_compound_columns_to_be_unique": _compound,
    "expect_column_min_to_be_between": _extreme(min),
    "expect_column_max_to_be_between": _extreme(max),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
    "expect_column_most_common_value_to_be_in_set": _most_common,
    _QUERY: _rows_of_a_query,
}


def batch(folder: Path, seed: int, size: int) -> list[str]:
    """So many small tables, each with a check, audited: each check of which the audit says something else."""
    dice = random.Random(seed)
    rows = table(dice, size)
    checks = [drawn(dice, rows, part) for part in range(size)]
    shop = Audited(folder)
    shop.build(sql(rows))
    shop.declare(*(check(kind, f"check_{n}", **arguments) for n, (kind, arguments, _) in enumerate(checks)), columns=())
    report = shop.audit()
    (model,) = report.models
    wrong = [f"json: {word} is none" for word in _no_json(document(as_fields(report)))]
    for (kind, arguments, holds), found in zip(checks, model.checks, strict=True):
        if found.status != ("pass" if holds else "fail") and found.status != "not_run":
            wrong.append(f"{kind} {arguments}: {found.status} {found.message} for {holds}\n{rows}")
    return wrong


def _no_json(text: str) -> list[str]:
    """The words in a document that JSON does not have: NaN, Infinity."""
    found: list[str] = []
    json.loads(text, parse_constant=found.append)
    return found
