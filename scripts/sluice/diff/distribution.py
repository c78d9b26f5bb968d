"""How the values of changed columns are distributed, before and after, in bins that people read.

DuckDB counts values in up to two hundred fine bins of a column; where nearly all rows are in a few of them, again in those.
Fine bins are then put together to at most sixteen. All columns of a relation are counted in the same scans.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sluice.diff.columns import Shared
from sluice.diff.exact import FLOATS, digits
from sluice.diff.result import Bin, Distribution, Metric, RowChanges, Top
from sluice.diff.sql import At

_FINE, _BEYOND, _BARS = 200, 35, 16
_SCANS = 6  # at most, however far the outliers are
_OUT = 0.01  # of the rows, at each end, may be outside of the bins
_TOP = 6
_DIGITS = 1e-13  # of a number are told apart by a double, and by its text
_DRAWN = 12  # columns of a relation
_MANY = 10_000  # distinct values from which on the top ones are not counted
_TELLING = 0.2  # of the rows have one of the top values, or these tell nothing
_DAY = 86_400.0
_PERIODS = [
    *(unit * 10.0**power for power in range(-6, 0) for unit in (1, 2, 5)), 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1800.0,
    3600.0, 10_800.0, 21_600.0, 43_200.0, _DAY, 2 * _DAY, *(7 * _DAY * 2**power for power in range(40)),
]  # fmt: skip

# The first row of a query; all of its rows.
Row = Callable[[str], Sequence[Any]]
Rows = Callable[[str], Sequence[Sequence[Any]]]


@dataclass
class _Column:
    """A column while it is counted: values from `low` to `high`, in `bins` from `start` on, each `step` wide.

    There are bins beyond both ends, so that bins can be put together. Nearly all rows of `is_one_value` have one value.
    """

    column: Shared
    low: float
    high: float
    start: float = 0.0
    step: float = 0.0
    bins: int = 0
    counts: list[dict[int, int]] = field(default_factory=list)
    is_one_value: bool = False
    nulls: tuple[int, int] = (0, 0)
    not_finite: tuple[int, int] = (0, 0)

    @property
    def is_time(self) -> bool:
        return self.column.common.kind == "time"

    def value(self, side: str) -> str:
        """A number, or the seconds since 1970; null if it is not finite."""
        name = (self.column.before if side == "a" else self.column.after).sql()
        if self.is_time:
            return f"epoch({name})"
        return f"case when isfinite(cast({name} as double)) then cast({name} as double) end"

    def both(self, bin: int) -> int:
        return sum(side.get(bin, 0) for side in self.counts)

    def edge(self, bin: int) -> float:
        return self.start + bin * self.step

    def steps(self, width: float) -> Iterator[float]:
        """Widths that people read, the smallest first, for bins of so wide a range: 1, 2, 5, 10 ...; minutes, hours, days."""
        size = max(abs(self.low), abs(self.high))
        least = max(_least(self.column), _DIGITS * size)
        if self.is_time:
            return (step for step in _PERIODS if step >= least)
        power = math.floor(math.log10(max(width, 1e-300))) - 4 if width else math.floor(math.log10(size or 1.0)) - 1
        return (step for n in count(power) for unit in (1, 2, 5) if (step := _power(unit, n)) >= least)

    def at(self, value: float) -> int:
        """The bin of a value."""
        return _floor(value - self.start, self.step)

    def spread(self, low: float, high: float) -> bool:
        """Lay fine bins from low to high. False if none are finer: doubles, or the column's unit, are too coarse for it."""
        step = next(s for s in self.steps(high - low) if (high - low) / s <= _FINE)
        if not math.isfinite(step) or (self.step and step >= self.step):
            return False
        self.low, self.high, self.step = low, high, step
        self.start = (_floor(low, step) - _BEYOND) * step
        self.bins = self.at(high) + 1 + _BEYOND
        return True


def _power(unit: int, power: int) -> float:
    return float(f"{unit}e{power}") if -320 < power < 308 else math.inf if power > 0 else 0.0


def _floor(value: float, step: float) -> int:
    """A value that is as good as on an edge is on it, as in SQL."""
    return math.floor(value / step + 1e-9)


def _least(column: Shared) -> float:
    """The unit of a column's values."""
    types = {column.before.type, column.after.type}
    if column.common.kind == "time":
        return _DAY if types == {"DATE"} else 1e-6
    return 0.0 if types & FLOATS else 10.0 ** -max(digits(kind)[1] for kind in types)


def of_changed(
    one: Row,
    all_of: Rows,
    at: At,
    columns: Sequence[Shared],
    rows: RowChanges,
    metrics: Sequence[Metric],
) -> tuple[Distribution, ...]:
    """Of the columns whose values differ, those that changed most first. No column may be personal."""
    differing = {metric.column: 0 for metric in metrics} | {column.column: column.changed for column in rows.columns}
    drawn = sorted((column for column in columns if column.name in differing), key=lambda column: -differing[column.name])
    numbers = [column for column in drawn if column.common.kind in ("number", "time")][:_DRAWN]
    words = [column for column in drawn if column.common.kind == "word" and not _is_of_many(column, metrics)][:_DRAWN]
    found = {counted.column: counted for counted in (of_numbers(one, all_of, at, numbers) if numbers else ())}
    counts = rows.before, rows.after
    found |= {column.name: counted for column in words if (counted := of_values(all_of, at, column, counts))}
    return tuple(found[column.name] for column in drawn if column.name in found)[:_DRAWN]


def _is_of_many(column: Shared, metrics: Sequence[Metric]) -> bool:
    """Whether a text has so many values that none of them is frequent."""
    figures = next((metric for metric in metrics if metric.column == column.name), None)
    sides = (figures.before, figures.after) if figures else ()
    return any(side is not None and (side.distinct or 0) > _MANY for side in sides)


def of_numbers(one: Row, all_of: Rows, at: At, columns: Sequence[Shared]) -> list[Distribution]:
    """The bins of numbers and times; a column without any finite value has none."""
    found = [column for column in _ranges(one, at, columns) if column.spread(column.low, column.high)]
    still = found
    for scan in range(_SCANS):
        if still:
            _count(all_of, at, still)
        still = _narrowed(one, at, [column for column in still if scan < _SCANS - 1 and _is_crowded(column)])
    return [_distribution(column) for column in found]


def _ranges(one: Row, at: At, columns: Sequence[Shared]) -> list[_Column]:
    """The columns that have a finite value, with the least and the largest."""
    every = [_Column(column, 0.0, 0.0) for column in columns]
    rows = _both(one, {side: f"select count(*), {', '.join(_range(c, side) for c in every)} from {at[side]}" for side in "ab"})
    found = []
    for n, column in enumerate(every):
        parts = [(row[0], *row[1 + 4 * n : 5 + 4 * n]) for row in rows]
        ends = [end for part in parts for end in part[3:] if end is not None]
        if ends and math.isfinite(max(ends) - min(ends)):
            nulls = tuple(part[0] - part[1] for part in parts)
            strange = tuple(part[1] - part[2] for part in parts)
            found.append(replace(column, low=min(ends), high=max(ends), nulls=nulls, not_finite=strange))
    return found


def _range(column: _Column, side: str) -> str:
    """Values, those that are finite, the least and the largest of these."""
    name, value = _named(column.column, side), column.value(side)
    own = column.column.before if side == "a" else column.column.after
    if own.kind == "number" and own.type not in FLOATS:  # DuckDB knows these without reading a row
        return f"count({name}), count({name}), cast(min({name}) as double), cast(max({name}) as double)"
    return f"count({name}), count({value}), min({value}), max({value})"


def _both(one: Row, queries: Mapping[str, str]) -> tuple[Sequence[Any], Sequence[Any]]:
    """The only row of a query on each side, in one statement."""
    row = one(f"select * from ({queries['a']}) a, ({queries['b']}) b")
    return row[: len(row) // 2], row[len(row) // 2 :]


def _named(column: Shared, side: str) -> str:
    return (column.before if side == "a" else column.after).sql()


def _count(all_of: Rows, at: At, columns: Sequence[_Column]) -> None:
    """Count each side's values by bin; -1 and the number of bins are below and above."""
    counted = [
        f"select {n} as n, {number} as side, bin, count(*) as times"
        f" from (select {_bin(column, 'v')} as bin from (select {column.value(side)} as v from {at[side]})"
        " where v is not null) group by bin"
        for n, column in enumerate(columns)
        for number, side in enumerate("ab")
    ]
    for column in columns:
        column.counts = [{}, {}]
    for n, side, bin, times in all_of(" union all ".join(counted)):
        columns[n].counts[side][bin] = times


def _bin(column: _Column, value: str) -> str:
    number = f"floor(({value} - {column.start!r}::double) / {column.step!r}::double + 1e-9)"
    return f"cast(greatest(-1, least({column.bins}, {number})) as smallint)"


def _window(column: _Column) -> tuple[int, int]:
    """The bins from which to which nearly all rows are."""
    rows = sum(sum(side.values()) for side in column.counts)
    sums, total = [], 0
    for bin in range(-1, column.bins + 1):
        total += column.both(bin)
        sums.append(total)
    first, last = bisect_left(sums, rows * _OUT) - 1, bisect_left(sums, rows * (1 - _OUT)) - 1
    return max(first, 0), min(max(last, 0), column.bins - 1)


def _is_crowded(column: _Column) -> bool:
    """Whether nearly all rows are in a few bins, of a column that could have finer ones."""
    first, last = _window(column)
    return last - first < _BARS // 2 and next(column.steps(column.step)) < column.step


def _narrowed(one: Row, at: At, columns: Sequence[_Column]) -> list[_Column]:
    """Those of crowded columns that have finer bins now, from the least to the largest value of nearly all rows."""
    if not columns:
        return []
    rows = _both(one, {side: f"select {', '.join(_inner(c, side) for c in columns)} from {at[side]}" for side in "ab"})
    found = []
    for n, column in enumerate(columns):
        ends = [end for row in rows for end in row[2 * n : 2 * n + 2] if end is not None]
        column.is_one_value = len(set(ends)) < 2
        if not column.is_one_value and column.spread(min(ends), max(ends)):
            found.append(column)
    return found


def _inner(column: _Column, side: str) -> str:
    """The least and the largest value in the bins that nearly all rows are in."""
    first, last = _window(column)
    value = column.value(side)
    within = f"filter ({_bin(column, value)} between {first} and {last})"
    return f"min({value}) {within}, max({value}) {within}"


def _distribution(column: _Column) -> Distribution:
    """Fine bins put together, and what is beyond them."""
    (first, last), every = _window(column), (column.at(column.low), column.at(column.high))
    if column.is_one_value or last - first + 1 > (every[1] - every[0] + 1) / 3:  # what is outside tells more, or is not far
        first, last = every
    wide = (last - first + 1) * column.step
    step = next(s for s in column.steps(wide) if wide / s <= _BARS and s >= column.step and _is_multiple(s, column.step))
    start, end = (_floor(column.edge(bin), step) for bin in (first, last))
    # Only fine bins were counted: a bin that is not all of them is not shown.
    start += column.both(-1) > 0 and start * step < column.start
    end -= column.both(column.bins) > 0 and (end + 1) * step > column.edge(column.bins)
    return Distribution(
        column.column.name,
        column.column.common.type,
        tuple(_bins(column, start, max(start, end), step)),
        nulls=column.nulls,
        not_finite=column.not_finite,
    )


def _bins(column: _Column, low: int, high: int, step: float) -> Iterator[Bin]:
    """Bins from `low` to `high` steps from zero; one below and one above, if something is there."""
    edges = [_edge(column, number * step, step) for number in range(low, high + 2)]
    sides = [[0] * (len(edges) + 1) for _ in column.counts]
    for side, counts in zip(sides, column.counts, strict=True):
        for bin, rows in counts.items():
            place = 0 if bin < 0 else len(edges) if bin >= column.bins else _floor(column.edge(bin), step) - low + 1
            side[min(max(place, 0), len(edges))] += rows
    for place, (before, after) in enumerate(zip(*sides, strict=True)):
        ends = edges[place - 1] if place else None, edges[place] if place < len(edges) else None
        if None not in ends or before or after:
            yield Bin(*ends, before, after)


def _is_multiple(step: float, of: float) -> bool:
    return abs(step / of - round(step / of)) < 1e-6


def _edge(column: _Column, edge: float, step: float) -> float | str:
    if not column.is_time:
        return float(f"{edge:.15g}")
    try:
        moment = datetime(1970, 1, 1) + timedelta(seconds=edge)  # noqa: DTZ001  # UTC, written without a zone
    except OverflowError:
        return f"year {1970 + edge / (365.2425 * _DAY):.0f}"
    return f"{moment:%Y-%m-%d}" if step >= _DAY else moment.isoformat(sep=" ")


def of_values(all_of: Rows, at: At, column: Shared, counts: tuple[int, int]) -> Distribution | None:
    """The top values of a text or flag; None if even those are rare. `counts` are the rows of each side."""
    sides = " union all ".join(
        f"select cast({_named(column, side)} as varchar) as v, '{side}' as s from {at[side]}" for side in "ab"
    )
    rows = all_of(
        "with g as (select v, count(*) filter (s = 'a') as a, count(*) filter (s = 'b') as b"
        f" from ({sides}) where v is not null group by v) select v, a, b, count(*) over (), sum(a) over (), sum(b) over ()"
        f" from g order by greatest(a, b) desc, v limit {_TOP}"
    )
    if not rows:
        return None
    tops = tuple(Top(value, before, after) for value, before, after, *_ in rows)
    several, *valued = rows[0][3:]
    if sum(top.before + top.after for top in tops) < _TELLING * sum(valued) or max(max(t.before, t.after) for t in tops) < 2:
        return None
    nulls = (counts[0] - int(valued[0]), counts[1] - int(valued[1]))
    return Distribution(column.name, column.common.type, values=tops, others=several - len(tops), nulls=nulls)
