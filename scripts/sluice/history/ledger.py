"""The tables under lake/ops: appended to after each step, never changed. Their columns are the fields of `kinds`."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.history.kinds import KINDS, Entry
from sluice.lake import schema_evolution
from sluice.lake.opening import first_line, open_table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# An append needs a data file and a commit, of a few kilobytes each.
ROOM = 64 * 1024
# Each append is a file and a commit, and each costs a reader a millisecond: after so many versions, the files become one, and the
# log a checkpoint.
COMPACTED_EVERY = 20
# A file of this size is left as it is: what a compaction writes does not grow with the history.
FILE_BYTES = 2 * 2**20
# A checkpoint comes with each compaction. That deltalake looks for one after every commit costs more with every commit there is.
_NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)

_TYPES = {str: "varchar", int: "bigint", float: "double", bool: "boolean", datetime: "timestamp"}


def columns(kind: type[DataclassInstance]) -> dict[str, str]:
    """The columns of a kind, or the fields of a struct, with DuckDB's types."""
    hints = get_type_hints(kind)
    return {field.name: _type(hints[field.name]) for field in fields(kind)}


def _type(hint: Any) -> str:
    """`X | None` becomes the type of X, `tuple[X, ...]` a list, a dataclass a struct."""
    if isinstance(hint, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is tuple:
        return f"{_type(get_args(hint)[0])}[]"
    if isinstance(hint, type) and is_dataclass(hint):
        return f"struct({', '.join(f'{name} {kind}' for name, kind in columns(hint).items())})"
    return _TYPES[hint]


def _schema(kind: type[Entry]) -> pa.Schema:
    return _schema_of(tuple(columns(kind).items()))


@cache
def _schema_of(columns: tuple[tuple[str, str], ...]) -> pa.Schema:
    return schema_evolution.schema_of(dict(columns))


def _path(lake: Path, kind: type[Entry]) -> Path:
    return lake / "ops" / kind.TABLE


def append(lake: Path, rows: Sequence[Entry], transaction: str | None = None, version: int = 1) -> None:
    """Append rows of one kind. With a `transaction`, the same call made twice appends once, also from two processes at once.

    A transaction that is made again has a higher `version` each time.

    A table that an older version made gains the columns that it lacks; columns that a newer version added stay empty.
    Raises SluiceError where the table holds a column in another type, is damaged, or cannot be written.
    """
    if not rows:
        return
    _must_be_writable(_path(lake, type(rows[0])))
    try:
        made = schema_evolution.committed(lambda: _append(lake, rows, transaction, version))
        if made is not None and made % COMPACTED_EVERY == 0:
            _compact(_path(lake, type(rows[0])))
    except (DeltaError, OSError) as error:
        folder = _path(lake, type(rows[0]))
        raise SluiceError(
            f"the record cannot be written: {first_line(error)}", where=str(folder), hint="make room, or give the right to write"
        ) from error


def _must_be_writable(table: Path) -> None:
    """Raise SluiceError where this user may not write, or there is no room; deltalake would print a thread's backtrace first."""
    folder = next((path for path in (table, *table.parents) if path.exists()), table)
    if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
        hint = "ask the owner for the right, or run it as a user who has it"
        raise SluiceError(f"{folder} may not be written to", where=str(table), hint=hint)
    if shutil.disk_usage(folder).free < ROOM:
        raise SluiceError(os.strerror(errno.ENOSPC), where=str(table), hint="make room, then run it again")


def _append(lake: Path, rows: Sequence[Entry], transaction: str | None, version: int) -> int | None:
    """The version that was made; None where the transaction was there already."""
    (kind,) = {type(row) for row in rows}
    delta = _grown(lake, kind)
    if transaction and (delta.transaction_version(transaction) or 0) >= version:
        return None
    data = pa.Table.from_pylist([asdict(row) for row in rows], schema=_schema(kind))
    properties = CommitProperties(app_transactions=[Transaction(transaction, version)] if transaction else None)
    # The commit is checked against those after the version that was asked for the transaction. `merge` fills the columns
    # that only the table has.
    write_deltalake(
        delta, data, mode="append", schema_mode="merge", commit_properties=properties, post_commithook_properties=_NO_HOOKS
    )
    return delta.version()


def _compact(table: Path) -> None:
    """Write the rows of small files into one. Earlier versions keep theirs: a release can still be built from them."""
    with suppress(DeltaError, OSError):  # another process was first, or will be
        delta = open_table(table)
        delta.optimize.compact(target_size=FILE_BYTES)
        delta.create_checkpoint()


def _grown(lake: Path, kind: type[Entry]) -> DeltaTable:
    return schema_evolution.grow(_path(lake, kind), _schema(kind), "this version of sluice writes")


def has(lake: Path, kind: type[Entry], transaction: str) -> bool:
    """Whether an append of that name is in the table."""
    try:
        return open_table(_path(lake, kind)).transaction_version(transaction) is not None
    except TableNotFoundError:
        return False


def reached(lake: Path, kind: type[Entry], transaction: str) -> int:
    """The version of a transaction that is made again and again; 0 before the first time."""
    try:
        return open_table(_path(lake, kind)).transaction_version(transaction) or 0
    except TableNotFoundError:
        return 0


def ensure(lake: Path, kinds: Sequence[type[Entry]] = KINDS) -> None:
    """Create the tables that are missing, and add the columns that older ones lack. Raises SluiceError for a damaged one."""
    for kind in kinds:
        _grown(lake, kind)


def query(lake: Path, kind: type[Entry]) -> str:
    """SQL of a table with all columns of its kind: no rows where it has not been created, null where it is older.

    Raises SluiceError for a damaged table.
    """
    values = ", ".join(f"null::{type} as {name}" for name, type in columns(kind).items())
    empty, path = f"select {values} where false", _path(lake, kind)
    try:
        open_table(path)
    except TableNotFoundError:
        return empty
    return f"{empty} union all by name from delta_scan({literal(str(path))})"
