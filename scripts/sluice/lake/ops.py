"""What happened, as Delta tables under lake/ops: written after each step, never by the step's own tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import TableNotFoundError

_TIME = pa.timestamp("us")
SCHEMAS = {
    "batches": pa.schema([
        ("batch_id", pa.string()), ("run_id", pa.string()), ("feed", pa.string()), ("loaded_at", _TIME),
        ("rows_read", pa.int64()), ("rows_landed", pa.int64()), ("rows_quarantined", pa.int64()),
        ("bytes_read", pa.int64()), ("seconds", pa.float64()),
        ("reasons", pa.list_(pa.struct([("reason", pa.string()), ("rows", pa.int64())]))),
        ("files", pa.list_(pa.struct([("file", pa.string()), ("digest", pa.string()), ("rows_read", pa.int64()),
                                      ("rows_landed", pa.int64()), ("rows_quarantined", pa.int64())]))),
        ("new_columns", pa.list_(pa.string())),
    ]),
    "refusals": pa.schema([
        ("refused_at", _TIME), ("run_id", pa.string()), ("feed", pa.string()), ("file", pa.string()),
        ("digest", pa.string()), ("reason", pa.string()),
    ]),
    "checks": pa.schema([
        ("run_id", pa.string()), ("checked_at", _TIME), ("warehouse", pa.string()), ("kind", pa.string()),
        ("model", pa.string()), ("column_name", pa.string()), ("check_name", pa.string()), ("severity", pa.string()),
        ("status", pa.string()), ("failures", pa.int64()), ("observed", pa.string()), ("expected", pa.string()),
        ("seconds", pa.float64()),
    ]),
    "decisions": pa.schema([
        ("decision_id", pa.string()), ("decided_at", _TIME), ("decision", pa.string()), ("quarantine_id", pa.string()),
        ("place", pa.string()), ("feed", pa.string()), ("entity", pa.string()), ("rule", pa.string()),
        ("row_key", pa.string()), ("batch_id", pa.string()), ("source_file", pa.string()),
        ("source_position", pa.int64()), ("decided_by", pa.string()), ("why", pa.string()), ("until_at", _TIME),
        ("correction_batch_id", pa.string()),
    ]),
    "releases": pa.schema([
        ("event_id", pa.string()), ("tried_at", _TIME), ("action", pa.string()), ("environment", pa.string()),
        ("release_id", pa.string()), ("from_release_id", pa.string()), ("actor", pa.string()), ("outcome", pa.string()),
        ("why", pa.string()), ("detail", pa.string()), ("seconds", pa.float64()),
    ]),
}  # fmt: skip


def append(lake: Path, kind: str, rows: Sequence[Mapping[str, Any]], transaction: str | None = None) -> None:
    """Append rows to lake/ops/`kind`. With a `transaction`, the same call made twice appends once."""
    path = str(lake / "ops" / kind)
    if transaction and has(lake, kind, transaction):
        return
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMAS[kind])
    marks = [Transaction(transaction, 1)] if transaction else None
    write_deltalake(path, table, mode="append", commit_properties=CommitProperties(app_transactions=marks))


def has(lake: Path, kind: str, transaction: str) -> bool:
    """Whether an append of that name is in lake/ops/`kind`."""
    try:
        return DeltaTable(str(lake / "ops" / kind)).transaction_version(transaction) is not None
    except TableNotFoundError:
        return False


def ensure(lake: Path) -> None:
    """Make the tables that are absent, empty."""
    for kind, schema in SCHEMAS.items():
        DeltaTable.create(str(lake / "ops" / kind), schema=schema, mode="ignore")
