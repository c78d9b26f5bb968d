"""The one query that measures a relation and all of its columns, and its row as entries of lake/ops/profiles.

What is exact and what is not: rows, nulls, least and greatest values, means, totals and frequent values are exact. The number
of distinct values is an estimate (HyperLogLog): DuckDB keeps one for each column of a table, and computes one for a view.
Quantiles are those of a sample of about SAMPLE rows, chosen by a hash of the row's place, so that the same table gives the
same quantiles; the sample's distribution differs from the table's by less than 0.01 in 19 of 20 cases (1.36 / sqrt(SAMPLE),
Kolmogorov's limit).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import duckdb

from sluice.core.duck import identifier
from sluice.core.manifest import folded
from sluice.history.kinds import ValueCount

SAMPLE = 20_000  # rows, of which quantiles are taken
CATEGORIES = 50  # estimated distinct values up to which a column's values are counted
FREQUENT = 50  # values that are kept, the most frequent ones
LONGEST = 100  # characters of a value that is kept
DECILES = "[0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]"

_NUMBER = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$")
_TIME = re.compile(r"(DATE|TIMESTAMP.*)$")
_PLAIN = re.compile(r"(VARCHAR|BOOLEAN|UUID|TIME|ENUM\(.*\))$")
_UNIQUE = re.compile(r"Approx Unique: (\d+)")


@dataclass(frozen=True)
class Column:
    """A column to be measured: DuckDB's type, the estimated number of distinct values (None: unknown), and how much is kept."""

    name: str
    type: str
    distinct: int | None
    is_personal: bool

    @property
    def is_number(self) -> bool:
        """Whether it has a mean."""
        return bool(_NUMBER.match(self.type))

    @property
    def is_time(self) -> bool:
        """Whether it is a date, or a moment."""
        return bool(_TIME.match(self.type))

    @property
    def has_order(self) -> bool:
        """Whether it has a least and a greatest value: nested values do not."""
        return self.is_number or self.is_time or bool(_PLAIN.match(self.type))

    @property
    def is_category(self) -> bool:
        """Whether it has so few values that the frequent ones are counted."""
        return self.has_order and not self.is_time and self.distinct is not None and self.distinct <= CATEGORIES


def columns_of(
    connection: duckdb.DuckDBPyConnection, place: str, types: Sequence[tuple[str, str]], personal: frozenset[str]
) -> list[Column]:
    """The columns of a relation, with the estimates that DuckDB keeps; a view has none. `personal` are names, folded."""
    asked = ", ".join(f"stats({identifier(name)})" for name, _ in types)
    said = connection.execute(f"select {asked} from {place} limit 1").fetchone() or ("",) * len(types)
    found = [_UNIQUE.search(str(text)) for text in said]
    return [
        Column(name, kind, int(unique[1]) if unique else None, folded(name) in personal)
        for (name, kind), unique in zip(types, found, strict=True)
    ]


def query(place: str, columns: Sequence[Column], rows: int, time_column: str | None, *, is_view: bool) -> str:
    """SQL of the scan: one row, with a column for each figure. `rows` is the number of rows, which decides the sample.

    `newest_at` is the greatest value of the time column or, where there is none, of all dates and times, without those in
    the future.
    """
    parts = ["count(*) as row_count", f"{_newest(columns, time_column)} as newest_at"]
    share, row = rows // SAMPLE, "relation" if is_view else "rowid"  # the rows of a view have no place: what they hold decides
    sample = f" filter (where hash({row}) % {share} = 0)" if share > 1 else ""
    for number, column in enumerate(columns):
        parts += [f"{sql} as {name}_{number}" for name, sql in _figures(column, sample).items()]
    return f"select {', '.join(parts)} from {place} as relation"


def _newest(columns: Sequence[Column], time_column: str | None) -> str:
    times = [one for one in columns if one.is_time and not one.is_personal]
    chosen = [one for one in times if time_column and folded(one.name) == folded(time_column)] or times
    parts = [f"max(case when {_moment(one)} <= now()::timestamp then {_moment(one)} end)" for one in chosen]
    return f"greatest({', '.join(parts)})" if parts else "null::timestamp"


def _moment(column: Column) -> str:
    return f"{identifier(column.name)}::timestamp"


def _figures(column: Column, sample: str) -> dict[str, str]:
    name = identifier(column.name)
    figures = {"nulls": f"count(*) - count({name})"}
    if column.distinct is None and column.has_order:
        figures["distinct"] = f"approx_count_distinct({name})"
    if column.is_personal or not column.has_order:
        return figures
    figures |= {"least": f"min({name})::varchar", "greatest": f"max({name})::varchar"}
    if column.is_number:
        figures |= {"mean": f"avg({name})::double", "total": f"sum({name})::double"}
    if column.is_number or column.is_time:
        number = f"epoch({_moment(column)})" if column.is_time else f"{name}::double"
        figures["quantiles"] = f"quantile_cont({number}, {DECILES}){sample}"
    if column.is_category:
        figures["frequent"] = f"map_entries(histogram({name}::varchar))"
    return figures


def of_column(column: Column, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a column's entry, from the row of the scan."""

    def figure(name: str) -> Any:
        return row.get(f"{name}_{number}")

    values = figure("frequent") or []
    frequent = sorted(values, key=lambda one: (-one["value"], one["key"]))[:FREQUENT]
    return {
        "column_name": column.name,
        "data_type": column.type,
        "null_count": figure("nulls"),
        "distinct_count": column.distinct if column.distinct is not None else figure("distinct"),
        "least": _short(figure("least")),
        "greatest": _short(figure("greatest")),
        "mean": _finite(figure("mean")),
        "total": _finite(figure("total")),
        "quantiles": tuple(figure("quantiles") or ()),
        "frequent": tuple(ValueCount(value=one["key"][:LONGEST], rows=one["value"]) for one in frequent),
    }


def _short(text: str | None) -> str | None:
    return text if text is None else text[:LONGEST]


def _finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None
