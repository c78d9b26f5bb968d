"""Judges the whole history of a shop that has been built, as its audits would have day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from sluice.core.dbt import artifact
from sluice.core.duck import connect, literal
from sluice.core.errors import SluiceError
from sluice.quality.charts.declared import FollowedModel, declared
from sluice.quality.charts.judged import Wish, judge
from sluice.quality.charts.result import ChartFindings

DAYS, LAST = 500, date(2999, 12, 31)  # longer than each of the histories, and behind the end of all
# Series of all sources together repeat those of each; a series that never varies raises no alarm and proves nothing.
_SERIES = """
    create temp table series as
    select metric, severity, count(distinct coalesce(value / denominator, value)) > 1 as varies
    from points inner join followed using (metric)
    where metric like '%{%'
    group by all
"""
# Days in a row, of those that the series has, are one alarm. Its worst day speaks for it.
_ALARMS = """
    with positions as (
        select *, row_number() over (partition by metric order by measured_at) as position
        from points inner join series using (metric)
    ),
    hurting as (
        select *, position - row_number() over (partition by metric order by measured_at) as alarm
        from positions inner join signals using (metric, measured_at)
        where hurts
    )
    select
        metric, any_value(severity), min(measured_at)::date, max(measured_at)::date, count(*),
        arg_max(measured_at, strength)::date, arg_max(shown, strength), arg_max(usual, strength), max(strength)
    from hurting group by metric, alarm order by min(measured_at), metric
"""
_JUDGED = """
    select severity, count(distinct metric), count(z), count(*) filter (level > 0), count(*) filter (coalesce(hurts, false))
    from points inner join series using (metric) left join signals using (metric, measured_at)
    where varies
    group by severity order by severity
"""


@dataclass(frozen=True)
class Alarm:
    """Days in a row on which a series was beyond the blocking limit in a direction that hurts; `worst` is one of them."""

    metric: str
    severity: str
    first: date
    last: date
    days: int
    worst: date
    value: float
    usual: float
    strength: float


@dataclass(frozen=True)
class Judged:
    """The series of one severity that vary: how many, their judged points, those that signal, and those that alarm."""

    severity: str
    series: int
    points: int
    signals: int
    alarming: int


@dataclass(frozen=True)
class Found:
    """A shop's history: its first and last day, all series by severity, and the alarms."""

    name: str
    first: date
    last: date
    constant: int
    judged: tuple[Judged, ...]
    alarms: tuple[Alarm, ...]


def history(name: str, folder: Path, source: str | None = None) -> Found:
    """Judge the last DAYS days of every series in a folder with `warehouse/dev.duckdb` and `target/manifest.json`.

    Of several shops in it, `source` is the one that is meant, by the column source_system.
    Raises SluiceError where one of them is missing, or its models follow nothing.
    """
    models = declared(artifact(folder / "target", "manifest.json"))
    if not models:
        raise SluiceError("nothing is followed", where=str(folder), hint="declare `follow` in the YAML of a model")
    with TemporaryDirectory(prefix="sluice-alarms-") as kept:
        points = Path(kept) / "points.parquet"
        found = judge(Wish(folder / "warehouse" / "dev.duckdb", _whole(models, source), LAST, keep=points))
        with connect() as connection:
            connection.execute(f"create temp view points as from read_parquet({literal(str(points))})")
            _load(connection, found)
            connection.execute(_SERIES)
            alarms = tuple(Alarm(*row) for row in connection.execute(_ALARMS).fetchall())
            judged = connection.execute(_JUDGED).fetchall()
            span = connection.execute(
                "select min(measured_at)::date, max(measured_at)::date from points inner join series using (metric) where varies"
            ).fetchone()
            constant = connection.execute("select count(*) from series where not varies").fetchone()
    assert span
    assert constant
    return Found(name, span[0], span[1], constant[0], tuple(Judged(*row) for row in judged), alarms)


def _load(connection: duckdb.DuckDBPyConnection, found: ChartFindings) -> None:
    """The tables `followed` and `signals`: what the points do not say."""
    connection.execute("create temp table followed (metric varchar, severity varchar)")
    connection.executemany("insert into followed values (?, ?)", [(one.metric, one.severity) for one in found.series])
    connection.execute(
        "create temp table signals "
        "(metric varchar, measured_at timestamp, shown double, usual double, strength double, hurts boolean)"
    )
    rows = [
        (metric, one.at, one.value, one.usual, one.strength, one.hurts) for metric, ones in found.signals.items() for one in ones
    ]
    if rows:
        connection.executemany("insert into signals values (?, ?, ?, ?, ?, ?)", rows)


def _whole(models: Sequence[FollowedModel], source: str | None) -> list[FollowedModel]:
    """The same series, each day of them new, of one source alone."""
    only = f"source_system = {literal(source)}" if source else "true"
    return [
        replace(
            model,
            follows=tuple(
                replace(one, days=DAYS, new_days=DAYS, where=f"({one.where or 'true'}) and {only}") for one in model.follows
            ),
        )
        for model in models
    ]
