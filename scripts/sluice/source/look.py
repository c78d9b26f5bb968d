"""Look at what is delivered: stage the rows of each raw table in DuckDB, up to a bound, and count what is in them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from sluice.core.duck import MEMORY_LIMIT, connect, identifier, literal
from sluice.core.errors import SluiceError
from sluice.ingest.files import compression, decompress, is_utf8, transcode
from sluice.ingest.readers.file_feed import LINES
from sluice.source.dialect import Dialect, dialect, encoding_of, header_of
from sluice.source.facts import PLAIN, TEXT, TableFacts
from sluice.source.groups import Group
from sluice.source.keys import find_key
from sluice.source.profile import profile

# Rows of one raw table that are looked at; of more, the first ones.
ROWS = 1_000_000
# What a column is called whose name in the header is empty.
UNNAMED = "unnamed"

Columns = Sequence[tuple[str, str | None]]  # names with the type that the source gives, None for text


@contextmanager
def opened(extensions: Iterable[Sequence[str]] = ()) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection that may spill to disk, with what readers need, and a folder for copies of files."""
    with TemporaryDirectory(prefix="sluice-source-") as name:
        folder, needed = Path(name), sorted({name for names in extensions for name in names})
        with connect(memory_limit=MEMORY_LIMIT, temp_directory=folder / "spill", extensions=needed) as connection:
            yield connection, folder


def look_at(group: Group, connection: duckdb.DuckDBPyConnection, folder: Path) -> TableFacts:
    """The facts of one group of files. Raises SluiceError for files that cannot be read."""
    try:
        staged = _STAGES[group.format](group, connection, folder)
    except (duckdb.Error, OSError, EOFError, zlib.error) as error:
        raise SluiceError(f"cannot be read: {(str(error).splitlines() or [''])[0]}", where=group.pattern) from error
    found = facts(connection, group.table, {"format": group.format, **staged.feed}, staged.columns)
    columns = tuple(replace(one, files=staged.files[one.name]) for one in found.columns)
    return replace(found, files=len(group.paths), columns=columns, notes=staged.notes)


def facts(connection: duckdb.DuckDBPyConnection, table: str, feed: Mapping[str, Any], columns: Columns) -> TableFacts:
    """The facts of the rows in the temporary table `looked`, which has __file beside the columns."""
    profiled = [profile(connection, name, kind) for name, kind in columns]
    row = connection.execute("select count(*) from looked").fetchone()
    assert row is not None
    key, sure = find_key(connection, table, profiled)
    return TableFacts(table, feed, tuple(profiled), row[0], is_sample=row[0] >= ROWS, key=key, key_sure=sure)


# --- files: each function fills `looked` ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Staged:
    """The columns, the keys of the feed, in how many files each column is, and what speaks against the files."""

    columns: Columns
    feed: dict[str, Any]
    files: Mapping[str, int]
    notes: tuple[str, ...] = ()


def _csv(group: Group, connection: duckdb.DuckDBPyConnection, folder: Path) -> Staged:
    found = dialect(group.paths[0])
    headers = {path: _names(header_of(path, found)) for path in group.paths}
    names = list(dict.fromkeys(name for header in headers.values() for name in header))
    _create(connection, dict.fromkeys(names, "varchar"))
    for number, (path, header) in enumerate(headers.items()):
        source = _read_csv(_readable(path, found.encoding, folder), found, header)
        if not _insert(connection, source, header, number):
            break
    files = {name: sum(name in header for header in headers.values()) for name in names}
    faults = [_fault(header_of(path, found)) for path in group.paths]
    return Staged([(name, None) for name in names], found.feed(), files, tuple(dict.fromkeys(filter(None, faults))))


def _fault(header: Sequence[str]) -> str:
    """Why ingest would refuse a file with this header, and what to do; empty if it would not."""
    lowered = [name.strip().lower() for name in header]
    doubled = sorted({name for name in lowered if name and lowered.count(name) > 1})
    if "" in lowered:
        return f"column {lowered.index('') + 1} of the header has no name, so ingest refuses the file: have it named"
    return f"the header names {', '.join(doubled)} twice, so ingest refuses the file: have one renamed" if doubled else ""


def _names(header: Sequence[str]) -> list[str]:
    """The names of a header without blanks around them, each once; one that is missing is `UNNAMED`."""
    names: list[str] = []
    for name in (name.strip() or UNNAMED for name in header):
        names.append(name if name.lower() not in map(str.lower, names) else f"{name}_{len(names) + 1}")
    return names


def _read_csv(path: Path, like: Dialect, header: Sequence[str]) -> str:
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
    delimiter, quote = literal(like.delimiter), literal(like.quote)
    return (
        f"read_csv({literal(str(path))}, columns = {{{columns}}}, header = true, auto_detect = false, skip = {like.skip},"
        f" delim = {delimiter}, quote = {quote}, escape = {quote}, ignore_errors = true)"
    )


def _json(group: Group, connection: duckdb.DuckDBPyConnection, folder: Path) -> Staged:
    encoding = encoding_of(group.paths[0])
    _create(connection, {"line": "varchar"})
    for number, path in enumerate(group.paths):
        if not _insert(connection, f"read_csv({literal(str(_readable(path, encoding, folder)))}, {LINES})", ["line"], number):
            break
    columns = of_lines(connection, group.pattern)
    feed = {} if is_utf8(encoding) else {"encoding": encoding}
    return Staged(columns, feed, {name: len(group.paths) for name, _ in columns})


def of_lines(connection: duckdb.DuckDBPyConnection, where: str) -> Columns:
    """Make columns of the JSON objects in `looked` (line, __file). Raises SluiceError where they are none."""
    fields = _fields(connection, where)
    connection.execute(f"create or replace temp table looked as select {extracted(fields)}, __file from looked")
    return [(name, _json_kind(kind)) for name, kind in fields.items()]


def _fields(connection: duckdb.DuckDBPyConnection, where: str) -> dict[str, Any]:
    """The keys of the objects with DuckDB's structure of their values."""
    connection.execute("delete from looked where not json_valid(line)")
    row = connection.execute("select json_group_structure(line::json)::varchar from looked").fetchone()
    fields = json.loads(row[0]) if row and row[0] else None
    if not isinstance(fields, dict):
        raise SluiceError("not one JSON object a line", where=where, hint="e.g. jq -c '.[]' turns a list into lines")
    return fields


def extracted(fields: Iterable[str]) -> str:
    """SQL of the fields of the JSON objects in the column `line`, as text."""
    pointers = {name: "/" + name.replace("~", "~0").replace("/", "~1") for name in fields}
    return ", ".join(f"json_extract_string(line, {literal(path)}) as {identifier(name)}" for name, path in pointers.items())


def _json_kind(structure: Any) -> str:
    """The type of nested values; `TEXT` for what is text in JSON, `PLAIN` for numbers and the like."""
    if isinstance(structure, Mapping | list):
        return _nested(structure)
    return TEXT if structure == "VARCHAR" else PLAIN


_OF_JSON = {"BOOLEAN": "boolean", "BIGINT": "bigint", "UBIGINT": "bigint", "DOUBLE": "double"}


def _nested(structure: Any) -> str:
    if isinstance(structure, Mapping):
        return "struct(" + ", ".join(f"{identifier(name)} {_nested(kind)}" for name, kind in structure.items()) + ")"
    if isinstance(structure, list):
        return f"{_nested(structure[0])}[]"
    return _OF_JSON.get(structure, "varchar")


def _parquet(group: Group, connection: duckdb.DuckDBPyConnection, folder: Path) -> Staged:
    kinds: dict[str, str] = {}
    files: dict[str, int] = {}
    sources = {path: f"read_parquet({literal(str(_unpacked(path, folder)))})" for path in group.paths}
    for source in sources.values():
        for name, kind, *_ in connection.execute(f"describe select * from {source}").fetchall():
            kinds.setdefault(name, kind)
            files[name] = files.get(name, 0) + 1
    _create(connection, kinds)
    for number, source in enumerate(sources.values()):
        here = [name for name, *_ in connection.execute(f"describe select * from {source}").fetchall()]
        if not _insert(connection, source, here, number):
            break
    return Staged(list(kinds.items()), {}, files)


def _excel(group: Group, connection: duckdb.DuckDBPyConnection, folder: Path) -> Staged:
    """The first sheet of each workbook; days are numbers there, and known by how their cells are shown."""
    files = [literal(str(_unpacked(path, folder))) for path in group.paths]
    described = connection.execute(f"describe select * from read_xlsx({files[0]})").fetchall()
    _create(connection, {name: "varchar" for name, *_ in described})
    for number, file in enumerate(files):
        source = f"read_xlsx({file}, all_varchar = true)"
        if not _insert(connection, source, [name for name, *_ in described], number):
            break
    columns = [(name, _excel_kind(connection, name, kind)) for name, kind, *_ in described]
    return Staged(columns, {}, {name: len(files) for name, *_ in described})


def _excel_kind(connection: duckdb.DuckDBPyConnection, name: str, kind: str) -> str | None:
    """Where all cells are numbers: a column of days if the first cell is shown as one. Else its values say what it is."""
    column = identifier(name)
    row = connection.execute(f"select count({column}) = count(try_cast({column} as double)) from looked").fetchone()
    numbers = {"DATE": "DATE", "TIMESTAMP": "TIMESTAMP", "DOUBLE": PLAIN}
    return numbers.get(kind) if row == (True,) else None


_STAGES: dict[str, Callable[[Group, duckdb.DuckDBPyConnection, Path], Staged]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
    "excel": _excel,
}


def _create(connection: duckdb.DuckDBPyConnection, kinds: Mapping[str, str]) -> None:
    columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in kinds.items())
    connection.execute(f"create or replace temp table looked ({columns}, __file integer)")


def _insert(connection: duckdb.DuckDBPyConnection, source: str, names: Sequence[str], number: int) -> bool:
    """Add the rows of a file; False once the bound is reached."""
    row = connection.execute("select count(*) from looked").fetchone()
    assert row is not None
    columns = ", ".join(identifier(name) for name in names)
    connection.execute(f"insert into looked by name select {columns}, {number} as __file from {source} limit {ROWS - row[0]}")
    return bool(row[0] < ROWS)


def _readable(path: Path, encoding: str, folder: Path) -> Path:
    """The file as DuckDB reads it: in UTF-8, under a name that is not a pattern."""
    if is_utf8(encoding):
        return _unpacked(path, folder) if compression(path) and not path.name.endswith(".gz") else _linked(path, folder)
    target = _copy_of(path, folder, ".txt")
    transcode(path, encoding, target)
    return target


def _unpacked(path: Path, folder: Path) -> Path:
    if not compression(path):
        return _linked(path, folder)
    target = _copy_of(path, folder)
    decompress(path, target)
    return target


def _linked(path: Path, folder: Path) -> Path:
    link = _copy_of(path, folder, compression(path))
    link.unlink(missing_ok=True)
    link.symlink_to(path.absolute())
    return link


def _copy_of(path: Path, folder: Path, suffix: str = "") -> Path:
    return folder / (hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:20] + suffix)
