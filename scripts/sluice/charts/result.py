"""A chart as data: its points, its signals, and what the chart assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

import duckdb

from sluice.charts import engine
from sluice.charts.settings import Settings
from sluice.core import text

LEVELS = ("", "look", "block")
T = TypeVar("T")


@dataclass(frozen=True)
class Point:
    """One value and how it was judged. Limits and z are None where the baseline is too short."""

    label: str
    measured_at: datetime
    phase: int
    baseline: int
    value: float
    centre: float | None
    look_lower: float | None
    look_upper: float | None
    block_lower: float | None
    block_upper: float | None
    z: float | None
    mean_z: float
    level: str
    side: int
    strength: float | None
    rules: list[str]


@dataclass(frozen=True)
class Signal:
    """Points that signal one soon after the other: from the first to the last, and what the strongest of them is.

    `since` is when the series is likely to have changed. Of a chart for one direction, the other limit is None.
    """

    at: str
    until: str
    points: int
    level: str
    strength: float
    direction: str
    strongest_at: str
    value: float
    expected: float
    lower: float | None
    upper: float | None
    rules: list[str]
    since: str


def expected(signal: Signal) -> str:
    """What was expected of its strongest point, in words."""
    lower, upper = (None if edge is None else text.number(float(f"{edge:.4g}")) for edge in (signal.lower, signal.upper))
    if lower is None or upper is None:
        return f"at least {lower}" if upper is None else f"at most {upper}"
    return f"{lower} to {upper}"


@dataclass(frozen=True)
class Chart:
    """A series and its signals. The last three say what its baseline was found to have when its last point was judged.

    `points` is empty unless they were asked for; `size` counts them, and `judged` those with a baseline long enough.
    """

    metric: str
    kind: str
    points: list[Point]
    signals: list[Signal]
    size: int
    judged: int
    has_season: bool
    correlation: float
    is_dispersed: bool


def charts(connection: duckdb.DuckDBPyConnection, settings: Settings, *, every_point: bool = True) -> list[Chart]:
    """The charts in the table `chart` of the table `series`, in the order of their names."""
    points = _by_metric(connection, _POINTS, _point) if every_point else {}
    signals = _by_metric(connection, engine.text("spans", settings, chart="chart", series="series"), _signal)
    found = connection.execute("""
        select
            metric, any_value(kind), count(*), count(z), arg_max(has_season, measured_at), arg_max(phi, measured_at),
            arg_max(is_dispersed, measured_at)
        from chart
        group by metric
        order by metric
    """).fetchall()
    return [
        Chart(metric, kind, points.get(metric, []), signals.get(metric, []), size, judged, has_season, phi, is_dispersed)
        for metric, kind, size, judged, has_season, phi, is_dispersed in found
    ]


def _by_metric(connection: duckdb.DuckDBPyConnection, query: str, make: Callable[..., T]) -> dict[str, list[T]]:
    """What `make` makes of the rows of a query, by their first column."""
    found: dict[str, list[T]] = {}
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(10_000):
        for metric, *row in rows:
            found.setdefault(metric, []).append(make(*row))
    return found


_POINTS = """
    select
        chart.metric, series.label, chart.measured_at, chart.phase + chart.settled, chart.baseline, chart.plotted, chart.centre,
        chart.look_lower, chart.look_upper, chart.block_lower, chart.block_upper, chart.z, chart.ewma, chart.level, chart.side,
        chart.strength, chart.rules
    from chart
    inner join series using (metric, measured_at)
    order by chart.metric, chart.measured_at
"""


def _point(*row: Any) -> Point:
    found = dict(zip((field.name for field in fields(Point)), row, strict=True))
    found["level"] = LEVELS[found["level"]]
    if found["z"] is None:
        found |= dict.fromkeys(("centre", "look_lower", "look_upper", "block_lower", "block_upper", "strength"))
    return Point(**found)


def _signal(*row: Any) -> Signal:
    at, until, points, level, strength, side, *more = row
    direction = "up" if side > 0 else "down"
    return Signal(at, until, points, LEVELS[level], round(strength, 3), direction, *more)
