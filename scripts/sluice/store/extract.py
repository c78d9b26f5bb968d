"""Makes the file that readers read out of the work file, which is the whole file that dbt built: its public relations alone.

A table keeps its columns, types, constraints, indexes, comments and the order of its rows. A view that reads nothing but what
is public stays a view; one that reads anything else becomes a table of the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sluice.core.duck import connect, identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded
from sluice.core.progress import Tell, part, silent
from sluice.store import digest, standalone
from sluice.store.copying import copy
from sluice.store.record import Relation
from sluice.store.standalone import View

# The two files in a connection.
_WHOLE, _PUBLIC = "sluice_work", "sluice_release"
# A file that has more free room than this share of it is written from nothing.
_LOOSE = 0.05


@dataclass(frozen=True)
class Before:
    """The file for readers of the release that a build started from, and what is in it."""

    file: Path
    relations: Mapping[str, Relation]


def extract(
    work: Path,
    file: Path,
    public: frozenset[str],
    before: Before | None = None,
    tell: Tell = silent,
    memory_limit: str | None = None,
) -> dict[str, Relation]:
    """Write those relations of `work` that are in `public` (`schema.name`, folded) to a new file; give what they are there.

    Tables that `before` has as they are need not be written again. Raises SluiceError if a relation cannot be read from that
    file alone, or is not what it is in the work file.
    """
    wanted = standalone.read(work, _named(work, public), part(tell, 0, 0.25), memory_limit)
    kept = _kept(work, before, wanted) if before else frozenset()
    if before and kept:
        copy(before.file, file)
        file.chmod(0o600)
    _fill(work, file, wanted.keys(), kept, part(tell, 0.25, 0.75), memory_limit)
    if kept and standalone.free_share(file) > _LOOSE:
        file.unlink()
        _fill(work, file, wanted.keys(), frozenset(), part(tell, 0.25, 0.75), memory_limit)
    standalone.check(file)
    made = standalone.read(file, None, part(tell, 0.75, 1), memory_limit)
    other = [name for name in sorted(wanted.keys() | made.keys()) if wanted.get(name) != made.get(name)]
    if other:
        hint = "build again; if it happens again, it is a fault of Sluice or of DuckDB: please report it"
        what = f"in the file for readers, {', '.join(other)} is not what dbt built"
        raise SluiceError(what, where=str(file), hint=hint)
    return made


def _named(work: Path, public: frozenset[str]) -> list[str]:
    """The relations of a work file that are public, as it spells them."""
    with standalone.opened(work) as connection:
        there = (f"{schema}.{name}" for schema, name in digest.listed(connection, standalone.ALIAS))
        return [name for name in there if folded(name) in public]


def _kept(work: Path, before: Before, wanted: Mapping[str, Relation]) -> frozenset[str]:
    """The tables that need not be written again; none, where they are less than half of what is wanted."""
    equal = {name for name, relation in wanted.items() if before.relations.get(name) == relation}
    if not equal or 2 * sum(map(_weight, (wanted[name] for name in equal))) < sum(map(_weight, wanted.values())):
        return frozenset()
    one, other = (_plain(file) for file in (work, before.file))
    return frozenset(name for name in equal & one.keys() if one[name] == other.get(name))


def _plain(file: Path) -> dict[str, str]:
    """The statement of each table without an index; of none, where a table refers to another: these come and go together."""
    with standalone.opened(file) as connection:
        bound = "select 1 from duckdb_constraints() where constraint_type = 'FOREIGN KEY'"
        indexed = set(connection.execute("select schema_name, table_name from duckdb_indexes()").fetchall())
        tables = [] if connection.execute(bound).fetchall() else _tables(connection, standalone.ALIAS)
        return {f"{schema}.{name}": sql for schema, name, sql in tables if (schema, name) not in indexed}


def _weight(relation: Relation) -> int:
    return relation.rows * len(relation.columns)


def _fill(work: Path, file: Path, wanted: Collection[str], kept: frozenset[str], tell: Tell, memory_limit: str | None) -> None:
    """Make the file hold what is wanted, of which it has what is kept."""
    with _both(work, file, memory_limit) as connection:
        _emptied(connection, kept)
        tables = [one for one in _tables(connection, _WHOLE) if f"{one[0]}.{one[1]}" in wanted]
        missing = [one for one in tables if f"{one[0]}.{one[1]}" not in kept]
        views = [one for one in standalone.views(connection, _WHOLE) if f"{one.schema}.{one.name}" in wanted]
        for schema in sorted({*(schema for schema, *_ in tables), *(view.schema for view in views)}):
            connection.execute(f"create schema if not exists {identifier(schema)}")
        for number, (schema, name) in enumerate(_created(connection, missing)):
            tell(f"{schema}.{name}", number / len(missing))
            place = _place(schema, name)
            connection.execute(f"insert into {_PUBLIC}.{place} from {_WHOLE}.{place}")
        _indexed(connection, missing)
        _looked_at(connection, views)
        _commented(connection, kept)


def _emptied(connection: duckdb.DuckDBPyConnection, kept: frozenset[str]) -> None:
    """Drop what the file has and is not kept, so that its room is used again."""
    for kind in ("view", "table"):
        for schema, name in _listed(connection, kind):
            if kind == "view" or f"{schema}.{name}" not in kept:
                connection.execute(f"drop {kind} {_place(schema, name)}")
    for (schema,) in connection.execute(
        f"select schema_name from duckdb_schemas() where database_name = '{_PUBLIC}' and not internal"
    ).fetchall():
        with suppress(duckdb.DependencyException):  # it has a table that is kept
            connection.execute(f"drop schema {identifier(schema)}")
    connection.execute(f"checkpoint {_PUBLIC}")


@contextmanager
def _both(work: Path, file: Path, memory_limit: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(memory_limit=memory_limit, temp_directory=file.with_name(f"{file.name}.tmp")) as connection:
        connection.execute(f"attach {literal(str(work))} as {_WHOLE} (read_only)")
        connection.execute(f"attach {literal(str(file))} as {_PUBLIC}")
        connection.execute(f"use {_PUBLIC}")
        yield connection
        connection.execute(f"use memory; checkpoint {_PUBLIC}; detach {_PUBLIC}")


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str, str]]:
    """Schema, name and statement of every table of a database."""
    return connection.execute(
        f"select schema_name, table_name, sql from duckdb_tables() where database_name = {literal(database)} and not internal"
        " order by all"
    ).fetchall()


def _place(schema: str, name: str) -> str:
    return f"{identifier(schema)}.{identifier(name)}"


def _created(connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Create the tables, empty, by their own statements; give them in an order in which each refers to earlier ones only."""
    done = []
    waiting = [one for one in tables if not _is_generated(one[2])]
    while waiting:
        made = [one for one in waiting if _is_created(connection, one[2])]
        if not made:
            break
        done += made
        waiting = [one for one in waiting if one not in made]
    others = [one for one in tables if one not in done]
    for schema, name, _ in others:
        _created_alike(connection, schema, name)
    return [(schema, name) for schema, name, _ in (*done, *others)]


def _is_generated(statement: str) -> bool:
    """Whether a table has columns that cannot be inserted."""
    return " GENERATED ALWAYS AS" in statement


def _is_created(connection: duckdb.DuckDBPyConnection, statement: str) -> bool:
    with suppress(duckdb.CatalogException, duckdb.BinderException):
        connection.execute(statement)
        return True
    return False


def _created_alike(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
    """Create a table that refers to what is not public, such as a sequence or another table: without that."""
    place = _place(schema, name)
    connection.execute(f"create table {place} as from {_WHOLE}.{place} limit 0")
    rows = connection.execute(f"""
        select constraint_type, constraint_column_names from duckdb_constraints()
        where database_name = '{_WHOLE}' and schema_name = {literal(schema)} and table_name = {literal(name)}
    """).fetchall()
    for kind, columns in rows:
        listed = ", ".join(map(identifier, columns))
        if kind == "NOT NULL":
            connection.execute(f"alter table {place} alter column {listed} set not null")
        elif kind == "PRIMARY KEY":
            connection.execute(f"alter table {place} add primary key ({listed})")


def _indexed(connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str, str]]) -> None:
    there = {(schema, name) for schema, name, _ in tables}
    rows = connection.execute(
        f"select schema_name, table_name, sql from duckdb_indexes() where database_name = '{_WHOLE}' order by index_oid"
    ).fetchall()
    for schema, name, statement in rows:
        if (schema, name) in there:
            connection.execute(statement)


def _looked_at(connection: duckdb.DuckDBPyConnection, views: Sequence[View]) -> None:
    """Create the views: as views, once what they read is there; those for which it never is, as tables, the lowest first."""
    waiting = [*views]
    while waiting:
        left = [view for view in waiting if not _is_created(connection, f"{view.head} {view.query}")]
        if len(left) == len(waiting):
            names = {(folded(view.schema), folded(view.name)) for view in left}
            lowest = next((view for view in left if not names & standalone.tables_in(connection, view)), left[0])
            connection.execute(f"create table {lowest.quoted} as from {_WHOLE}.{lowest.quoted}")
            left.remove(lowest)
        waiting = left


def _commented(connection: duckdb.DuckDBPyConnection, kept: frozenset[str]) -> None:
    """Put the comments of the work file on all relations and columns; those that were kept may have others."""
    views = {(schema, name) for schema, name in _listed(connection, "view")}
    relations = {*views, *_listed(connection, "table")}
    for schema, name, comment in connection.execute(f"""
        select schema_name, table_name, comment from duckdb_tables() where database_name = '{_WHOLE}'
        union all select schema_name, view_name, comment from duckdb_views() where database_name = '{_WHOLE}'
    """).fetchall():
        if (schema, name) in relations and (comment is not None or f"{schema}.{name}" in kept):
            what = "view" if (schema, name) in views else "table"
            connection.execute(f"comment on {what} {_place(schema, name)} is {literal(comment)}")
    for schema, name, column, comment in connection.execute(f"""
        select schema_name, table_name, column_name, comment from duckdb_columns()
        where database_name = '{_WHOLE}'
    """).fetchall():
        if (schema, name) in relations and (comment is not None or f"{schema}.{name}" in kept):
            with suppress(duckdb.Error):  # a view that renames its columns takes no comments on them
                connection.execute(f"comment on column {_place(schema, name)}.{identifier(column)} is {literal(comment)}")


def _listed(connection: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[str, str]]:
    """Schema and name of the tables, or of the views, that were made."""
    return connection.execute(
        f"select schema_name, {kind}_name from duckdb_{kind}s() where database_name = '{_PUBLIC}' and not internal"
    ).fetchall()
