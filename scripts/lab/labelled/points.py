"""Counts by points: how well strengths rank them, as benchmarks of detectors do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from lab.labelled.score import Window

# A window counts as its strongest point does, with all of its points ("point-adjusted").
_ADJUSTED = """
    with answers as (
        select max(strength) as strength, count(*) as hits, 0 as misses
        from labelled
        where number is not null
        group by metric, number
        union all
        select strength, 0, 1 from labelled where number is null
    ),
    steps as (select strength, sum(hits) as hits, sum(misses) as misses from answers group by strength),
    cut as (
        select strength, sum(hits) over down as hits, sum(misses) over down as misses, sum(hits) over () as all_hits
        from steps
        window down as (order by strength desc)
    )
    select max(2 * hits / (hits + misses + all_hits)) from cut where strength > 0
"""
_PRECISION = """
    with steps as (
        select strength, count(number) as hits, count(*) as points from labelled group by strength
    ),
    cut as (
        select hits, sum(hits) over down / sum(points) over down as share, sum(hits) over () as all_hits
        from steps
        window down as (order by strength desc)
    )
    select sum(hits * share) / any_value(all_hits) from cut where all_hits > 0
"""


@dataclass(frozen=True)
class Ranking:
    """Best F1 of one least strength for all series, point-adjusted, and the average precision of single points."""

    adjusted_f1: float
    average_precision: float


def mark(connection: duckdb.DuckDBPyConnection, windows: Mapping[str, Sequence[Window]]) -> None:
    """The table `windows`, for `rank`."""
    connection.execute("create or replace temp table windows (metric varchar, number integer, since timestamp, until timestamp)")
    rows = [(metric, at, *one) for metric, found in windows.items() for at, one in enumerate(found)]
    if rows:
        connection.executemany("insert into windows values (?, ?, ?, ?)", rows)


def rank(connection: duckdb.DuckDBPyConnection, points: str) -> Ranking:
    """Of the query `points`: metric, measured_at, strength. A point that was not judged has the strength 0."""
    connection.execute(f"""
        create or replace temp table labelled as
        select points.metric, coalesce(points.strength, 0) as strength, min(windows.number) as number
        from ({points}) as points
        left join windows
            on windows.metric = points.metric and points.measured_at between windows.since and windows.until
        group by points.metric, points.measured_at, points.strength
    """)
    found = [connection.execute(query).fetchall()[0][0] or 0.0 for query in (_ADJUSTED, _PRECISION)]
    return Ranking(*found)
