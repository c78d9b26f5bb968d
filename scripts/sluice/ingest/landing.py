"""The landing of one batch: quarantine, then the one commit that makes it visible, then the record of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell
from sluice.history import ledger
from sluice.history.kinds import BatchEntry, DecisionEntry, FileCount, ReasonCount, RefusalEntry
from sluice.ingest.feeds import Feed
from sluice.ingest.rows import StagedRows, Tally, columns_sql
from sluice.lake import raw
from sluice.lake.contracts import Contract


@dataclass(frozen=True)
class FeedReport:
    """What a run did with one feed. `refused` names files (or the table) that were turned away whole, with the reason."""

    feed: str
    rows_read: int = 0
    rows_landed: int = 0
    rows_quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    batches: int = 0
    files_new: int = 0
    files_known: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    new_columns: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Work:
    """What every step of one feed's ingest needs."""

    feed: Feed
    table: raw.RawTable
    connection: duckdb.DuckDBPyConnection
    run_id: str
    tell: Tell

    @property
    def contract(self) -> Contract:
        return self.table.contract


@dataclass(frozen=True)
class Batch:
    """The identity of a batch: what it is called, which files it holds, what its commit carries besides.

    `marks` are application transactions. `decisions` are rows of lake/ops/decisions that take effect with the batch, as
    JSON objects: its commit carries them, so that they hold once it has landed, even if the process is killed right after.
    """

    batch_id: str
    labels: tuple[str, ...]
    digests: tuple[str, ...]
    bytes: int
    marks: Mapping[str, int]
    decisions: tuple[Mapping[str, Any], ...] = ()


def land(
    work: Work, batch: Batch, rows: StagedRows, tallies: Sequence[Tally], lake: Path, check: Callable[[], None] = lambda: None
) -> FeedReport:
    """Quarantine first, then the commit that makes the batch visible, then the record of it.

    `check` is called when all has been read and nothing committed; what it raises ends the landing.
    """
    started = time.monotonic()
    new_columns = raw.add_text_columns(work.table, rows.new_columns)
    loaded_at = raw.next_load_time(work.table.open())
    origin = _origin(batch, loaded_at)
    landed, refused = sum(entry.landed for entry in tallies), sum(entry.refused for entry in tallies)
    work.connection.execute(f"create or replace temp table labels (__file bigint, __label {_enum(batch.labels)})")
    work.connection.execute("insert into labels select unnest(range(len($1))), unnest($1)", [list(batch.labels)])
    written = _write(work, batch, rows, origin) if landed else None
    check()
    if refused:
        query = f"""
            select reason, column_name, detail, original_text,
                _file::varchar as _file, _position, _batch_id::varchar as _batch_id, _loaded_at
            from (select *, {origin} from ({rows.refused}) {_LABELLED})
        """
        raw.quarantine(work.table, batch.batch_id, work.connection.sql(query).to_arrow_reader())
    reasons = _reasons(work.connection, rows) if refused else {}
    record = _record(work, batch, tallies, reasons, new_columns, loaded_at, time.monotonic() - started)
    raw.land(work.table, batch.batch_id, written, {**batch.marks, "loaded_at": loaded_at}, record)
    append_record(record, lake)
    for leftover in work.table.workshop.glob("*"):
        leftover.unlink()
    return FeedReport(
        work.feed.name, landed + refused, landed, refused, reasons, 1, len(batch.labels), new_columns=tuple(new_columns)
    )


_LABELLED = "as found inner join labels on found.__file = labels.__file"


def _origin(batch: Batch, loaded_at: int) -> str:
    """SQL of the columns that say where a row came from. As enums they are written as ready-made dictionaries."""
    one = f"{literal(batch.labels[0])}::{_enum(batch.labels)}"
    return (
        f"{one if len(batch.labels) == 1 else 'labels.__label'} as _file, __position as _position,"
        f" {literal(batch.batch_id)}::{_enum([batch.batch_id])} as _batch_id, make_timestamp({loaded_at}) as _loaded_at"
    )


def _enum(values: Sequence[str]) -> str:
    return f"enum ({', '.join(literal(value) for value in values)})"


def _write(work: Work, batch: Batch, rows: StagedRows, origin: str) -> Any:
    """Write the good rows to one Parquet file in the workshop and return DuckDB's statistics of it."""
    names = columns_sql([*(column.name for column in work.contract.columns), *rows.new_columns])
    labelled = _LABELLED if len(batch.labels) > 1 else ""
    target = work.table.workshop / f"batch-{batch.batch_id}.parquet"
    work.tell("landing", 0.7)
    return work.connection.execute(
        f"copy (select {names}, {origin} from ({rows.good}) {labelled})"
        f" to {literal(str(target))} (format parquet, parquet_version v2, compression zstd, return_stats)"
    ).fetchone()


def _reasons(connection: duckdb.DuckDBPyConnection, rows: StagedRows) -> dict[str, int]:
    found = connection.execute(f"select reason, count(*) from ({rows.refused}) group by reason order by reason").fetchall()
    return {str(reason): int(count) for reason, count in found}


def _record(
    work: Work,
    batch: Batch,
    tallies: Sequence[Tally],
    reasons: Mapping[str, int],
    new_columns: Sequence[str],
    loaded_at: int,
    seconds: float,
) -> dict[str, Any]:
    files = [
        FileCount(
            file=batch.labels[entry.file_index],
            digest=batch.digests[entry.file_index],
            rows_read=entry.read,
            rows_landed=entry.landed,
            rows_quarantined=entry.refused,
        )
        for entry in tallies
    ]
    entry = BatchEntry(
        batch_id=batch.batch_id,
        run_id=work.run_id,
        feed=work.feed.name,
        loaded_at=_time(loaded_at),
        rows_read=sum(entry.read for entry in tallies),
        rows_landed=sum(entry.landed for entry in tallies),
        rows_quarantined=sum(entry.refused for entry in tallies),
        bytes_read=batch.bytes,
        seconds=seconds,
        reasons=tuple(ReasonCount(reason=reason, rows=count) for reason, count in reasons.items()),
        files=tuple(files),
        new_columns=tuple(new_columns),
    )
    carried = {"decisions": list(batch.decisions)} if batch.decisions else {}
    return {**asdict(entry), "loaded_at": loaded_at, **carried}


def write_missing_records(table: raw.RawTable, lake: Path) -> None:
    """A run killed between a batch's commit and its record in lake/ops left the record in the commit: write it now."""
    for record in missing_records(table.open(), lake):
        append_record(record, lake)


def missing_records(delta: DeltaTable, lake: Path) -> list[dict[str, Any]]:
    """What the newest commits of a raw table carry for lake/ops and is not there yet, oldest first."""
    carried = [json.loads(commit[raw.RECORD]) for commit in reversed(delta.history(5)) if raw.RECORD in commit]
    return [record for record in carried if not _is_recorded(record, lake)]


def _is_recorded(record: Mapping[str, Any], lake: Path) -> bool:
    mark = _mark(record)
    return ledger.has(lake, BatchEntry, mark) and ("decisions" not in record or ledger.has(lake, DecisionEntry, mark))


def append_record(record: Mapping[str, Any], lake: Path) -> None:
    """Append what a commit carries. Raises SluiceError where a newer version of sluice wrote what this one does not know."""
    try:
        batch, decisions = _entries(record)
    except TypeError as error:
        what = f"the commit of batch {record['batch_id']} carries a record of another version of sluice: {error}"
        raise SluiceError(what, where=str(lake), hint="run the version of sluice that landed it") from error
    ledger.append(lake, [batch], transaction=_mark(record))
    ledger.append(lake, decisions, transaction=_mark(record))


def _entries(record: Mapping[str, Any]) -> tuple[BatchEntry, list[DecisionEntry]]:
    values = {
        **record,
        "loaded_at": _time(record["loaded_at"]),
        "reasons": tuple(ReasonCount(**reason) for reason in record["reasons"]),
        "files": tuple(FileCount(**file) for file in record["files"]),
    }
    decisions = values.pop("decisions", [])
    return BatchEntry(**values), [DecisionEntry(**{**one, "decided_at": _time(one["decided_at"])}) for one in decisions]


def _mark(record: Mapping[str, Any]) -> str:
    return f"batch:{record['batch_id']}"


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).replace(tzinfo=None)


def record_refusals(report: FeedReport, lake: Path, run_id: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [RefusalEntry(refused_at=now, run_id=run_id, feed=report.feed, file=file, reason=why) for file, why in report.refused]
    ledger.append(lake, rows)
