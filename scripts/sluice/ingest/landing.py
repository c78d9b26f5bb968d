"""The landing of one batch: quarantine, then the one commit that makes it visible, then the record of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell
from sluice.history import ledger
from sluice.history.kinds import KINDS, BatchEntry, Entry, FileCount, ReasonCount, RefusalEntry
from sluice.ingest.rows import StagedRows, Tally, columns_sql
from sluice.lake import raw
from sluice.lake.contracts import Contract


@dataclass(frozen=True)
class FeedReport:
    """What a run did with one feed.

    `refused` names rejected files (or the table), with the reason; `warnings` say what landed and still needs a look.
    `rows_deleted` are the tombstones among the rows that landed.
    """

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
    rows_deleted: int = 0
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    def __add__(self, more: FeedReport) -> FeedReport:
        """Both of them, as one report of the same feed."""
        own = ("feed", "reasons", "new_columns")
        sums = {key.name: getattr(self, key.name) + getattr(more, key.name) for key in fields(self) if key.name not in own}
        reasons = dict(Counter(self.reasons) + Counter(more.reasons))
        return FeedReport(
            self.feed, **sums, reasons=reasons, new_columns=tuple(dict.fromkeys(self.new_columns + more.new_columns))
        )


@dataclass(frozen=True)
class Work:
    """What every step of one feed's ingest needs: its raw table, and a connection to DuckDB that may spill to disk.

    `unrecorded` gathers why records of batches that have landed could not be written; without the list that is an error.
    """

    table: raw.RawTable
    connection: duckdb.DuckDBPyConnection
    run_id: str
    tell: Tell
    unrecorded: list[str] | None = None

    @property
    def contract(self) -> Contract:
        return self.table.contract


@dataclass(frozen=True)
class Batch:
    """The identity of a batch: what it is called, which files it holds, what its commit carries besides.

    `marks` are application transactions. `records` are rows to append to tables of lake/ops, by table; their times (names in
    _at) are microseconds since 1970. The commit carries them, so they are appended once the batch has landed, if not by
    this run then by the next one. `warnings` go into the record of the batch.
    """

    batch_id: str
    labels: tuple[str, ...]
    digests: tuple[str, ...]
    bytes: int
    marks: Mapping[str, int]
    records: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    # Of a batch of a stream: the marks as they are before it. It lands only where they still are.
    expected: Mapping[str, int | None] | None = None


def land(
    work: Work, batch: Batch, rows: StagedRows, tallies: Sequence[Tally], check: Callable[[], None] = lambda: None
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
                _file::varchar as _file, _position, _batch_id::varchar as _batch_id, _loaded_at,
                {rows.original_bytes} as original_bytes
            from (select *, {origin} from ({rows.refused}) {_LABELLED})
        """
        raw.quarantine(work.table, batch.batch_id, work.connection.sql(query).to_arrow_reader())
    reasons = _reasons(work.connection, rows) if refused else {}
    report = FeedReport(work.contract.name, landed + refused, landed, refused, reasons, batches=1, files_new=len(batch.labels))
    report = replace(report, new_columns=tuple(new_columns), warnings=batch.warnings, seconds=time.monotonic() - started)
    record = _record(work.run_id, batch, tallies, report, loaded_at)
    raw.land(work.table, batch.batch_id, written, {**batch.marks, "loaded_at": loaded_at}, record, batch.expected)
    if batch.expected is None:
        _append(work, record)
    for leftover in work.table.incoming.glob("*"):
        leftover.unlink()
    return report


def _append(work: Work, record: Mapping[str, Any]) -> None:
    """Append the record of a batch. What has landed stays landed if that fails: the next run appends it."""
    try:
        append_record(record, work.table.lake)
    except SluiceError as error:
        if work.unrecorded is None:
            raise
        work.unrecorded.append(f"batch {record['batch_id']} has landed, the next run records it: {error.what} ({error.where})")


_LABELLED = "as found inner join labels on found.__file = labels.__file"


def _origin(batch: Batch, loaded_at: int) -> str:
    """SQL of the columns that say where a row came from. As enums they are written as dictionaries."""
    one = f"{literal(batch.labels[0])}::{_enum(batch.labels)}"
    return (
        f"{one if len(batch.labels) == 1 else 'labels.__label'} as _file, __position as _position,"
        f" {literal(batch.batch_id)}::{_enum([batch.batch_id])} as _batch_id, make_timestamp({loaded_at}) as _loaded_at"
    )


def _enum(values: Sequence[str]) -> str:
    return f"enum ({', '.join(literal(value) for value in values)})"


def _write(work: Work, batch: Batch, rows: StagedRows, origin: str) -> Any:
    """Write the good rows to one Parquet file in `incoming` and return DuckDB's statistics of it."""
    names = columns_sql([*work.contract.names, *rows.new_columns])
    labelled = _LABELLED if len(batch.labels) > 1 else ""
    target = work.table.incoming / f"batch-{batch.batch_id}.parquet"
    work.tell("landing", 0.7)
    return work.connection.execute(
        f"copy (select {names}, {origin} from ({rows.good}) {labelled})"
        f" to {literal(str(target))} (format parquet, parquet_version v2, compression zstd, return_stats)"
    ).fetchone()


def _reasons(connection: duckdb.DuckDBPyConnection, rows: StagedRows) -> dict[str, int]:
    found = connection.execute(f"select reason, count(*) from ({rows.refused}) group by reason order by reason").fetchall()
    return {str(reason): int(count) for reason, count in found}


def _record(run_id: str, batch: Batch, tallies: Sequence[Tally], report: FeedReport, loaded_at: int) -> dict[str, Any]:
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
        run_id=run_id,
        feed=report.feed,
        loaded_at=_time(loaded_at),
        rows_read=report.rows_read,
        rows_landed=report.rows_landed,
        rows_quarantined=report.rows_quarantined,
        bytes_read=batch.bytes,
        seconds=report.seconds,
        reasons=tuple(ReasonCount(reason=reason, rows=count) for reason, count in report.reasons.items()),
        files=tuple(files),
        new_columns=report.new_columns,
        warnings=report.warnings,
    )
    return {**asdict(entry), "loaded_at": loaded_at, **batch.records}


def write_missing_records(table: raw.RawTable) -> None:
    """Write the record of a batch that a run committed before it was interrupted; the commit carries it. And a stream's."""
    for record in missing_records(table.open(), table.lake):
        append_record(record, table.lake)
    write_streamed_records(table)


def write_streamed_records(table: raw.RawTable) -> list[BatchEntry]:
    """Append the records of a stream's batches that lake/ops does not have yet, all in one commit; return them.

    The caller holds the lake's lock. Raises SluiceError where lake/ops cannot be written.
    """
    delta, name = table.open(), f"{raw.STREAM}:{table.contract.name}"
    newest = delta.transaction_version(raw.STREAM)
    if newest is None:
        return []
    records = raw.streamed_since(delta, ledger.reached(table.lake, BatchEntry, name))
    entries = [entry for record in records for entry in _entries(record)[0] if isinstance(entry, BatchEntry)]
    ledger.append(table.lake, entries, transaction=name, version=newest)
    return entries


def missing_records(delta: DeltaTable, lake: Path) -> list[dict[str, Any]]:
    """Records that the newest commits of a raw table carry and lake/ops does not have yet, oldest first."""
    carried = [json.loads(commit[raw.RECORD]) for commit in reversed(delta.history(5)) if raw.RECORD in commit]
    return [record for record in carried if not all(ledger.has(lake, kind, _mark(record)) for kind in _kinds(record))]


def append_record(record: Mapping[str, Any], lake: Path) -> None:
    """Append the record of a batch, and the further records that its commit carries, each of them once.

    Raises SluiceError where a newer version of sluice wrote what this one does not know.
    """
    try:
        entries = _entries(record)
    except TypeError as error:
        what = f"the commit of batch {record['batch_id']} carries a record of another version of sluice: {error}"
        raise SluiceError(what, where=str(lake), hint="run the version of sluice that landed it") from error
    for rows in entries:
        ledger.append(lake, rows, transaction=_mark(record))


def _entries(record: Mapping[str, Any]) -> list[list[Entry]]:
    further = [kind for kind in _kinds(record) if kind is not BatchEntry]
    own = {key: value for key, value in _with_times(record).items() if key not in {kind.TABLE for kind in further}}
    lists = {
        "reasons": tuple(ReasonCount(**reason) for reason in record["reasons"]),
        "files": tuple(FileCount(**file) for file in record["files"]),
    }
    batch = BatchEntry(**{**own, **lists})
    return [[batch], *([kind(**_with_times(row)) for row in record[kind.TABLE]] for kind in further)]


def _kinds(record: Mapping[str, Any]) -> list[type[Entry]]:
    return [BatchEntry, *(kind for kind in KINDS if kind.TABLE in record)]


def _mark(record: Mapping[str, Any]) -> str:
    return f"batch:{record['batch_id']}"


def _with_times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _time(value) if key.endswith("_at") and isinstance(value, int) else value for key, value in row.items()}


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).replace(tzinfo=None)


def record_refusals(report: FeedReport, lake: Path, run_id: str) -> None:
    """Append what was refused to lake/ops/refusals. Raises SluiceError where that cannot be written."""
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [RefusalEntry(refused_at=now, run_id=run_id, feed=report.feed, file=file, reason=why) for file, why in report.refused]
    ledger.append(lake, rows)
