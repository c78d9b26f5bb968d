"""The raw table of a feed and its quarantine: created from the contract, written batch by batch, exactly once.

A batch becomes visible by one Delta commit on the raw table. That commit carries, as application transactions, the
batch, the digest of each of its files and how far a cursor was read, so none of them can be there without the rows or
twice. Quarantine is written just before; if the process ends between the two, `undo_half_batch` removes it.

A stream lands thousands of batches a day, so these are numbered: one transaction holds the number of the newest.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction

from sluice.core.errors import SluiceError
from sluice.lake import schema_evolution
from sluice.lake.contracts import Contract
from sluice.lake.opening import open_table

# What ingest adds to each row, after the contract's columns.
ORIGIN = {"_file": "varchar", "_position": "bigint", "_batch_id": "varchar", "_loaded_at": "timestamp"}
_QUARANTINE = {
    "reason": "varchar", "column_name": "varchar", "detail": "varchar", "original_text": "varchar", **ORIGIN,
    "original_bytes": "blob",
}  # fmt: skip
RECORD = "sluice.batch"
# The same for a batch of a stream, and the transaction that numbers these batches.
STREAMED = "sluice.streamed_batch"
STREAM = "stream"
_STREAMED_BATCH = re.compile(r"stream-\w+-(\d+)-\w+")
CHECKPOINT_EVERY = 50
# A checkpoint is made here, and the log is kept: deltalake would look for what to do after every commit.
_NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


class OutrunError(Exception):
    """Another process has landed what this batch holds, or a part of it: nothing of it may land."""


@dataclass(frozen=True)
class RawTable:
    """The two Delta tables of one feed, and the folder where its batches are prepared."""

    contract: Contract
    lake: Path

    @property
    def path(self) -> Path:
        """Folder of the raw table."""
        return self.lake / "raw" / self.contract.source / self.contract.table

    @property
    def quarantine_path(self) -> Path:
        """Folder of the quarantine table."""
        return self.lake / "quarantine" / self.contract.source / self.contract.table

    @property
    def incoming(self) -> Path:
        """Folder for files that are not yet part of the lake."""
        return self.lake / ".incoming" / self.contract.source / self.contract.table

    def open(self) -> DeltaTable:
        """The raw table as it is now. Raises SluiceError for a damaged one."""
        return open_table(self.path)


def quarantine_of(table: RawTable) -> DeltaTable:
    """The quarantine of a raw table as it is now. Raises SluiceError for a damaged one."""
    return open_table(table.quarantine_path)


def ensure(table: RawTable) -> None:
    """Create the raw table and its quarantine if they do not exist; add columns that are new in the contract.

    Raises SluiceError where the lake holds a column in another type than the contract promises.
    """
    promised = {column.name: column.type for column in table.contract.columns}
    for path, columns in ((table.path, {**promised, **ORIGIN}), (table.quarantine_path, _QUARANTINE)):
        schema_evolution.grow(path, schema_evolution.schema_of(columns), "the contract promises")


def columns(table: RawTable) -> list[str]:
    """The columns that the raw table has, those that the contract does not know included."""
    return [field.name for field in table.open().schema().fields]


def add_text_columns(table: RawTable, names: Sequence[str]) -> list[str]:
    """Add columns that the contract does not know, as text; return those that were not there yet."""
    delta = table.open()
    present = {field.name for field in delta.schema().fields}
    new = [name for name in names if name not in present]
    clashes = {name.lower() for name in new} & {name.lower() for name in present}
    if clashes:
        raise SluiceError(f"columns {', '.join(sorted(clashes))} have been landed before in another case", where=str(table.path))
    if new:
        delta.alter.add_columns([Field(name, PrimitiveType("string")) for name in new])
    return new


def has_file(delta: DeltaTable, digest: str) -> bool:
    """Whether a file of this content is in the table."""
    return delta.transaction_version(f"file:{digest}") is not None


def has_batch(delta: DeltaTable, batch_id: str) -> bool:
    """Whether a batch is in the table. Of a stream's batch it is enough that one of its number is: two may have raced."""
    return _has_batch(delta, batch_id, delta.transaction_version(STREAM) or 0)


def _has_batch(delta: DeltaTable, batch_id: str, newest: int) -> bool:
    """The same, with the number of the newest batch of a stream: there may be thousands of files to ask for."""
    if numbered := _STREAMED_BATCH.fullmatch(batch_id):
        return newest >= int(numbered.group(1))
    return delta.transaction_version(f"batch:{batch_id}") is not None


def streamed_batch(feed: str, number: int) -> str:
    """An id for a stream's batch of this number, unlike that of any other process."""
    return f"stream-{hashlib.sha256(feed.encode()).hexdigest()[:8]}-{number:09d}-{uuid4().hex[:6]}"


def streamed_since(delta: DeltaTable, number: int) -> list[dict[str, Any]]:
    """The records of a stream's batches after the one of this number, oldest first."""
    newest = delta.transaction_version(STREAM) or 0
    found: list[dict[str, Any]] = []
    for commit in _commits(delta) if newest > number else ():
        if STREAMED in commit:
            found.append(json.loads(commit[STREAMED]))
        if len(found) == newest - number:
            break
    return found[::-1]


def _commits(delta: DeltaTable) -> Iterator[dict[str, Any]]:
    """The commits of a table, newest first; few are read as long as few are asked for."""
    asked, given = 64, 0
    while True:
        commits = delta.history(asked)
        yield from commits[given:]
        if len(commits) < asked:
            return
        asked, given = asked * 4, asked


def reached(delta: DeltaTable, cursor: str) -> int | None:
    """How far a cursor column has been read; None for never."""
    return delta.transaction_version(f"cursor:{cursor}")


def furthest(delta: DeltaTable, cursor: str) -> int | None:
    """The largest value of a cursor that has landed, also one that did not move it; None where that is not known."""
    return delta.transaction_version(f"furthest:{cursor}")


def next_load_time(delta: DeltaTable) -> int:
    """Now, in microseconds since 1970, but later than every batch of the table, also if the clock went back."""
    last = delta.transaction_version("loaded_at")
    now = time.time_ns() // 1000
    return now if last is None else max(now, last + 1)


def undo_half_batch(table: RawTable) -> str | None:
    """Undo what a killed run left: files not committed, and quarantine rows of a batch that never landed.

    Returns the batch whose quarantine was removed.
    """
    delta = table.open()
    newest = delta.transaction_version(STREAM) or 0
    batch = quarantine_of(table).history(1)[0].get("batch_id")
    is_half = batch is not None and not _is_landed(delta, str(batch))
    if is_half:
        undo_quarantine(table, str(batch))
    # What is in `incoming` says that there is something to undo, so it goes last: this may be interrupted, too.
    for file in (*table.path.glob("batch-*.parquet"), *table.incoming.glob("*")):
        if file.parent == table.incoming or not _has_batch(delta, _batch_of(file), newest):
            file.unlink(missing_ok=True)
    return str(batch) if is_half else None


def undo_quarantine(table: RawTable, batch_id: str) -> None:
    """Remove the rows of a batch that will not land."""
    quarantine_of(table).delete(f"_batch_id = '{batch_id}'")


def _is_landed(delta: DeltaTable, batch_id: str) -> bool:
    """Whether this very batch is in the table; of a stream's, its commit says so."""
    numbered = _STREAMED_BATCH.fullmatch(batch_id)
    if numbered is None or not has_batch(delta, batch_id):
        return has_batch(delta, batch_id)
    return any(record["batch_id"] == batch_id for record in streamed_since(delta, int(numbered.group(1)) - 1)[:1])


def _batch_of(file: Path) -> str:
    return file.stem.removeprefix("batch-")


def quarantine(table: RawTable, batch_id: str, rows: pa.RecordBatchReader) -> None:
    """Append refused rows. They are valid once their batch has landed."""
    properties = CommitProperties(custom_metadata={"batch_id": batch_id})
    write_deltalake(str(table.quarantine_path), rows, mode="append", commit_properties=properties)


def land(
    table: RawTable,
    batch_id: str,
    written: Sequence[Any] | None,
    transactions: Mapping[str, int],
    record: Mapping[str, Any] | None,
    expected: Mapping[str, int | None] | None = None,
) -> int:
    """Commit a batch and return the table's new version.

    `written` is DuckDB's row of statistics for the batch's file in `incoming` (None for a batch without a good row);
    `transactions` are application transactions, `record` is the row for lake/ops/batches. A batch of a stream says which
    versions of them it is `expected` to find (None: not there): OutrunError where they have moved on, also at the same moment.
    """
    delta = table.open()
    if expected is not None and any(delta.transaction_version(name) != version for name, version in expected.items()):
        raise OutrunError
    actions: list[AddAction | RemoveAction] = [] if written is None else [_adopt(table, written)]
    marks = transactions if expected is not None else {f"batch:{batch_id}": 1, **transactions}
    properties = CommitProperties(
        custom_metadata={RECORD if expected is None else STREAMED: json.dumps(record)} if record else None,
        app_transactions=[Transaction(name, version) for name, version in marks.items()],
    )
    hooks = None if expected is None else _NO_HOOKS
    try:
        delta.create_write_transaction(
            actions, "append", delta.schema(), commit_properties=properties, post_commithook_properties=hooks
        )
    except CommitFailedError as error:
        if expected is None:
            raise
        raise OutrunError from error
    delta.update_incremental()
    if delta.version() % CHECKPOINT_EVERY == 0:
        delta.create_checkpoint()
    return delta.version()


def _adopt(table: RawTable, written: Sequence[Any]) -> AddAction:
    path, rows, size, _, columns, *_ = written
    source = Path(str(path))
    source.replace(table.path / source.name)
    modified = (table.path / source.name).stat().st_mtime_ns // 1_000_000
    return AddAction(source.name, int(size), {}, modified, True, json.dumps(_statistics(int(rows), columns)))


def _statistics(rows: int, columns: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Delta's statistics from DuckDB's: null counts of all plain columns, bounds of whole numbers and times."""
    plain = {name.strip('"'): values for name, values in columns.items() if '"."' not in name}
    lowest, highest = {}, {}
    for name, values in plain.items():
        if name in ("_position", "_loaded_at") and "min" in values:
            lowest[name], highest[name] = _bound(values["min"]), _bound(values["max"])
    nulls = {name: int(values["null_count"]) for name, values in plain.items() if "null_count" in values}
    return {"numRecords": rows, "minValues": lowest, "maxValues": highest, "nullCount": nulls}


def _bound(text: str) -> int | str:
    if text.lstrip("-").isdigit():
        return int(text)
    day, _, clock = text.partition(" ")
    return f"{day}T{clock if '.' in clock else clock + '.000'}"
