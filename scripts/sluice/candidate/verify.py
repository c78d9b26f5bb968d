"""Whether a file is still what its record says: the digest of every relation, and of the file itself if it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sluice.core.errors import SluiceError
from sluice.core.progress import Tell
from sluice.store import digest, models, standalone
from sluice.store.record import WORK, File, Record, Relation


@dataclass(frozen=True)
class Difference:
    """A relation, or the file itself, that is not as recorded; `what` says how in a few words."""

    name: str
    what: str


@dataclass(frozen=True)
class Verified:
    """What was compared, and what differs. `remark` says why a difference may not mean much."""

    release_id: str
    relations: int
    differences: tuple[Difference, ...]
    remark: str | None = None


def verify(record: Record, file: Path, tell: Tell, memory_limit: str | None = None) -> Verified:
    """Compare a file with its record. Raises SluiceError if the record has no digest, or the file cannot be read."""
    if record.digest is None:
        hint = "only a candidate without failing tests has one"
        raise SluiceError(f"{record.release_id} has no digest to compare with", where=str(file), hint=hint)
    try:
        found, damaged = _read(record, file, tell, memory_limit)
    except duckdb.Error as error:
        raise SluiceError(f"the file cannot be read: {str(error).splitlines()[0]}", where=str(file)) from error
    work = file.with_name(WORK)
    of_files = (*of_file(record.file, file, "the file"), *(of_file(record.work, work, WORK) if work.is_file() else ()))
    expected = {name: relation for name, relation in record.relations.items() if name not in damaged}
    unreadable = tuple(Difference(name, f"cannot be read: {why}") for name, why in damaged.items())
    of_models = tuple(Difference(name, "is not the file that is recorded") for name in models.changed(record, file.parent))
    differing = (*of_files, *of_models, *unreadable, *compared(expected, found))
    return Verified(record.release_id, len(record.relations), differing, _remark(record) if differing else None)


def _read(record: Record, file: Path, tell: Tell, memory_limit: str | None) -> tuple[dict[str, Relation], dict[str, str]]:
    """The relations of a file, with digests as the record has them; and those that cannot be read, with the reason."""
    with standalone.opened(file) as connection:
        names = [f"{schema}.{name}" for schema, name in digest.listed(connection, standalone.ALIAS)]
    found, damaged = dict[str, Relation](), dict[str, str]()
    for number, name in enumerate(names):
        tell(name, number / len(names))
        try:
            found |= standalone.read(file, [name], memory_limit=memory_limit, version=record.digest_version)
        except duckdb.Error as error:
            damaged[name] = str(error).splitlines()[0]
    return found, damaged


def compared(recorded: Mapping[str, Relation], found: Mapping[str, Relation]) -> tuple[Difference, ...]:
    """What differs between two sets of relations, by name."""
    names = sorted(recorded.keys() | found.keys())
    found_by_name = ((name, _what(recorded.get(name), found.get(name))) for name in names)
    return tuple(Difference(name, what) for name, what in found_by_name if what)


def _what(recorded: Relation | None, found: Relation | None) -> str:
    if recorded is None or found is None:
        return "is not in the record" if recorded is None else "is gone"
    if recorded.columns != found.columns:
        return f"other columns: {_changed(recorded.columns, found.columns)}"
    if recorded.rows != found.rows:
        return f"{found.rows:,} rows, {recorded.rows:,} are recorded"
    return "" if recorded.digest == found.digest else f"the same number of rows ({found.rows:,}), other values"


def _changed(recorded: tuple[tuple[str, str], ...], found: tuple[tuple[str, str], ...]) -> str:
    gone = [f"-{name} {kind}" for name, kind in recorded if (name, kind) not in found]
    new = [f"+{name} {kind}" for name, kind in found if (name, kind) not in recorded]
    return ", ".join([*gone, *new]) or "another order"


def of_file(made: File | None, file: Path, name: str) -> tuple[Difference, ...]:
    """A file itself, called `name`: its size, and its sha256 if that is recorded."""
    if made is None:
        return ()
    size = file.stat().st_size
    if size != made.bytes:
        return (Difference(name, f"{size:,} bytes, {made.bytes:,} are recorded"),)
    if made.sha256 and made.sha256 != digest.of_file(file):
        return (Difference(name, "another sha256"),)
    return ()


def _remark(record: Record) -> str | None:
    if record.duckdb == duckdb.__version__:
        return None
    return f"the digest was taken by DuckDB {record.duckdb}, this is {duckdb.__version__}: their hashes may differ"
