"""The detectors that are compared: each gives the points of the table `series` a strength, and makes events of them."""

from __future__ import annotations

import duckdb

from lab.labelled.score import Event
from sluice.charts import engine
from sluice.charts.settings import Settings

QUIET = Settings().quiet
OURS = "select metric, measured_at, strength from chart"


def ours(connection: duckdb.DuckDBPyConnection, level: int) -> list[Event]:
    """The signals of `sluice chart` at this level or above. The table `chart` must be there."""
    spans = engine.text("spans", Settings(), chart="chart", series="series")
    return connection.execute(f"""
        select spans.metric, series.measured_at, spans.strength
        from ({spans}) as spans
        inner join series on series.metric = spans.metric and series.label = spans.at
        where spans.level >= {int(level)}
    """).fetchall()


def z_score(points: int) -> str:
    """Deviations from the mean of the last points, the point under test left out."""
    return _deviation(f"rows between {int(points)} preceding and 1 preceding", least=int(points))


def elementary() -> str:
    """Elementary's default: as z_score of 14 points, the point under test among them; at least seven."""
    return _deviation("rows between 13 preceding and current row", least=7)


def _deviation(frame: str, *, least: int) -> str:
    return f"""
        select
            metric, measured_at,
            if(
                count(*) over past >= {least},
                coalesce(abs(value - avg(value) over past) / nullif(stddev_samp(value) over past, 0), 0), 0
            ) as strength
        from series
        window past as (partition by metric order by measured_at {frame})
    """


def beyond(connection: duckdb.DuckDBPyConnection, points: str) -> list[Event]:
    """Runs of points beyond three deviations, folded as the spans of `sluice chart` are."""
    return connection.execute(f"""
        with numbered as (
            select *, row_number() over (partition by metric order by measured_at) as position from ({points})
        ),
        beyond as (
            select *, position - lag(position) over (partition by metric order by position) > {QUIET + 1} as is_start
            from numbered
            where strength > 3
        ),
        spans as (
            select *, count(*) filter (coalesce(is_start, true)) over (partition by metric order by position) as span
            from beyond
        )
        select metric, min(measured_at), max(strength) from spans group by metric, span
    """).fetchall()
