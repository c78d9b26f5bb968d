"""Simulated series, judged by the engine as any other: what signals, and how soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from sluice.charts import engine
from sluice.charts.settings import Settings

# Series that the engine judges at once; of more, one part after the other, so that memory stays the same.
PART = 1000
FIRST_DAY = "timestamp '2024-01-01'"  # a Monday
# From (generator, series, points) to values, and denominators or None.
Values = Callable[[Any, int, int], tuple[Any, Any]]


@dataclass(frozen=True)
class Case:
    """What is simulated: values in order of time. NaN is a missing day; `change` is added to the values from `baseline` on."""

    name: str
    values: Values
    kind: str = "value"
    change: Callable[[Any], Any] | None = None  # from the number of points since the change (1, 2, ...) to what it adds
    has_weekday: bool = False


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


def run(case: Case, baseline: int, points: int, series: int, settings: Settings, seed: int = 1) -> dict[str, Seen]:
    """Judge `series` series of a case from `baseline` points on, for `points` points; what was seen at each level."""
    import numpy as np

    settings = replace(settings, least=baseline)
    random = np.random.default_rng([seed, baseline, points])
    seen: list[tuple[int, int, int]] = []
    with duckdb.connect(config={"threads": 1}) as connection:
        for start in range(0, series, PART):
            _fill(connection, case, random, min(PART, series - start), baseline, points)
            seen += _firsts(connection, settings, baseline, points)
    return {level: _seen([row[at] for row in seen], points) for at, level in enumerate(("look", "block"))}


def rules(sets: dict[str, list[str]], baseline: int, points: int, series: int, settings: Settings, seed: int = 1) -> dict[str, Seen]:
    """As `run` of independent values, for sets of named rules: which series break one of them, and when first."""
    import numpy as np

    settings = replace(settings, least=baseline)
    random = np.random.default_rng([seed, baseline, points])
    firsts: dict[str, list[int]] = {name: [] for name in sets}
    with duckdb.connect(config={"threads": 1}) as connection:
        for start in range(0, series, PART):
            count = min(PART, series - start)
            _fill(connection, Case("", normal), random, count, baseline, points)
            engine.judge(connection, settings)
            for name, members in sets.items():
                firsts[name] += [row[0] for row in connection.execute(
                    "select coalesce(min(position) filter (list_has_any(rules, $rules)) - $baseline, $points + 1) from chart "
                    "group by metric", {"rules": members, "baseline": baseline, "points": points},
                ).fetchall()]  # fmt: skip
    return {name: _seen(found, points) for name, found in firsts.items()}


def _fill(connection: duckdb.DuckDBPyConnection, case: Case, random: Any, series: int, baseline: int, points: int) -> None:
    import numpy as np
    import pyarrow as pa

    values, denominators = case.values(random, series, baseline + points)
    if case.change is not None:
        values[:, baseline:] = case.change(values[:, baseline:])
    length = values.shape[1]
    simulated = pa.table({
        "metric": np.repeat(np.arange(series), length),
        "day": np.tile(np.arange(length), series),
        "value": values.ravel(),
        "denominator": (np.ones_like(values) if denominators is None else denominators).ravel(),
    })
    connection.register("simulated", simulated)
    season = "day % 7" if case.has_weekday else "null"
    connection.execute(
        f"create or replace temp table series as select metric::varchar as metric, '{case.kind}' as kind, "
        f"{FIRST_DAY} + to_days(day::integer) as measured_at, value, denominator::double as denominator, "
        f"{season}::integer as season, 0 as phase, day from simulated where not isnan(value)"
    )


def _firsts(connection: duckdb.DuckDBPyConnection, settings: Settings, baseline: int, points: int) -> list[tuple[int, int, int]]:
    """Of each series the points until it first signals at each level; one more than all where it does not."""
    connection.execute(f"create or replace temp table points as {engine.text('points', settings, series='series')}")
    connection.execute(f"create or replace temp table judged as {engine.text('judge', settings, points='points')}")
    return connection.execute(
        "select coalesce(min(day) filter (level >= 1) - $baseline + 1, $points + 1), "
        "coalesce(min(day) filter (level >= 2) - $baseline + 1, $points + 1) from judged where day >= $baseline group by metric",
        {"baseline": baseline, "points": points},
    ).fetchall()


def _seen(firsts: list[int], points: int) -> Seen:
    from statistics import median

    found = [first for first in firsts if first <= points]
    return Seen(len(firsts), len(found), sum(min(first, points) for first in firsts), median(found) if found else None)
