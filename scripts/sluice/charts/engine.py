"""Runs the SQL of the charts over a table of series."""

from __future__ import annotations

from importlib.resources import files
from string import Template

import duckdb

from sluice.charts.settings import Settings

COLUMNS = "metric, kind, measured_at, value, denominator, season, phase"
VERDICT = "metric, kind, measured_at, phase, value, denominator, baseline::integer, z, level"
# Points that are judged at once; of more, one lot after the other, so that memory stays the same: about 700 MiB. Each lot takes
# a step for each point of its longest series, so a few lots are cheaper than many. A point of a long series is in the baselines
# of about nine parts.
AT_ONCE, LONG_AT_ONCE = 1_000_000, 100_000


def text(name: str, settings: Settings, **relations: str) -> str:
    """One of the SQL texts of charts/sql with its parameters filled in; `relations` are the tables that it reads."""
    source = files("sluice.charts").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return Template(source).substitute(settings.parameters(), **relations)


def judge(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    series: str = "series",
    chart: str = "chart",
    *,
    verdicts: str | None = None,
    only: str | None = None,
) -> None:
    """Judge every point of the table `series` (COLUMNS) by the points before it, into the table `chart`.

    `chart` has one row per point: the value, centre and limits, the deviate z, its weighted mean, the rules that it breaks
    and the level (0 none, 1 to look at, 2 blocks). Points before the shortest baseline are not judged: z is null.

    `verdicts` is a table to which the VERDICT of each point is appended, and `only` a query on the table `judged` for the
    metrics that get a chart: limits and rules cost a quarter of the whole, and few series of many signal.
    """
    judged = "judged" if only is None else f"(select * from judged where metric in ({only}))"
    is_first = True
    for number, is_long in _lots(connection, settings, series):
        of_lot = f"select {series}.* from {series} inner join lots using (metric, phase) where lot = {number}"
        _make(connection, "lot_series", of_lot)
        _make(connection, "points", text("points", settings, series="lot_series"))
        _make(connection, "judged", text("judge_long" if is_long else "judge", settings, points="points"))
        if verdicts:
            connection.execute(f"insert into {verdicts} select {VERDICT} from judged")
        charted = text("chart", settings, judged=judged)
        if is_first:
            _make(connection, chart, charted)
        else:
            connection.execute(f"insert into {chart} {charted}")
        is_first = False
    for table in ("lots", "lot_series", "points", "judged"):
        connection.execute(f"drop table {table}")


def _make(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    connection.execute(f"create or replace temp table {table} as {query}")


def _lots(connection: duckdb.DuckDBPyConnection, settings: Settings, series: str) -> list[tuple[int, bool]]:
    """Divide the series into lots of about AT_ONCE or LONG_AT_ONCE points, as the table `lots`. Long series are judged apart."""
    _make(
        connection,
        "lots",
        f"""
        select
            metric, phase, is_long,
            dense_rank() over (order by is_long, so_far // if(is_long, {LONG_AT_ONCE}, {AT_ONCE})) as lot
        from (
            select *, sum(points) over (partition by is_long order by metric, phase) as so_far
            from (
                select metric, phase, count(*) as points, count(*) >= {settings.long} as is_long
                from {series}
                group by all
            )
        )
    """,
    )
    return connection.execute("select distinct lot, is_long from lots order by lot").fetchall()


def textbook(connection: duckdb.DuckDBPyConnection, settings: Settings, series: str = "series") -> duckdb.DuckDBPyConnection:
    """The classical chart of `series`, which also has is_in_baseline: limits at three sigma from the points so marked."""
    return connection.execute(text("textbook", settings, series=series))


def by_the_book(connection: duckdb.DuckDBPyConnection, settings: Settings, baseline: int) -> None:
    """The classical chart of `series`, with limits from the first `baseline` points of each phase, as the table `chart`."""
    connection.execute(
        "create or replace temp table marked as select *, "
        f"row_number() over (partition by metric, phase order by measured_at) <= {int(baseline)} as is_in_baseline from series"
    )
    connection.execute(f"""
        create or replace temp table chart as
        select
            metric, kind, measured_at, phase, 0 as settled, {int(baseline)} as baseline, plotted, centre,
            lower as look_lower, upper as look_upper, null::double as block_lower, null::double as block_upper,
            row_number() over (partition by metric, phase order by measured_at) as position,
            z, 0::double as ewma, is_signal::integer as level, sign(z)::integer as side, abs(z) as strength,
            if(is_signal, ['point'], []::varchar[]) as rules, false as has_season, 0::double as phi, false as is_dispersed
        from ({text("textbook", settings, series="marked")})
        where plotted is not null
    """)
