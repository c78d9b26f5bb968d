"""The whole chart of each series, as data that the page's script draws when one is opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from sluice.charts import engine
from sluice.charts.settings import Settings
from sluice.site.context import DataFile, Json, Site
from sluice.site.health.series import Series

AT_ONCE = 50  # series in a data file
# Points whose limits are computed again, of the most troubled series first: two to three seconds of a processor.
LIMITED = 120_000
EDGES = ("centre", "look_lower", "look_upper", "block_lower", "block_upper")


def data(site: Site, series: Sequence[Series]) -> Iterator[DataFile]:
    """Data files of AT_ONCE series each: `health-<number>`."""
    limited = _limited(series)
    _judge(site, limited)
    reasons = _reasons(site)
    _number(site, series)
    text = files("sluice.site.health").joinpath("whole.sql").read_text(encoding="utf-8")
    for start in range(0, len(series), AT_ONCE):
        found = {one["number"]: one for one in site.rows(text, {"first": start, "last": start + AT_ONCE - 1})}
        some = series[start : start + AT_ONCE]
        joined = ",".join(f'"{one.number}":{_one(one, found[one.number], reasons.get(one.metric, {}))}' for one in some)
        yield DataFile(f"health-{start // AT_ONCE}", Json(f"{{{joined}}}"))


def _number(site: Site, series: Sequence[Series]) -> None:
    """The table `numbered_points`, in which those of a data file are next to each other, with their limits."""
    site.db.execute("create or replace temp table numbers (metric varchar, number integer)")
    site.db.execute(
        "insert into numbers select unnest($metrics), unnest($numbers)",
        {"metrics": [one.metric for one in series], "numbers": [one.number for one in series]},
    )
    edges = ", ".join(f"limits.{name}" for name in EDGES)
    site.db.execute(f"""
        create or replace temp table numbered_points as
        select
            number, points.measured_at, points.phase, points.plotted, points.denominator, coalesce(points.level, 0) as level,
            limits.kind is not null as is_limited, limits.rules, {edges}
        from followed_points as points
        inner join numbers using (metric)
        left join limits using (metric, measured_at)
        where points.plotted is not null
        order by number, measured_at
    """)


def _limited(series: Sequence[Series]) -> list[str]:
    """The series whose limits are drawn, the most troubled first."""
    found: list[str] = []
    points = 0
    for one in series:
        points += one.drawn["points"]
        if points > LIMITED and found:
            break
        found.append(one.metric)
    return found


def _judge(site: Site, metrics: Sequence[str]) -> None:
    """The table `limits`: an audit keeps how each point was judged, and not the limits, which need the same steps again.

    The scale of the limits is that of days: series of runs have no season.
    """
    site.db.execute(
        """
        create or replace temp table limited as
        select
            metric, kind, measured_at, value, denominator, phase,
            if(bool_and(measured_at = date_trunc('day', measured_at)) over (partition by metric), isodow(measured_at) - 1, null)
                ::integer as season
        from followed_points
        where list_contains($metrics, metric)
        """,
        {"metrics": list(metrics)},
    )
    site.db.execute("set threads = 1")  # a step of the recursion is too small to be shared
    engine.judge(site.db, Settings(), series="limited", chart="limits")
    site.db.execute("reset threads")


def _reasons(site: Site) -> dict[str, dict[datetime, str]]:
    """Why each phase began that somebody marked."""
    found: dict[str, dict[datetime, str]] = {}
    for one in site.rows("select metric, since_at, reason, marked_by from phases order by marked_at"):
        found.setdefault(one["metric"], {})[one["since_at"]] = f"{one['reason']} ({one['marked_by']})"
    return found


def _one(one: Series, row: Mapping[str, Any], reasons: Mapping[datetime, str]) -> str:
    """A series as JSON; what DuckDB has written as JSON already is put in as it is."""
    about = {
        "metric": one.metric,
        "kind": one.kind,
        "start": row["start"],
        "phases": [[at, _reason(reasons, before, begins)] for at, before, begins in row["phases"] or []],
        "rules": row["rules"] or [],
    }
    steps = row["steps"] if row["has_gaps"] else str(row["step"])
    plain = [f'"steps":{steps}', f'"values":{row["plotted"]}', f'"levels":{row["levels"]}']
    plain += [f'"of":{row["denominator"]}'] if row["has_denominator"] else []
    plain += [f'"{name}":{row[name]}' for name in EDGES] if row["is_limited"] else []
    return json.dumps(about, separators=(",", ":"))[:-1] + "," + ",".join(plain) + "}"


def _reason(reasons: Mapping[datetime, str], before: datetime, begins: datetime) -> str:
    """Why a phase began, where somebody said so."""
    return next((why for since, why in sorted(reasons.items()) if before < since <= begins), "a new phase")
