"""Simulated series, judged by the engine as any other: what signals, and how soon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from sluice.charts import engine
from sluice.charts.settings import Settings

# Series that the engine judges at once; of more, one part after the other, so that memory stays the same.
PART = 5000
FIRST_DAY = "timestamp '2024-01-01'"  # a Monday
# From (generator, series, points) to values, and denominators or None.
Values = Callable[[Any, int, int], tuple[Any, Any]]


@dataclass(frozen=True)
class Case:
    """What is simulated: `points` values after the baseline. NaN is a missing day; `change` makes the values after it."""

    name: str
    points: int
    values: Values
    kind: str = "value"
    change: Callable[[Any], Any] | None = None
    season: int = 0  # points of a cycle: 7 weekdays, 24 hours
    times: int = 1  # as many series as others


@dataclass(frozen=True)
class Seen:
    """What became of a case at one level."""

    series: int
    found: int  # series with a signal within the points after the baseline
    lived: int  # points until the first signal, or to the end, over all series
    delay: float | None  # median points until the first signal, where there is one

    @property
    def share(self) -> float:
        """Share of the series with a signal."""
        return self.found / self.series

    @property
    def share_error(self) -> float:
        """Half of the 95 % interval of the share."""
        return float(1.96 * (max(self.share * (1 - self.share), 1 / self.series) / self.series) ** 0.5)


def normal(random: Any, series: int, points: int) -> tuple[Any, None]:
    """Independent standard normal values."""
    return random.standard_normal((series, points)), None


def run(
    cases: Sequence[Case], baseline: int, series: int, settings: Settings, *, least: int | None = None, seed: int = 1
) -> list[dict[str, Seen]]:
    """Judge `series` series of each case; what was seen of each after `baseline` points, at each level.

    Cases are judged together, because a step of the recursion costs as much for one series as for a thousand.
    """
    import numpy as np

    settings = replace(settings, least=least or baseline)
    random = np.random.default_rng([seed, baseline])
    firsts: dict[int, list[tuple[int, int]]] = {number: [] for number in range(len(cases))}
    parts = [
        (number, min(PART, series * case.times - start))
        for number, case in enumerate(cases)
        for start in range(0, series * case.times, PART)
    ]
    with duckdb.connect(config={"threads": 1}) as connection:
        while parts:
            batch = [parts.pop(0)]
            while parts and sum(count for _, count in batch) + parts[0][1] <= PART:
                batch.append(parts.pop(0))
            _empty(connection)
            for at, (number, count) in enumerate(batch):
                _fill(connection, f"{at}", cases[number], random, count, baseline)
            _judge(connection, settings)
            for at, (number, _) in enumerate(batch):
                firsts[number] += _firsts(connection, f"{at}", baseline, cases[number].points)
    return [
        {level: _seen([row[at] for row in firsts[number]], case.points) for at, level in enumerate(("look", "block"))}
        for number, case in enumerate(cases)
    ]


def rules(
    sets: dict[str, list[str]], baseline: int, points: int, series: int, settings: Settings, seed: int = 1
) -> dict[str, Seen]:
    """As `run` of independent values, for sets of named rules: which series break one of them, and when first."""
    import numpy as np

    settings = replace(settings, least=baseline, long=baseline + points + 1)
    random = np.random.default_rng([seed, baseline, points])
    with duckdb.connect(config={"threads": 1}) as connection:
        _empty(connection)
        _fill(connection, "0", Case("", points, normal), random, series, baseline)
        engine.judge(connection, settings)
        found = {name: connection.execute(
            "select coalesce(min(position) filter (list_has_any(rules, $rules) and baseline >= $baseline) - $baseline, "
            "$points + 1) from chart group by metric", {"rules": members, "baseline": baseline, "points": points},
        ).fetchall() for name, members in sets.items()}  # fmt: skip
    return {name: _seen([row[0] for row in rows], points) for name, rows in found.items()}


def long(values: Values, series: int, points: int, settings: Settings, seed: int = 1) -> tuple[int, list[int]]:
    """Long series in which nothing changes: how many points were judged, and the spans of signals at each level.

    A point is five minutes, so that hours of the day are looked for.
    """
    import numpy as np

    random = np.random.default_rng([seed, points])
    with duckdb.connect(config={"threads": 1}) as connection:
        _empty(connection)
        _fill(connection, "0", Case("", points, values), random, series, 0)
        connection.execute(f"update series set measured_at = {FIRST_DAY} + to_minutes(5 * day::integer)")
        connection.execute("update series set season = hour(measured_at)")
        connection.execute("alter table series add column label varchar; update series set label = day::varchar")
        engine.judge(connection, settings)
        judged = connection.execute("select count(z) from chart").fetchall()[0][0]
        spans = engine.text("spans", settings, chart="chart", series="series")
        levels = [row[0] for row in connection.execute(f"select level from ({spans})").fetchall()]
    return judged, [sum(level >= least for level in levels) for least in (1, 2)]


def _empty(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace temp table series (metric varchar, kind varchar, measured_at timestamp, value double, "
        "denominator double, season integer, phase integer, day integer)"
    )


def _fill(connection: duckdb.DuckDBPyConnection, name: str, case: Case, random: Any, series: int, baseline: int) -> None:
    import numpy as np
    import pyarrow as pa

    values, denominators = case.values(random, series, baseline + case.points)
    if case.change is not None:
        values[:, baseline:] = case.change(values[:, baseline:])
    length = values.shape[1]
    simulated = pa.table(
        {
            "metric": np.repeat(np.arange(series), length),
            "day": np.tile(np.arange(length), series),
            "value": values.ravel(),
            "denominator": (np.ones_like(values) if denominators is None else denominators).ravel(),
        }
    )
    connection.register("simulated", simulated)
    season = f"day % {case.season}" if case.season else "null"
    connection.execute(
        f"insert into series select '{name}-' || metric as metric, '{case.kind}' as kind, "
        f"{FIRST_DAY} + to_days(day::integer) as measured_at, value, denominator::double as denominator, "
        f"{season}::integer as season, 0 as phase, day from simulated where not isnan(value)"
    )


def _judge(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    connection.execute(f"create or replace temp table points as {engine.text('points', settings, series='series')}")
    connection.execute(f"create or replace temp table judged as {engine.text('judge', settings, points='points')}")


def _firsts(connection: duckdb.DuckDBPyConnection, name: str, baseline: int, points: int) -> list[tuple[int, int]]:
    """Of each series the points until it first signals at each level; one more than all where it does not."""
    return connection.execute(
        "select coalesce(min(day) filter (level >= 1 and day >= $baseline) - $baseline + 1, $points + 1), "
        "coalesce(min(day) filter (level >= 2 and day >= $baseline) - $baseline + 1, $points + 1) "
        "from judged where metric[: instr(metric, '-') - 1] = $name group by metric",
        {"baseline": baseline, "points": points, "name": name},
    ).fetchall()


def _seen(firsts: list[int], points: int) -> Seen:
    from statistics import median

    found = [first for first in firsts if first <= points]
    return Seen(len(firsts), len(found), sum(min(first, points) for first in firsts), median(found) if found else None)
