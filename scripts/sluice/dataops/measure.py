"""Measures the metrics of an environment: lake/ops, the quarantine and facts of the manifest, asked by the queries in sql/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from sluice.alerts.opened import query
from sluice.core.duck import identifier
from sluice.dataops.metrics import METRICS, Figure, Metric, Row, Week
from sluice.dataops.project import Facts
from sluice.history import ledger
from sluice.history.kinds import (
    BatchEntry,
    CommitEntry,
    DecisionEntry,
    DeploymentEntry,
    IncidentEntry,
    ReleaseEntry,
    RunEntry,
    StepEntry,
)
from sluice.quarantine import catalog

_READS = (BatchEntry, CommitEntry, DecisionEntry, DeploymentEntry, IncidentEntry, ReleaseEntry, RunEntry, StepEntry)
# In their order: later ones read earlier ones.
_FACTS = (
    "moves", "deployments", "first_commits", "fixes", "withdrawals", "failures", "incident_events", "incident_spans",
    "known_names", "below", "bad_times", "weeks",
)  # fmt: skip
_TABLES = {
    "marts": "unique_id varchar, label varchar",
    "edges": "parent varchar, child varchar",
    "deadlines": "mart varchar, minutes bigint, zone varchar",
    "covered": "id varchar, subject varchar, aspect varchar, checks bigint",
}
_BEGIN = datetime(1970, 1, 1)  # noqa: DTZ001  (UTC without a zone, as all times here); no history is older
_COLUMNS = ", ".join(field.name for field in fields(Row))


@dataclass(frozen=True)
class Window:
    """The time that is measured, UTC. `from_at` is not before the first event that the history has."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class Measured:
    """A metric of a window: its figures, its trend, how many rows are behind them, and the newest of these."""

    metric: Metric
    figures: tuple[Figure, ...]
    weeks: tuple[Week, ...]
    row_count: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Report:
    """The metrics of an environment; `window` is None where the history has nothing of it."""

    environment: str
    window: Window | None
    metrics: tuple[Measured, ...]
    notes: tuple[str, ...] = ()


def measure(
    places: catalog.Places,
    facts: Facts,
    environment: str,
    since: timedelta,
    now: datetime,
    *,
    only: Sequence[Metric] = METRICS,
    limit: int | None = 0,
) -> Report:
    """Measure the metrics of the time before `now`, UTC without a zone; with up to `limit` rows of each (None: all).

    Raises SluiceError for a damaged table.
    """
    with catalog.opened(places) as connection:
        window = _prepare(connection, places.lake, facts, environment, since, now)
        measured = tuple(_measured(connection, one, limit) for one in only) if window else ()
    return Report(environment, window, measured, places.notes)


def _prepare(
    connection: duckdb.DuckDBPyConnection, lake: Path, facts: Facts, environment: str, since: timedelta, now: datetime
) -> Window | None:
    """Make the relations that the queries read."""
    connection.execute("create schema ops")
    for kind in _READS:
        connection.execute(f"create view ops.{identifier(kind.TABLE)} as {ledger.query(lake, kind)}")
    connection.execute("create temp macro seconds_between(one, other) as (epoch_us(other) - epoch_us(one)) / 1e6")
    connection.execute(f"create temp table incidents_now as {query(lake, 'incidents', IncidentEntry)}")
    connection.execute("create temp view quarantined as from refused_rows")
    for name, columns in _TABLES.items():
        connection.execute(f"create temp table {name} ({columns})")
        _fill(connection, name, getattr(facts, name))
    window = _window(connection, environment, since, now)
    if window is None:
        return None
    for name in _FACTS:
        connection.execute(f"create temp table {name} as {_text('facts', name)}")
    return window


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"insert into {table} values ({marks})", rows)


def _window(connection: duckdb.DuckDBPyConnection, environment: str, since: timedelta, now: datetime) -> Window | None:
    """Make the table `span`, of one row. It begins with the history where that is younger."""
    begin = now - min(since, now - _BEGIN)
    connection.execute(
        f"create temp table span as {_text('facts', 'span')}", {"environment": environment, "since": begin, "now": now}
    )
    found = connection.execute("select from_at, to_at from span").fetchone()
    return Window(*found) if found else None


def _measured(connection: duckdb.DuckDBPyConnection, metric: Metric, limit: int | None) -> Measured:
    connection.execute(f"create or replace temp table found as {_text('rows', metric.name)}")
    figures = tuple(Figure(**row) for row in _asked(connection, _text("figures", metric.name)))
    (count,) = connection.execute("select count(*) from found").fetchone() or (0,)
    bound = "" if limit is None else f"limit {int(limit)}"
    order = "coalesce(ended_at, started_at) desc nulls last, state desc, subject, id"
    rows = tuple(Row(**row) for row in _asked(connection, f"select {_COLUMNS} from found order by {order} {bound}"))
    return Measured(metric, figures, _weeks(connection, metric), count, rows)


def _weeks(connection: duckdb.DuckDBPyConnection, metric: Metric) -> tuple[Week, ...]:
    if metric.trend is None:
        return ()
    asked = Template(_text("", "trend")).substitute(value=metric.trend.value, at=metric.trend.at)
    return tuple(Week(**row) for row in _asked(connection, asked))


def _asked(connection: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    found = connection.execute(text)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@cache
def _text(folder: str, name: str) -> str:
    return files("sluice.dataops").joinpath("sql", folder, f"{name}.sql").read_text(encoding="utf-8")
