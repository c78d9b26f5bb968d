"""A chart as data: its points, its signals, and what the chart assumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

LEVELS = ("", "look", "block")


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
    """A point that signals: when, how much, what was expected, and since when the series is likely to have changed."""

    at: str
    level: str
    strength: float
    direction: str
    value: float
    expected: float
    lower: float
    upper: float
    rules: list[str]
    since: str


@dataclass(frozen=True)
class Chart:
    """All points of a series. The last three say what its baseline was found to have when its last point was judged."""

    metric: str
    kind: str
    points: list[Point]
    has_season: bool
    correlation: float
    is_dispersed: bool

    @property
    def judged(self) -> int:
        """Points with a baseline long enough."""
        return sum(point.z is not None for point in self.points)

    @property
    def signals(self) -> list[Signal]:
        """The points that signal, in order of time."""
        return [_signal(point, self.points[: at + 1]) for at, point in enumerate(self.points) if point.level]


def _signal(point: Point, until: list[Point]) -> Signal:
    """What a signal says. Its change began where the weighted mean last left the other side, or with the point itself."""
    since = point
    for earlier in reversed(until if "ewma" in point.rules else []):
        if earlier.z is None or earlier.mean_z * point.mean_z <= 0 or earlier.phase != point.phase:
            break
        since = earlier
    assert point.strength is not None
    assert point.centre is not None
    assert point.look_lower is not None
    assert point.look_upper is not None
    direction = "up" if point.side > 0 else "down"
    return Signal(
        point.label,
        point.level,
        round(point.strength, 3),
        direction,
        point.value,
        point.centre,
        point.look_lower,
        point.look_upper,
        point.rules,
        since.label,
    )


def charts(connection: duckdb.DuckDBPyConnection) -> list[Chart]:
    """The charts in the table `chart`, in the order of their names."""
    found = connection.execute("""
        select
            chart.metric, chart.kind, series.label, chart.measured_at, chart.phase + chart.settled, chart.baseline, chart.plotted,
            chart.centre, chart.look_lower, chart.look_upper, chart.block_lower, chart.block_upper, chart.z, chart.ewma,
            chart.level, chart.side, chart.strength, chart.rules, chart.has_season, chart.phi, chart.is_dispersed
        from chart
        inner join series using (metric, measured_at)
        order by chart.metric, chart.measured_at
    """).fetchall()
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for row in found:
        rows.setdefault(row[0], []).append(row)
    return [_chart(metric, of_metric) for metric, of_metric in rows.items()]


def _chart(metric: str, rows: list[tuple[Any, ...]]) -> Chart:
    points = [_point(row[2:18]) for row in rows]
    has_season, phi, is_dispersed = rows[-1][18:21]
    return Chart(metric, rows[0][1], points, bool(has_season), float(phi), bool(is_dispersed))


def _point(row: tuple[Any, ...]) -> Point:
    label, measured_at, phase, baseline, value, *edges, z, mean_z, level, side, strength, rules = row
    centre, look_lower, look_upper, block_lower, block_upper = edges if z is not None else [None] * 5
    return Point(
        label,
        measured_at,
        phase,
        baseline,
        value,
        centre,
        look_lower,
        look_upper,
        block_lower,
        block_upper,
        z,
        mean_z,
        LEVELS[level],
        side,
        strength if z is not None else None,
        rules,
    )
