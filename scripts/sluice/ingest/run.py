"""One run of ingest: for each feed, new data in batches, each of them in the lake whole or not at all."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import connect, literal
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent
from sluice.history import ledger
from sluice.ingest import csv_reader, json_reader, parquet_reader, postgres_reader
from sluice.ingest.feeds import Feed
from sluice.ingest.files import (
    Delivery,
    Memory,
    Unreadable,
    deliveries,
    find,
    has_changed,
    is_utf8,
    plain_name,
    transcode,
    unzip,
)
from sluice.ingest.landing import Batch, FeedReport, Work, land, record_refusals, write_missing_records
from sluice.ingest.rows import FilesRefusedError, StagedRows, Tally, is_misshapen, tally
from sluice.lake import raw
from sluice.lake.contracts import Contract

# A batch ends at this many bytes (after decompression) or files, whichever comes first: the unit of work that a kill costs.
BATCH_BYTES = 1 << 30
BATCH_FILES = 500


def prepare(lake: Path, contracts: Mapping[str, Contract]) -> dict[str, SluiceError]:
    """Make every raw, quarantine and ops table that is absent, so that models find them, empty at worst.

    Gives, by name, the contracts that what has been landed contradicts; their feeds will be refused.
    """
    ledger.ensure(lake)
    broken = {}
    for contract in contracts.values():
        try:
            raw.ensure(raw.RawTable(contract, lake))
        except SluiceError as error:
            broken[contract.name] = error
    return broken


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
        write_missing_records(table, lake)
        with connect(memory_limit=memory_limit, temp_directory=spill, extensions=extensions) as connection:
            work = Work(feed, table, connection, run_id, tell)
            report = _ingest_relation(work, lake) if feed.format == "postgres" else _ingest_files(work, lake)
    except SluiceError as error:
        why = f"{error.what} ({error.where})" if error.where else error.what
        report = FeedReport(feed.name, refused=((feed.path or feed.relation, why),))
    except Exception as error:  # noqa: BLE001  (whatever it is: a full disk, a missing right; the other feeds go on)
        # What was committed stays, the rest is taken back by the next run.
        said = (str(error).splitlines() or [""])[0]
        report = FeedReport(feed.name, refused=((feed.path or feed.relation, f"stopped: {type(error).__name__}: {said}"),))
    record_refusals(report, lake, run_id)
    shutil.rmtree(spill, ignore_errors=True)
    return replace(report, seconds=time.monotonic() - started)


# files


def _ingest_files(work: Work, lake: Path) -> FeedReport:
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


def _land_files(work: Work, files: Sequence[Delivery], lake: Path) -> FeedReport:
    """Land the files as one batch, without those that are refused as a whole."""
    readable = {file.label: _tried(_readable, work, file) for file in files}
    shapes = _shapes(work, [file for file in readable.values() if isinstance(file, Delivery)])
    outcomes = {**readable, **shapes}
    refused = {label: outcome.what for label, outcome in outcomes.items() if isinstance(outcome, SluiceError)}
    good = [file for label, file in readable.items() if label not in refused]
    report = FeedReport(work.feed.name, refused=tuple(refused.items()))
    return _add(report, _land_good(work, good, shapes, lake)) if good else report


def _land_good(work: Work, files: Sequence[Delivery], shapes: Mapping[str, Any], lake: Path) -> FeedReport:
    """Land files of good shape as one batch; a file that DuckDB stumbles over is found by halving, and refused."""
    files = sorted(files, key=lambda file: (shapes[file.label], file.label))
    try:
        rows = _read(work, files, {file.label: shapes[file.label] for file in files})
        tallies = _tallies(work, files, rows)
        batch = _file_batch(work.feed, files)
        return land(work, batch, rows, tallies, lake, lambda: _refuse_changed(files))
    except FilesRefusedError as refusal:
        report = FeedReport(work.feed.name, refused=tuple(refusal.why.items()))
        rest = [file for file in files if file.label not in refusal.why]
        return _add(report, _land_good(work, rest, shapes, lake)) if rest else report
    except duckdb.Error as error:
        if len(files) == 1:
            why = f"stopped: {str(error).splitlines()[0]}"
            return FeedReport(work.feed.name, refused=((files[0].label, why),))
        half = len(files) // 2
        first = _land_good(work, files[:half], shapes, lake)
        return _add(first, _land_good(work, files[half:], shapes, lake))


def _refuse_changed(files: Sequence[Delivery]) -> None:
    changed = {file.label: "it changed while it was read; run again" for file in files if has_changed(file)}
    if changed:
        raise FilesRefusedError(changed)


def _readable(work: Work, file: Delivery) -> Delivery:
    """The file as DuckDB can read it. Raises SluiceError where it is not of the encoding that the feed names."""
    if work.feed.format == "parquet" and file.path.suffix.lower() == ".gz":
        target = work.table.workshop / f"{file.content.digest}.parquet"
        unzip(file.path, target)
        return replace(file, readable=target)
    if work.feed.format == "parquet" or is_utf8(work.feed.encoding):
        odd = glob.has_magic(str(file.path)) or file.path.suffix == ".GZ"
        return plain_name(file, work.table.workshop) if odd else file
    target = work.table.workshop / f"{file.content.digest}.utf8"
    transcode(file.path, work.feed.encoding, target)
    return replace(file, readable=target)


def _shapes(work: Work, files: Sequence[Delivery]) -> dict[str, Any]:
    """The shape of each file by label, or the SluiceError that refuses it."""
    if work.feed.format == "parquet":
        return dict(parquet_reader.shapes(work.connection, work.contract, files))
    if work.feed.format == "csv":
        return {file.label: _tried(csv_reader.shape, work.contract, work.feed, file) for file in files}
    return {file.label: () for file in files}


def _tried(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function gives, or the SluiceError that it raises."""
    try:
        return function(*arguments)
    except SluiceError as error:
        return error


def _read(work: Work, files: Sequence[Delivery], shapes: Mapping[str, Any]) -> StagedRows:
    work.tell("reading", 0.3)
    if work.feed.format == "csv":
        return csv_reader.read(work.connection, work.contract, work.feed, files, shapes)
    if work.feed.format == "json":
        return json_reader.read(work.connection, work.contract, files)
    return parquet_reader.read(work.contract, files, shapes)


def _tallies(work: Work, files: Sequence[Delivery], rows: StagedRows) -> list[Tally]:
    """Count each file's rows. Raises FilesRefusedError for files of another shape, or whose lines do not add up."""
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
        raise FilesRefusedError(why)
    return tallies


def _adds_up(work: Work, file: Delivery, entry: Tally) -> bool:
    """Whether as many records were read as the file has lines, counted by other means; with quotes lines can't tell."""
    if work.feed.format == "parquet" or (work.feed.format == "csv" and (file.content.quotes or work.feed.quote != '"')):
        return True
    headers = 1 if work.feed.format == "csv" else 0
    if entry.read == file.content.lines - headers:
        return True
    lines = f"read_csv({literal(str(file.readable))}, {csv_reader.LINES})"
    row = work.connection.execute(f"select count(*) from {lines} where trim(line, chr(13)) <> ''").fetchone()
    return row is not None and entry.read == row[0] - headers


def _file_batch(feed: Feed, files: Sequence[Delivery]) -> Batch:
    digests = tuple(sorted(file.content.digest for file in files))
    identity = hashlib.sha256("\n".join([feed.name, *digests]).encode()).hexdigest()[:20]
    return Batch(
        identity,
        tuple(file.label for file in files),
        tuple(file.content.digest for file in files),
        sum(file.content.bytes for file in files),
        {f"file:{digest}": 1 for digest in digests},
    )


# tables of a server


def _ingest_relation(work: Work, lake: Path) -> FeedReport:
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
    return land(work, Batch(identity, (feed.relation,), (identity,), 0, marks), rows, tallies, lake)


def new_run_id() -> str:
    """A name for this run that sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
