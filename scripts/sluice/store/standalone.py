"""A warehouse file that stands alone: it opens in any DuckDB without an extension, lake or network, under any name."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded
from sluice.core.progress import Tell, silent
from sluice.store import digest
from sluice.store.record import Relation
from sluice.store.store import FileSummary

# Extensions are never loaded by themselves.
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
}
# No file has this name: what can be read under it can be read under every other.
ALIAS = "opened_alone"
# A file is rewritten when its free blocks are more than this share of it, and more than this many bytes. A build leaves
# about as much free space as it rewrites; the next build reuses it, but every release that is kept would carry it.
FREE_SHARE = 1 / 3
FREE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class View:
    """A view: how its statement begins (`create view <name> ... as`), its query, and its comments."""

    schema: str
    name: str
    head: str
    query: str
    comment: str | None
    column_comments: tuple[tuple[str, str], ...]

    @property
    def quoted(self) -> str:
        """schema.name for SQL."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"


@contextmanager
def opened(file: Path, memory_limit: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, read only, as database ALIAS of a DuckDB that reaches nothing else: no extension, no other file."""
    config = {**_CLOSED, "temp_directory": f"{file}.tmp"}
    if memory_limit:
        config["memory_limit"] = memory_limit
    with duckdb.connect(config=config) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {literal(str(file))} as {ALIAS} (read_only)")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def look(file: Path) -> FileSummary:
    """What is in a file, at the same cost for every size: every relation is bound, no row is read.

    Raises SluiceError if the file cannot be opened.
    """
    has_log = file.with_name(f"{file.name}.wal").exists()
    try:
        size = file.stat().st_size
        with opened(file) as connection:
            relations = frozenset(f"{schema}.{name}" for schema, name in digest.listed(connection, ALIAS))
            failed = {f"{schema}.{name}": why for (schema, name), why in _failing(connection, rows=0).items()}
    except (OSError, duckdb.Error) as error:
        said = str(error).splitlines()[0]
        raise SluiceError(f"the warehouse file cannot be opened: {said}", where=str(file), hint="see: sluice releases") from error
    return FileSummary(size, relations, failed, has_log)


def unanswered(file: Path) -> dict[tuple[str, str], str]:
    """Every relation, as (schema, name), that gives no first row when the file is opened alone; and why."""
    with opened(file) as connection:
        return _failing(connection, rows=1)


def _failing(connection: duckdb.DuckDBPyConnection, rows: int) -> dict[tuple[str, str], str]:
    """The relations of an `opened` file that cannot give their first `rows` rows (0: be bound), and why."""
    found = {}
    for schema, name in digest.listed(connection, ALIAS):
        try:
            connection.execute(f"select * from {ALIAS}.{identifier(schema)}.{identifier(name)} limit {rows}").fetchall()
        except duckdb.Error as error:
            found[(schema, name)] = str(error).splitlines()[0]
    return found


def make(file: Path) -> tuple[str, ...]:
    """Make the file stand alone; give the views that were dropped, as `schema.name`.

    Views no longer name the database they were created in, so that the file can be renamed; those that read something
    outside are dropped. Raises SluiceError if a relation still cannot be read.
    """
    with _writable(file) as connection:
        for view in views(connection):
            _rename_free(connection, view)
    outside = unanswered(file)
    with _writable(file) as connection:
        dropped = sorted({(view.schema, view.name) for view in views(connection)} & outside.keys())
        for schema, name in dropped:
            connection.execute(f"drop view {identifier(schema)}.{identifier(name)}")
    check(file)
    return tuple(f"{schema}.{name}" for schema, name in dropped)


def check(file: Path) -> None:
    """Raise SluiceError, naming each, if a relation cannot be read from the file alone, or the file was not closed."""
    still = unanswered(file)
    if still:
        named = [f"{schema}.{name}: {why}" for (schema, name), why in still.items()]
        hint = "fix the model, or make it a table"
        raise SluiceError(
            "\n  ".join(["these relations cannot be read from the file alone:", *named]), where=str(file), hint=hint
        )
    if file.with_name(f"{file.name}.wal").exists():
        raise SluiceError("the warehouse still has a write-ahead log", where=str(file), hint="end the process that has it open")


@contextmanager
def _writable(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(file), config=_CLOSED) as connection:
        yield connection
        connection.execute("force checkpoint")


def views(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> list[View]:
    """The views of a database of the connection, by default the current one."""
    where = f"database_name = {'current_database()' if database is None else literal(database)}"
    rows = connection.execute(
        f"select schema_name, view_name, sql, comment from duckdb_views() where {where} and not internal and not temporary"
        " order by all"
    ).fetchall()
    return [
        View(schema, name, *_split(connection, sql), comment, _comments(connection, where, schema, name))
        for schema, name, sql, comment in rows
    ]


def _comments(connection: duckdb.DuckDBPyConnection, where: str, schema: str, name: str) -> tuple[tuple[str, str], ...]:
    rows = connection.execute(f"""
        select column_name, comment from duckdb_columns()
        where {where} and schema_name = {literal(schema)} and table_name = {literal(name)} and comment is not null
    """).fetchall()
    return tuple(rows)


def _split(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, str]:
    """`create view ... as` and the query, of a view's statement: split at the first AS that is followed by a whole query."""
    for match in re.finditer(r"\sas\s", sql, re.IGNORECASE):
        query = sql[match.end() :].rstrip().rstrip(";")
        if _serialised(connection, query):
            return sql[: match.end()], query
    return sql, ""


def _serialised(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any] | None:
    row = connection.execute("select json_serialize_sql(?)", [query]).fetchone()
    document: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    return None if document["error"] or len(document["statements"]) != 1 else document


def tables_in(connection: duckdb.DuckDBPyConnection, view: View) -> set[tuple[str, str]]:
    """The relations that a view's query names, as (schema, name), folded; those of its own `with` come along without a schema."""
    named = _nodes(_serialised(connection, view.query) if view.query else None)
    return {(folded(node["schema_name"]), folded(node["table_name"])) for node in named if node.get("type") == "BASE_TABLE"}


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a parsed query."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(part)


def _rename_free(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    """Create the view again without the database's name, if its query has it."""
    document = _serialised(connection, view.query) if view.query else None
    row = connection.execute("select current_database()").fetchone()
    assert row is not None
    if document is None or not _strip(document, row[0]):
        return
    fresh = connection.execute("select json_deserialize_sql(?::json)", [json.dumps(document)]).fetchone()
    assert fresh is not None
    head = re.sub(r"^\s*create\s+view", "create or replace view", view.head, count=1, flags=re.IGNORECASE)
    with suppress(duckdb.Error):  # it reads something outside, and is dropped later
        connection.execute(f"{head} {fresh[0]}")
    if view.comment is not None:
        connection.execute(f"comment on view {view.quoted} is {literal(view.comment)}")
    for column, comment in view.column_comments:
        with suppress(duckdb.Error):  # a view that renames its columns takes no comments on them
            connection.execute(f"comment on column {view.quoted}.{identifier(column)} is {literal(comment)}")


def _strip(document: Any, database: str) -> bool:
    """Remove the database's name from every table and column of a parsed query; whether there was one."""
    named = list(_naming(document, database))
    for node in named:
        if "catalog_name" in node:
            node["catalog_name"] = ""
        else:
            node["column_names"] = node["column_names"][1:]
    return bool(named)


def _naming(node: Any, database: str) -> Iterator[dict[str, Any]]:
    """The nodes of a parsed query that name the database: tables, and columns spelt with four names."""
    for one in _nodes(node):
        names = one.get("column_names") or []
        if one.get("catalog_name") == database or (len(names) == 4 and names[0] == database):
            yield one


def free_share(file: Path) -> float:
    """The share of a file that is free."""
    free, used = _blocks(file)
    return free / max(free + used, 1)


def _blocks(file: Path) -> tuple[int, int]:
    """Bytes of a file that are free, and that are used."""
    with duckdb.connect(str(file), read_only=True) as connection:
        row = connection.execute(
            "select block_size * free_blocks, block_size * used_blocks from pragma_database_size()"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def compact(file: Path) -> bool:
    """Rewrite a file if too much of it is free and the disk has room; whether that was done. Its relations stay equal."""
    free, used = _blocks(file)
    if free < FREE_BYTES or free < (free + used) * FREE_SHARE or shutil.disk_usage(file.parent).free < used * 2:
        return False
    fresh = file.with_name(f"{file.name}.fresh")
    fresh.unlink(missing_ok=True)
    with duckdb.connect(config={"temp_directory": f"{file}.tmp"}) as connection:
        connection.execute(f"attach {literal(str(file))} as old (read_only)")
        connection.execute(f"attach {literal(str(fresh))} as fresh")
        connection.execute("copy from database old to fresh")
        connection.execute("checkpoint fresh")
    fresh.replace(file)
    return True


def read(
    file: Path,
    only: Sequence[str] | None = None,
    tell: Tell = silent,
    memory_limit: str | None = None,
    version: int = digest.VERSION,
) -> dict[str, Relation]:
    """The rows, columns and digest of every relation, or of `only` some, read from the file alone."""
    with opened(file, memory_limit) as connection:
        return digest.of_all(connection, ALIAS, only, tell, version)
