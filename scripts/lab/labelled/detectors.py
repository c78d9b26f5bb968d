"""The detectors that are compared: each makes events of the table `series`."""

from __future__ import annotations

import duckdb

from lab.labelled.score import Event
from sluice.charts import engine
from sluice.charts.settings import Settings

QUIET = Settings().quiet


def ours(connection: duckdb.DuckDBPyConnection, level: int) -> list[Event]:
    """The signals of `sluice chart` at this level or above. The table `chart` must be there."""
    spans = engine.text("spans", Settings(), chart="chart", series="series")
    return connection.execute(f"""
        select spans.metric, series.measured_at, spans.strength
        from ({spans}) as spans
        inner join series on series.metric = spans.metric and series.label = spans.at
        where spans.level >= {int(level)}
    """).fetchall()


def z_score(connection: duckdb.DuckDBPyConnection, points: int) -> list[Event]:
    """Three standard deviations from the mean of the last points, the point under test left out."""
    return _beyond(connection, f"rows between {int(points)} preceding and 1 preceding", least=int(points))


def elementary(connection: duckdb.DuckDBPyConnection) -> list[Event]:
    """Elementary's default: as z_score of 14 points, the point under test among them; at least seven."""
    return _beyond(connection, "rows between 13 preceding and current row", least=7)


def _beyond(connection: duckdb.DuckDBPyConnection, frame: str, *, least: int) -> list[Event]:
    """Runs of points beyond three deviations, folded as the spans of `sluice chart` are."""
    return connection.execute(f"""
        with judged as (
            select
                metric, measured_at, row_number() over (partition by metric order by measured_at) as position,
                abs(value - avg(value) over past) / nullif(stddev_samp(value) over past, 0) as strength, count(*) over past as n
            from series
            window past as (partition by metric order by measured_at {frame})
        ),
        beyond as (
            select *, position - lag(position) over (partition by metric order by position) > {QUIET + 1} as is_start
            from judged
            where strength > 3 and n >= {least}
        ),
        numbered as (
            select *, count(*) filter (coalesce(is_start, true)) over (partition by metric order by position) as span
            from beyond
        )
        select metric, min(measured_at), max(strength) from numbered group by metric, span
    """).fetchall()
