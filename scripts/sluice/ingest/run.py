"""One run of ingest: for each feed, new data in batches, each of them in the lake whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sluice.contracts import Contract
from sluice.duck import connect, literal
from sluice.errors import SluiceError
from sluice.feeds import Feed
from sluice.ingest import csv_reader, json_reader, parquet_reader, postgres_reader
from sluice.ingest.files import Delivery, Memory, Unreadable, deliveries, find, is_utf8, transcode
from sluice.ingest.rows import FilesRefused, Rows, Tally, columns_sql, is_misshapen, tally
from sluice.lake import ops, raw
from sluice.progress import Tell, silent

# A batch ends at this many bytes (after decompression) or files, whichever comes first: the unit of work that a kill costs.
BATCH_BYTES = 1 << 30
BATCH_FILES = 500


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
class _Work:
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
class _Batch:
    """The identity of a batch: what it is called, which files it holds, what its commit carries besides."""

    batch_id: str
    labels: tuple[str, ...]
    digests: tuple[str, ...]
    bytes: int
    marks: Mapping[str, int]


def prepare(lake: Path, contracts: Mapping[str, Contract]) -> None:
    """Make every raw, quarantine and ops table that is absent, so that models find them, empty at worst."""
    ops.ensure(lake)
    for contract in contracts.values():
        raw.ensure(raw.RawTable(contract, lake))


def run(
    feeds: Sequence[Feed],
    contracts: Mapping[str, Contract],
    lake: Path,
    *,
    run_id: str,
    memory_limit: str = "2GB",
    tell: Tell = silent,
) -> Iterator[FeedReport]:
    """Ingest each feed in turn and yield its report; a feed that is refused does not stop the others.

    The caller holds the lake's lock (`sluice.lake.lock.writing`). Raises SluiceError for a feed without a contract.
    """
    unpromised = [feed.name for feed in feeds if feed.name not in contracts]
    if unpromised:
        raise SluiceError(
            f"no contract for {', '.join(unpromised)}", where="models/staging", hint="declare the source table in dbt YAML"
        )
    for number, feed in enumerate(feeds):
        yield _ingest(feed, contracts[feed.name], lake, run_id, memory_limit, _part(tell, feed.name, number, len(feeds)))


def _part(tell: Tell, name: str, number: int, count: int) -> Tell:
    return lambda label, share: tell(f"{name}: {label}", (number + share) / count)


def _ingest(feed: Feed, contract: Contract, lake: Path, run_id: str, memory_limit: str, tell: Tell) -> FeedReport:
    started = time.monotonic()
    table = raw.RawTable(contract, lake)
    spill = lake / ".incoming" / "spill"
    table.workshop.mkdir(parents=True, exist_ok=True)
    extensions = ["delta", "postgres_scanner"] if feed.format == "postgres" else []
    try:
        raw.ensure(table)
        raw.undo_half_batch(table)
        _write_missing_records(table, lake)
        with connect(memory_limit=memory_limit, temp_directory=spill, extensions=extensions) as connection:
            work = _Work(feed, table, connection, run_id, tell)
            report = _ingest_relation(work, lake) if feed.format == "postgres" else _ingest_files(work, lake)
    except SluiceError as error:
        why = f"{error.what} ({error.where})" if error.where else error.what
        report = FeedReport(feed.name, refused=((feed.path or feed.relation, why),))
    _record_refusals(report, lake, run_id)
    shutil.rmtree(spill, ignore_errors=True)
    return replace(report, seconds=time.monotonic() - started)


def _write_missing_records(table: raw.RawTable, lake: Path) -> None:
    """A run killed between a batch's commit and its record in lake/ops left the record in the commit: write it now."""
    for commit in reversed(table.open().history(5)):
        if raw.RECORD in commit:
            _append_record(json.loads(commit[raw.RECORD]), lake)


def _append_record(record: Mapping[str, Any], lake: Path) -> None:
    loaded_at = datetime.fromtimestamp(record["loaded_at"] / 1e6, UTC).replace(tzinfo=None)
    ops.append(lake, "batches", [{**record, "loaded_at": loaded_at}], transaction=f"batch:{record['batch_id']}")


def _record_refusals(report: FeedReport, lake: Path, run_id: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        {"refused_at": now, "run_id": run_id, "feed": report.feed, "file": file, "digest": None, "reason": why}
        for file, why in report.refused
    ]
    if rows:
        ops.append(lake, "refusals", rows)


# files


def _ingest_files(work: _Work, lake: Path) -> FeedReport:
    memory = Memory(lake / ".incoming" / f"{work.feed.name}.json")
    paths = find(work.feed)
    fresh: list[Delivery] = []
    refused: list[tuple[str, str]] = []
    digests: set[str] = set()
    delta = work.table.open()
    for number, item in enumerate(deliveries(work.feed, paths, memory), 1):
        work.tell("looking at files", 0.3 * number / len(paths))
        if isinstance(item, Unreadable):
            refused.append((item.label, item.why))
        elif item.content.digest not in digests and not raw.has_file(delta, item.content.digest):
            digests.add(item.content.digest)
            fresh.append(item)
    memory.save()
    report = FeedReport(work.feed.name, files_known=len(paths) - len(fresh) - len(refused), refused=tuple(refused))
    for chunk in _chunks(fresh):
        report = _add(report, _land_files(work, chunk, lake))
    return report


def _chunks(files: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    chunk: list[Delivery] = []
    size = 0
    for file in files:
        if chunk and (size + file.content.bytes > BATCH_BYTES or len(chunk) >= BATCH_FILES):
            yield chunk
            chunk, size = [], 0
        chunk.append(file)
        size += file.content.bytes
    if chunk:
        yield chunk


def _add(report: FeedReport, more: FeedReport) -> FeedReport:
    return replace(
        report,
        rows_read=report.rows_read + more.rows_read,
        rows_landed=report.rows_landed + more.rows_landed,
        rows_quarantined=report.rows_quarantined + more.rows_quarantined,
        reasons=dict(Counter(report.reasons) + Counter(more.reasons)),
        batches=report.batches + more.batches,
        files_new=report.files_new + more.files_new,
        refused=report.refused + more.refused,
        new_columns=tuple(dict.fromkeys(report.new_columns + more.new_columns)),
    )


def _land_files(work: _Work, files: Sequence[Delivery], lake: Path) -> FeedReport:
    """Land the files as one batch, without those that are refused as a whole."""
    refused: dict[str, str] = {}
    shapes: dict[str, Any] = {}
    good: list[Delivery] = []
    for file in files:
        try:
            readable = _readable(work, file)
            shapes[file.label] = _shape(work, readable)
            good.append(readable)
        except SluiceError as error:
            refused[file.label] = error.what
    while good:
        good.sort(key=lambda file: (shapes[file.label], file.label))
        try:
            rows = _read(work, good, {file.label: shapes[file.label] for file in good})
            tallies = _tallies(work, good, rows)
            break
        except FilesRefused as refusal:
            refused |= refusal.why
            good = [file for file in good if file.label not in refused]
    report = FeedReport(work.feed.name, refused=tuple(refused.items()))
    if not good:
        return report
    batch = _file_batch(work.feed, good)
    return _add(report, _land(work, batch, rows, tallies, lake))


def _readable(work: _Work, file: Delivery) -> Delivery:
    if work.feed.format == "parquet" or is_utf8(work.feed.encoding):
        return file
    target = work.table.workshop / f"{file.content.digest}.utf8"
    transcode(file.path, work.feed.encoding, target)
    return replace(file, readable=target)


def _shape(work: _Work, file: Delivery) -> Any:
    if work.feed.format == "csv":
        return csv_reader.shape(work.contract, work.feed, file)
    if work.feed.format == "parquet":
        return parquet_reader.shape(work.connection, work.contract, file)
    return ()


def _read(work: _Work, files: Sequence[Delivery], shapes: Mapping[str, Any]) -> Rows:
    work.tell("reading", 0.3)
    if work.feed.format == "csv":
        return csv_reader.read(work.connection, work.contract, work.feed, files, shapes)
    if work.feed.format == "json":
        return json_reader.read(work.connection, work.contract, files)
    return parquet_reader.read(work.contract, files, shapes)


def _tallies(work: _Work, files: Sequence[Delivery], rows: Rows) -> list[Tally]:
    """Count each file's rows. Raises FilesRefused for files of another shape, or whose lines do not add up."""
    tallies = tally(work.connection, rows)
    found = {entry.file_index for entry in tallies}
    tallies += [Tally(index, 0, 0, "", 0) for index in range(len(files)) if index not in found]
    why = {}
    for entry in tallies:
        file = files[entry.file_index]
        if is_misshapen(entry):
            why[file.label] = f"{entry.worst_count} of {entry.read} rows: {entry.worst}; the column seems to be of another type"
        elif not _adds_up(work, file, entry):
            why[file.label] = f"{entry.read} records were read from {file.content.lines} lines; nothing of it is landed"
    if why:
        raise FilesRefused(why)
    return tallies


def _adds_up(work: _Work, file: Delivery, entry: Tally) -> bool:
    """Whether as many records were read as the file has lines, counted by other means; with quotes lines can't tell."""
    if work.feed.format == "parquet" or (work.feed.format == "csv" and file.content.quotes):
        return True
    headers = 1 if work.feed.format == "csv" else 0
    if entry.read == file.content.lines - headers:
        return True
    lines = f"read_csv({literal(str(file.readable))}, {csv_reader.LINES})"
    row = work.connection.execute(f"select count(*) from {lines} where trim(line, chr(13)) <> ''").fetchone()
    return row is not None and entry.read == row[0] - headers


def _file_batch(feed: Feed, files: Sequence[Delivery]) -> _Batch:
    digests = tuple(sorted(file.content.digest for file in files))
    identity = hashlib.sha256("\n".join([feed.name, *digests]).encode()).hexdigest()[:20]
    return _Batch(
        identity,
        tuple(file.label for file in files),
        tuple(file.content.digest for file in files),
        sum(file.content.bytes for file in files),
        {f"file:{digest}": 1 for digest in digests},
    )


# tables of a server


def _ingest_relation(work: _Work, lake: Path) -> FeedReport:
    feed, table = work.feed, work.table
    delta = table.open()
    reach = postgres_reader.Reach(raw.reached(delta, feed.cursor))
    work.tell("reading", 0.3)
    rows = postgres_reader.read(work.connection, work.contract, feed, reach, table.path, table.quarantine_path)
    tallies = tally(work.connection, rows)
    if not tallies:
        return FeedReport(feed.name)
    if is_misshapen(tallies[0]):
        raise SluiceError(f"{tallies[0].worst_count} of {tallies[0].read} rows: {tallies[0].worst}", where=feed.relation)
    furthest = postgres_reader.furthest(work.connection, feed)
    furthest = reach.position if furthest is None else max(furthest, reach.position or furthest)
    identity = hashlib.sha256(f"{feed.name}\n{reach.position}\n{furthest}\n{delta.version()}".encode()).hexdigest()[:20]
    marks = {} if furthest is None else {f"cursor:{feed.cursor}": furthest}
    return _land(work, _Batch(identity, (feed.relation,), (identity,), 0, marks), rows, tallies, lake)


# landing


def _land(work: _Work, batch: _Batch, rows: Rows, tallies: Sequence[Tally], lake: Path) -> FeedReport:
    """Quarantine first, then the commit that makes the batch visible, then the record of it."""
    started = time.monotonic()
    new_columns = raw.add_text_columns(work.table, rows.new_columns)
    loaded_at = raw.next_load_time(work.table.open())
    origin = _origin(batch, loaded_at)
    landed, refused = sum(entry.landed for entry in tallies), sum(entry.refused for entry in tallies)
    work.connection.execute(f"create or replace temp table labels (file_index bigint, label {_enum(batch.labels)})")
    work.connection.execute("insert into labels select unnest(range(len($1))), unnest($1)", [list(batch.labels)])
    written = _write(work, batch, rows, origin) if landed else None
    if refused:
        query = f"select reason, column_name, detail, original_text, {origin.replace(' as _', '::varchar as _', 1)} from ({rows.refused}) {_LABELLED}"
        raw.quarantine(work.table, batch.batch_id, work.connection.sql(query).to_arrow_reader())
    reasons = _reasons(work.connection, rows) if refused else {}
    record = _record(work, batch, tallies, reasons, new_columns, loaded_at, time.monotonic() - started)
    raw.land(work.table, batch.batch_id, written, {**batch.marks, "loaded_at": loaded_at}, record)
    _append_record(record, lake)
    for leftover in work.table.workshop.glob("*"):
        leftover.unlink()
    return FeedReport(
        work.feed.name, landed + refused, landed, refused, reasons, 1, len(batch.labels), new_columns=tuple(new_columns)
    )


_LABELLED = "as found inner join labels on found.file_index = labels.file_index"


def _origin(batch: _Batch, loaded_at: int) -> str:
    """SQL of the columns that say where a row came from. As enums they are written as ready-made dictionaries."""
    one = f"{literal(batch.labels[0])}::{_enum(batch.labels)}"
    return (
        f"{one if len(batch.labels) == 1 else 'labels.label'} as _file, position as _position,"
        f" {literal(batch.batch_id)}::{_enum([batch.batch_id])} as _batch_id, make_timestamp({loaded_at}) as _loaded_at"
    )


def _enum(values: Sequence[str]) -> str:
    return f"enum ({', '.join(literal(value) for value in values)})"


def _write(work: _Work, batch: _Batch, rows: Rows, origin: str) -> Any:
    """Write the good rows to one Parquet file in the workshop and return DuckDB's statistics of it."""
    names = columns_sql([*(column.name for column in work.contract.columns), *rows.new_columns])
    labelled = _LABELLED if len(batch.labels) > 1 else ""
    target = work.table.workshop / f"batch-{batch.batch_id}.parquet"
    work.tell("landing", 0.7)
    return work.connection.execute(
        f"copy (select {names}, {origin} from ({rows.good}) {labelled})"
        f" to {literal(str(target))} (format parquet, parquet_version v2, compression zstd, return_stats)"
    ).fetchone()


def _reasons(connection: duckdb.DuckDBPyConnection, rows: Rows) -> dict[str, int]:
    found = connection.execute(f"select reason, count(*) from ({rows.refused}) group by reason order by reason").fetchall()
    return {str(reason): int(count) for reason, count in found}


def _record(
    work: _Work,
    batch: _Batch,
    tallies: Sequence[Tally],
    reasons: Mapping[str, int],
    new_columns: Sequence[str],
    loaded_at: int,
    seconds: float,
) -> dict[str, Any]:
    files = [
        {
            "file": batch.labels[entry.file_index],
            "digest": batch.digests[entry.file_index],
            "rows_read": entry.read,
            "rows_landed": entry.landed,
            "rows_quarantined": entry.refused,
        }
        for entry in tallies
    ]
    return {
        "batch_id": batch.batch_id,
        "run_id": work.run_id,
        "feed": work.feed.name,
        "loaded_at": loaded_at,
        "rows_read": sum(entry.read for entry in tallies),
        "rows_landed": sum(entry.landed for entry in tallies),
        "rows_quarantined": sum(entry.refused for entry in tallies),
        "bytes_read": batch.bytes,
        "seconds": seconds,
        "reasons": [{"reason": reason, "rows": count} for reason, count in reasons.items()],
        "files": files,
        "new_columns": list(new_columns),
    }


def new_run_id() -> str:
    """A name for this run that sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"

