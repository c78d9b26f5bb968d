"""Decisions, written to lake/ops/decisions: waived, dropped, expired. A correction is recorded when it lands.

Everything here happens under the lake's lock, on the state that was read under it. If two people decide at once, the
second sees what the first has done.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.history import ledger, recording
from sluice.history.kinds import DecisionEntry
from sluice.ingest.landing import append_record, missing_records
from sluice.lake.lock import writing
from sluice.lake.opening import open_table
from sluice.quarantine.catalog import Places, Refused, opened, waivers
from sluice.quarantine.row_result import RowOutcome, RowResult

SYSTEM = "sluice"


@dataclass(frozen=True)
class Who:
    """The person who decides, and the reason."""

    by: str
    why: str


@contextmanager
def deciding(lake: Path) -> Iterator[None]:
    """Hold the lake's lock; first write the decisions of landings that were interrupted before they could."""
    with writing(lake):
        ledger.ensure(lake)
        for record in _owed(lake):
            append_record(record, lake)
        yield


def _owed(lake: Path) -> list[dict[str, Any]]:
    tables = sorted(path.parent for path in (lake / "raw").glob("*/*/_delta_log"))
    return [record for path in tables for record in _owed_by(path, lake)]


def _owed_by(table: Path, lake: Path) -> list[dict[str, Any]]:
    try:
        delta = open_table(table)
    except SluiceError:
        return []  # a damaged table, which the next ingest tells of; decisions about other tables go on
    return missing_records(delta, lake)


def next_time(connection: duckdb.DuckDBPyConnection, lake: Path) -> datetime:
    """Now, but later than every decision so far, even if the clock went back: models read on from the last one they saw."""
    path = str(lake / "ops" / "decisions")
    row = connection.execute(f"select max(decided_at) from delta_scan({literal(path)})").fetchone()
    now = datetime.fromtimestamp(time.time(), UTC).replace(tzinfo=None)
    return now if row is None or row[0] is None else max(now, row[0] + timedelta(microseconds=1))


def decision(row: Refused, outcome: RowOutcome, who: Who, at: datetime, until: datetime | None = None) -> DecisionEntry:
    """A decision. Its id follows from the row, the rule, and the number of decisions before it."""
    return DecisionEntry(
        decision_id=hashlib.sha256(f"{row.quarantine_id}|{row.rule}|{row.decisions}".encode()).hexdigest()[:20],
        decided_at=at,
        decision=str(outcome),
        quarantine_id=row.quarantine_id,
        place=row.place,
        feed=row.feed,
        entity=row.entity,
        rule=row.rule,
        row_key=row.row_key,
        batch_id=row.batch_id,
        source_file=row.source_file,
        source_position=row.source_position,
        decided_by=who.by,
        why=who.why,
        until_at=until,
    )


def write(lake: Path, verdicts: Sequence[RowResult], who: Who, at: datetime, until: datetime | None = None) -> None:
    """Append the decisions that follow from the verdicts, in one commit."""
    entries = [decision(verdict.row, verdict.outcome, who, at, until) for verdict in verdicts if verdict.is_new]
    name = hashlib.sha256("|".join(entry.decision_id for entry in entries).encode()).hexdigest()
    ledger.append(lake, entries, transaction=f"decisions:{name}")


def decide(
    where: Places,
    choose: Callable[[duckdb.DuckDBPyConnection], Sequence[Refused]],
    judge: Callable[[Refused], RowResult],
    who: Who,
    until: datetime | None = None,
) -> list[RowResult]:
    """Judge the chosen rows, and write what is new."""
    with deciding(where.lake), opened(where) as connection:
        verdicts = [judge(row) for row in choose(connection)]
        write(where.lake, verdicts, who, next_time(connection, where.lake), until)
    return verdicts


def expire(lake: Path, now: datetime) -> list[str]:
    """End the waivers that are due (`now`: UTC without a zone) and give the quarantine ids of their rows.

    To be called before a build, which then depends on the lake alone and on no clock. It takes the lake's lock only when
    there is something to write; raises SluiceError if another command holds it then.
    """

    def due(connection: duckdb.DuckDBPyConnection) -> list[Refused]:
        return waivers(connection, f"until_at <= timestamp {literal(now.isoformat())}")

    with opened(Places(lake)) as connection:
        if not due(connection) and not _owed(lake):
            return []
    with recording.step("quarantine expire", lake):
        ended = decide(Places(lake), due, lambda row: RowResult(row, RowOutcome.expired), Who(SYSTEM, "its time has come"))
    return [verdict.row.quarantine_id for verdict in ended]
