"""The whole chart of each series, as data that the page's script draws when one is opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sluice.charts import engine
from sluice.charts.settings import Settings
from sluice.site.context import DataFile, Json, Site
from sluice.site.health.series import Series

AT_ONCE = 50  # series in a data file
# Points whose limits are computed again, of the most troubled series first: about two seconds of a processor.
LIMITED = 120_000

_EDGES = ("centre", "look_lower", "look_upper", "block_lower", "block_upper")


def _numbers(name: str) -> str:
    """A column of a series as JSON: five digits that count, null for what is not a number."""
    return (
        f"'[' || string_agg(if(isfinite({name}), format('{{:.5g}}', {name}), 'null'), ',' order by measured_at) || ']' as {name}"
    )


_DATA = f"""
    with joined as (
        select
            points.metric, points.measured_at, points.plotted, coalesce(points.level, 0) as level, points.phase, limits.rules,
            limits.kind is not null as is_limited, points.denominator is not null as has_denominator,
            coalesce(points.denominator, 'nan') as denominator,
            {", ".join(f"coalesce(limits.{name}, 'nan') as {name}" for name in _EDGES)}
        from followed_points as points
        left join limits using (metric, measured_at)
        where points.plotted is not null
    )

    select
        metric,
        list((epoch(measured_at) / 60)::bigint order by measured_at) as minutes,
        bool_or(has_denominator) as has_denominator,
        bool_or(is_limited) as is_limited,
        list(phase order by measured_at) as phases,
        '[' || string_agg(level, ',' order by measured_at) || ']' as levels,
        list((measured_at, rules) order by measured_at) filter (level > 0 and is_limited) as rules,
        {", ".join(map(_numbers, ("plotted", "denominator", *_EDGES)))}
    from joined
    group by metric
"""


def data(site: Site, series: Sequence[Series]) -> Iterator[DataFile]:
    """Data files of AT_ONCE series each: `health-<number>`."""
    _limits(site, series)
    reasons = _reasons(site)
    found = {one["metric"]: one for one in site.rows(_DATA)}
    for start in range(0, len(series), AT_ONCE):
        some = series[start : start + AT_ONCE]
        text = ",".join(f'"{one.number}":{_one(one, found[one.metric], reasons.get(one.metric, {}))}' for one in some)
        yield DataFile(f"health-{start // AT_ONCE}", Json(f"{{{text}}}"))


def _limits(site: Site, series: Sequence[Series]) -> None:
    """The table `limits`: the audit keeps how each point was judged, and not the limits, which need the same steps again."""
    wanted: list[list[str]] = []
    points = 0
    for one in series:
        points += one.drawn["points"]
        if points > LIMITED and wanted:
            break
        wanted.append([one.metric])
    site.db.execute("create or replace temp table wanted (metric varchar)")
    site.db.executemany("insert into wanted values (?)", wanted)
    site.db.execute("""
        create or replace temp table limited as
        select
            metric, kind, measured_at, value, denominator, phase, null::integer as memory,
            if(bool_and(measured_at = date_trunc('day', measured_at)) over (partition by metric), isodow(measured_at) - 1, null)
                ::integer as season
        from followed_points
        semi join wanted using (metric)
    """)
    engine.judge(site.db, Settings(), series="limited", chart="limits")


def _reasons(site: Site) -> dict[str, dict[datetime, str]]:
    """Why each phase began that somebody marked."""
    found: dict[str, dict[datetime, str]] = {}
    for one in site.rows("select metric, since_at, reason, marked_by from phases order by marked_at"):
        found.setdefault(one["metric"], {})[one["since_at"]] = f"{one['reason']} ({one['marked_by']})"
    return found


def _one(one: Series, row: dict[str, Any], reasons: dict[datetime, str]) -> str:
    """A series as JSON; what DuckDB has written as JSON already is put in as it is."""
    minutes = row["minutes"]
    about = {
        "metric": one.metric,
        "kind": one.kind,
        "start": minutes[0],
        "steps": _steps(minutes),
        "phases": _phases(minutes, row["phases"], reasons),
        "rules": [[_place(minutes, at), rules] for at, rules in row["rules"] or []],
    }
    plain = [f'"values":{row["plotted"]}', f'"levels":{row["levels"]}']
    if row["has_denominator"]:
        plain.append(f'"of":{row["denominator"]}')
    if row["is_limited"]:
        plain += [f'"{name}":{row[name]}' for name in _EDGES]
    return json.dumps(about, separators=(",", ":"))[:-1] + "," + ",".join(plain) + "}"


def _steps(minutes: Sequence[int]) -> int | list[int]:
    """The minutes from each point to the next: one number where they are all the same."""
    steps = [later - earlier for earlier, later in pairwise(minutes)]
    return steps[0] if steps and len(set(steps)) == 1 else steps


def _place(minutes: Sequence[int], at: datetime) -> int:
    return minutes.index(_minute(at))


def _minute(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1)).total_seconds() / 60)  # noqa: DTZ001  (UTC without a zone)


def _phases(minutes: Sequence[int], phases: Sequence[int], reasons: dict[datetime, str]) -> list[list[Any]]:
    """Where each phase begins, and why where somebody said so."""
    starts = [at for at in range(1, len(phases)) if phases[at] > phases[at - 1]]
    known = sorted((_minute(since), reason) for since, reason in reasons.items())
    return [[at, _reason(known, minutes[at - 1], minutes[at])] for at in starts]


def _reason(known: Sequence[tuple[int, str]], before: int, at: int) -> str:
    return next((reason for since, reason in known if before < since <= at), "a new phase")
