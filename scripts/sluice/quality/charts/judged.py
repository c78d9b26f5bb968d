"""Judges the series of a warehouse file, all at once, and tells which points are new since the release that it follows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from sluice.charts import engine, result
from sluice.charts.result import Chart
from sluice.charts.settings import Settings
from sluice.core.duck import MEMORY_LIMIT, connect, literal, unreadable
from sluice.quality.charts import runs
from sluice.quality.charts.declared import FollowedModel
from sluice.quality.charts.measured import measure
from sluice.quality.charts.result import ChartFindings, SeriesResult, Signal

PICTURES = 20  # charts that are drawn, of series that fail first
_HURTS = "level = 2 and (direction = 'both' or (direction = 'up') = (z > 0))"
# From here on a series is known by its number, in the order of the names: joins and sorts of hundreds of thousands of points
# by a long text cost more than all but their judgement.
_NUMBERED = """
create or replace temp table numbered as
select row_number() over (order by metric)::integer as metric, metric as name, * exclude (metric) from followed;
create or replace temp table numbered_points as
select numbered.metric, points.* exclude (metric) from measured_points as points inner join numbered on name = points.metric;
drop table measured_points;
create or replace temp table numbered_phases as
select numbered.metric, list(since) as since from phases inner join numbered on name = phases.metric group by numbered.metric
"""
_TABLES = """
create or replace temp table verdicts (
    metric integer, kind varchar, measured_at timestamp, phase integer, value double, denominator double, baseline integer,
    z double, level integer
);
create or replace temp table charted (
    metric integer, measured_at timestamp, plotted double, centre double, look_lower double, look_upper double, z double,
    level integer, strength double, rules varchar[]
)
"""
_CHARTED = "metric, measured_at, plotted, centre, look_lower, look_upper, z, level, strength, rules"
# The charts that are made: of series with a new point that signals.
_ONLY = "select metric from judged inner join news using (metric, measured_at) where level > 0"
_NOTHING_KNOWN = "(select null::varchar as metric, kind, measured_at, value, denominator from numbered_points where false)"


@dataclass(frozen=True)
class Wish:
    """What to judge: the series of `models` in a warehouse `file`, as of the day `today`, with the `phases` that are known.

    `known` has the points of the release before; `keep` is the file that gets those of this one. `runs` is a query for series
    that have a point for each run, and `owners` has the owners of relations.
    """

    file: Path
    models: Sequence[FollowedModel]
    today: date
    known: Path | None = None
    phases: Sequence[tuple[str, datetime]] = field(default=())
    keep: Path | None = None
    runs: str = ""
    owners: Mapping[str, str | None] = field(default_factory=dict)
    memory_limit: str = MEMORY_LIMIT


def judge(wish: Wish) -> ChartFindings:
    """Measure and judge. The file is only read. Raises SluiceError where something cannot be measured."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sluice-charts-") as spill:
        try:
            opened = connect(
                str(wish.file),
                read_only=True,
                extensions=["delta"] if "delta_scan" in wish.runs else (),
                memory_limit=wish.memory_limit,
                temp_directory=Path(spill),
            )
        except duckdb.IOException as error:
            raise unreadable(error, wish.file) from error
        with opened as connection:
            connection.execute("set preserve_insertion_order = false")
            notes = measure(connection, wish.models, wish.today)
            notes += _with_runs(connection, wish)
            if wish.phases:
                connection.executemany("insert into phases values (?, ?)", [list(phase) for phase in wish.phases])
            connection.execute(_NUMBERED + ";" + _TABLES)
            _compare(connection, wish.known)
            pictures = _judge(connection)
            found = tuple(_series(connection))
            signals = _signals(connection)
            if wish.keep:
                _keep(connection, wish.keep)
    return ChartFindings(found, tuple(notes), round(time.monotonic() - started, 3), pictures, signals, wish.keep)


def _with_runs(connection: duckdb.DuckDBPyConnection, wish: Wish) -> list[str]:
    """Add the series of runs. A history that cannot be read is a note: what was built can be judged without."""
    if not wish.runs:
        return []
    try:
        runs.add(connection, wish.runs, wish.owners)
    except duckdb.Error as error:
        return [f"the series of runs could not be read from the history: {str(error).splitlines()[0]}"]
    return []


def _compare(connection: duckdb.DuckDBPyConnection, known: Path | None) -> None:
    """The table `news`: the points that are new, or have another value than in the release before.

    Of a series that is not known, or of whose known points more than half have changed, it is the last `new_points`: it is
    another series than it was.
    """
    source = f"read_parquet({literal(str(known))})" if known else _NOTHING_KNOWN
    most = connection.execute("select coalesce(max(new_points), 1) from numbered").fetchone() or (1,)
    connection.execute(f"""
        create or replace temp table news as
        with known as (
            select numbered.metric, points.measured_at, points.value, points.denominator,
                if(points.kind in ('p', 'u'), points.value / points.denominator, points.value) as plotted
            from {source} as points inner join numbered on name = points.metric
        ),
        compared as (
            select points.metric, points.measured_at, known.plotted as before, known.metric is not null as is_known,
                known.metric is null or not {_same("value")} or not {_same("denominator")} as is_changed
            from numbered_points as points left join known using (metric, measured_at)
        ),
        series as (
            select
                metric, count(*) filter (is_known) as known_points, count(*) filter (is_known and is_changed) as changed_points,
                max(measured_at, {most[0]}) as newest
            from compared group by metric
        )
        select metric, measured_at, before
        from compared inner join series using (metric) inner join numbered using (metric)
        where if(
            known_points = 0 or changed_points * 2 > known_points,
            measured_at >= newest[least(new_points, len(newest))], is_changed
        )
    """)


def _same(name: str) -> str:
    """Whether two figures are the same; sums of the same numbers may differ in their last digits."""
    now, then = f"coalesce(points.{name}, 0)", f"coalesce(known.{name}, 0)"
    return f"abs({now} - {then}) <= 1e-9 * greatest(abs({now}), abs({then}))"


def _judge(connection: duckdb.DuckDBPyConnection) -> dict[str, Chart]:
    """Fill the tables `verdicts` and `charted`; give the charts of series with new points that signal."""
    pictures: dict[str, Chart] = {}
    memories = connection.execute("select distinct memory from numbered order by memory").fetchall()
    connection.execute("set threads = 1")  # a step of the recursion is too small to be shared
    for (memory,) in memories:
        _load(connection, memory)
        settings = Settings(memory=float(memory)) if memory else Settings()
        engine.judge(connection, settings, verdicts="verdicts", only=_ONLY)
        connection.execute(f"insert into charted select {_CHARTED} from chart")
        pictures |= _pictures(connection, settings, PICTURES - len(pictures))
    connection.execute("reset threads")
    return pictures


def _load(connection: duckdb.DuckDBPyConnection, memory: int | None) -> None:
    connection.execute(f"""
        create or replace temp table series as
        select points.*,
            coalesce(len(list_filter(phases.since, lambda since: since <= points.measured_at)), 0)::integer as phase
        from numbered_points as points
        inner join numbered using (metric)
        left join numbered_phases as phases using (metric)
        where numbered.memory is not distinct from {literal(memory)}
    """)


def _pictures(connection: duckdb.DuckDBPyConnection, settings: Settings, room: int) -> dict[str, Chart]:
    """The charts of the series in the table `chart` that are to be seen, the most severe first."""
    connection.execute(f"""
        create or replace temp table seen as
        select metric, any_value(name) as name
        from chart inner join news using (metric, measured_at) inner join numbered using (metric)
        where level > 0
        group by metric
        order by bool_or({_HURTS}) desc, bool_or(severity = 'error') desc, max(strength) desc, metric
        limit {max(0, room)}
    """)
    connection.execute("""
        create or replace temp table chart as
        select seen.name as metric, chart.* exclude (metric) from chart inner join seen using (metric);
        create or replace temp table series as
        select seen.name as metric, measured_at,
            if(measured_at = date_trunc('day', measured_at), measured_at::date::varchar, left(measured_at::varchar, 16)) as label
        from series inner join seen using (metric)
    """)
    return {chart.metric: chart for chart in result.charts(connection, settings)}


_SIGNAL = f"""{{
    'at': measured_at, 'level': if(level = 2, 'block', 'look'), 'hurts': {_HURTS}, 'is_new': true, 'value': plotted,
    'usual': centre, 'lower': look_lower, 'upper': look_upper, 'strength': strength, 'rules': rules, 'before': before
}}"""


def _series(connection: duckdb.DuckDBPyConnection) -> Iterator[SeriesResult]:
    """How each series did: its counts, and of those with a chart the strongest new point that signals."""
    found = connection.execute(f"""
        with counts as (select metric, count(z) as judged, count(*) as points from verdicts group by metric),
        fresh as (select metric, count(*) as news from news group by metric),
        signals as (
            select metric, count(*) as signalled, bool_or({_HURTS}) as hurts, min(measured_at) filter ({_HURTS}) as since,
                arg_max({_SIGNAL}, (({_HURTS})::integer * 1000 + least(strength, 999), measured_at)) as worst
            from charted inner join news using (metric, measured_at) inner join numbered using (metric)
            where level > 0
            group by metric
        )
        select name, relation, model, measure, dimension, kind, severity, direction, owner,
            case when hurts then if(severity = 'error', 'fail', 'warn') when judged > 0 then 'pass' else 'not_run' end,
            coalesce(points, 0), coalesce(news, 0), coalesce(signalled, 0), worst, since
        from numbered left join counts using (metric) left join fresh using (metric) left join signals using (metric)
        order by metric
    """).fetchall()
    for *names, points, new, signalled, worst, since in found:
        remark = "" if names[-1] != "not_run" else f"it has {points} points, and none with {Settings().least} before it"
        seen = _signal(worst) if worst else None
        yield SeriesResult(*names, points, new, signalled, seen, since, remark)  # type: ignore[call-arg]  # names are nine and a status


def _signals(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[Signal, ...]]:
    """The new points that signal."""
    found = connection.execute(f"""
        select name, list({_SIGNAL} order by measured_at)
        from charted inner join news using (metric, measured_at) inner join numbered using (metric)
        where level > 0
        group by name order by name
    """).fetchall()
    return {metric: tuple(_signal(one) for one in ones) for metric, ones in found}


def _signal(found: dict[str, Any]) -> Signal:
    return Signal(**{**found, "rules": tuple(found["rules"])})


def _keep(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    connection.execute(f"""
        copy (
            select name as metric, verdicts.* exclude (metric), news.metric is not null as is_new
            from verdicts inner join numbered using (metric) left join news using (metric, measured_at)
            order by verdicts.metric, measured_at
        ) to {literal(str(fresh))} (format parquet, compression zstd)
    """)
    fresh.replace(file)
