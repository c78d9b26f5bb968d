"""The metrics: their names, and what each of them says. docs/dataops.md has their sources and traps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Trend:
    """The figure of a week: SQL of an aggregate over the rows of the week, by the column that says when a row was."""

    says: str
    unit: str
    value: str
    at: str = "started_at"


@dataclass(frozen=True)
class Metric:
    """A metric: `name` is that of its two queries, `says` its definition in a sentence."""

    name: str
    title: str
    says: str
    trend: Trend | None = None


METRICS = (
    Metric(
        "lead_time",
        "Change lead time",
        "From the writing of a commit to the first release that readers have with it.",
        Trend("Median by week", "seconds", "median(value) filter (where state = 'counted')", "ended_at"),
    ),
    Metric(
        "deployments",
        "Deployment frequency",
        "Publishes and promotions a week that brought other code; data only apart.",
        Trend("With code, by week", "release", "count(*) filter (where state = 'code')"),
    ),
    Metric(
        "change_fail",
        "Change fail rate",
        "Share of releases with code that were rolled back, or followed within 7 days by a fix of the same model.",
        Trend("Failed, by week", "release", "count(*) filter (where state = 'failed')"),
    ),
    Metric("recovery", "Failed deployment recovery time", "From the publish of a bad release to the rollback or the fix."),
    Metric(
        "rework",
        "Rework rate",
        "Share of releases with code that were made because of an incident, as their commits say.",
        Trend("Because of an incident, by week", "release", "count(*) filter (where state = 'rework')"),
    ),
    Metric(
        "errors_caught",
        "Errors caught before and after the publish",
        "Incidents by whether readers had the release; each once.",
        Trend("After the publish, by week", "error", "count(*) filter (where state = 'after')"),
    ),
    Metric("time_to_detect", "Time to detect", "From the time of the first wrong row to the incident."),
    Metric("downtime", "Data downtime", "Time in which readers of a mart had wrong data; what overlaps counts once."),
    Metric(
        "on_time",
        "On-time delivery",
        "Share of the days on which readers had the release of the day when a mart was due.",
        Trend("On time, by week", "share", "avg((state = 'on time')::int)"),
    ),
    Metric(
        "coverage", "Coverage", "Share of marts with a contract, data tests and unit tests, and of their columns with a check."
    ),
    Metric("quarantine_age", "Age of quarantine", "How long rejected rows wait, and waited for the decision."),
)
NAMES = tuple(one.name for one in METRICS)


@dataclass(frozen=True)
class Figure:
    """A figure of a metric: `value` in `unit`, made of `known` of `total` rows; None where nothing is known."""

    figure: str
    value: float | None
    unit: str
    known: int | None
    total: int | None


@dataclass(frozen=True)
class Week:
    """The value of a metric's trend in seven days from `begins_at` on; None where the week has no row that counts."""

    begins_at: datetime
    value: float | None


@dataclass(frozen=True)
class Row:
    """A row behind a figure: the `id` that lake/ops has of it, what it is about, when, `value` (seconds, or a count) and why.

    `state` says how it counts: what is not known, pending or suspected is not in a figure. A time is null where it is not
    known or has not come.
    """

    id: str
    subject: str
    started_at: datetime | None
    ended_at: datetime | None
    value: float | None
    state: str
    reason: str | None
