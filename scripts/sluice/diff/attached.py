"""The two files of a diff in one connection, read only, as `a` and `b`; and a view of a file as the table that it gives.

dbt writes views with the name of the database in them, which the file has only by itself: a view is read on a connection
where its file has that name, once, into a temporary file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from sluice.core.duck import connect, identifier, literal, unreadable
from sluice.core.manifest import folded
from sluice.diff.columns import ComparedColumn
from sluice.diff.side import Model, Side


@dataclass(frozen=True)
class Table:
    """A relation of one side as it can be read: its name in SQL, and its columns."""

    sql: str
    columns: tuple[ComparedColumn, ...]


@dataclass
class Attached:
    """One side's file, attached as `name`; `tables` has the SQL that made each, None for a view."""

    connection: duckdb.DuckDBPyConnection
    name: str
    file: Path
    memory_limit: str
    spill: Path
    tables: dict[tuple[str, str], str | None]
    copies: list[str] = field(default_factory=list)

    def table(self, model: Model) -> Table | None:
        """The relation of a model; None if the file does not have it. Raises duckdb.Error if it cannot be read."""
        place = (folded(model.schema), folded(model.alias))
        if place not in self.tables:
            return None
        made_by = self.tables[place]
        if made_by is not None:
            return self._described(f"{self.name}.{identifier(model.schema)}.{identifier(model.alias)}", made_by)
        copy = self._copied(model)
        made_by = self.connection.execute(f"select sql from duckdb_tables() where database_name = {literal(copy)}").fetchall()[0][
            0
        ]
        return self._described(f"{copy}.main.copied", made_by)

    def _described(self, relation: str, made_by: str) -> Table:
        is_collated = "collate" in made_by.lower()
        rows = self.connection.execute(f"describe {relation}").fetchall()
        return Table(relation, tuple(ComparedColumn(row[0], row[1], is_collated and row[1] == "VARCHAR") for row in rows))

    def _copied(self, model: Model) -> str:
        """The name of an attached file with the rows of a view."""
        copy = f"{self.name}_{len(self.copies)}"
        file = self.spill / f"{copy}.duckdb"
        names = list(dict.fromkeys([self.file.stem, model.database or self.file.stem]))
        for name in names:
            try:
                self._copy(name, f"{identifier(model.schema)}.{identifier(model.alias)}", file)
                break
            except duckdb.Error:
                file.unlink(missing_ok=True)
                if name == names[-1]:
                    raise
        self.connection.execute(f"attach {literal(str(file))} as {copy} (read_only)")
        self.copies.append(copy)
        return copy

    def _copy(self, name: str, view: str, file: Path) -> None:
        with connect(memory_limit=self.memory_limit, temp_directory=self.spill) as own:
            own.execute("set preserve_insertion_order = false")
            own.execute(f"attach {literal(str(self.file))} as {identifier(name)} (read_only)")
            out = identifier("sluice diff of " + name)
            own.execute(f"attach {literal(str(file))} as {out}")
            own.execute(f"create table {out}.main.copied as from {identifier(name)}.{view}")

    def drop_copies(self) -> None:
        """Detach and remove what was copied so far."""
        for number, copy in enumerate(self.copies):
            if copy:
                self.connection.execute(f"detach {copy}")
                (self.spill / f"{copy}.duckdb").unlink()
                self.copies[number] = ""


@dataclass(frozen=True)
class Files:
    """Both sides, and the connection that reads them."""

    connection: duckdb.DuckDBPyConnection
    a: Attached
    b: Attached

    def clear(self) -> None:
        """Drop what the comparison of a relation left."""
        for name in "dghp":
            self.connection.execute(f"drop table if exists {name}")
        self.a.drop_copies()
        self.b.drop_copies()


@contextmanager
def opened(a: Side, b: Side, memory_limit: str, spill: Path) -> Iterator[Files]:
    """Both files in a connection in memory; beyond the limit it spills into `spill`. Raises SluiceError."""
    with ExitStack() as stack:
        connection = stack.enter_context(connect(memory_limit=memory_limit, temp_directory=spill))
        connection.execute("set preserve_insertion_order = false")
        yield Files(
            connection, *(_attach(connection, name, side.file, memory_limit, spill) for name, side in (("a", a), ("b", b)))
        )


def _attach(connection: duckdb.DuckDBPyConnection, name: str, file: Path, memory_limit: str, spill: Path) -> Attached:
    file = file.resolve()
    try:
        connection.execute(f"attach {literal(str(file))} as {name} (read_only)")
        tables = _tables(connection, name)
    except duckdb.Error as error:
        raise unreadable(error, file) from error
    return Attached(connection, name, file, memory_limit, spill, tables)


def _tables(connection: duckdb.DuckDBPyConnection, name: str) -> dict[tuple[str, str], str | None]:
    listed: Sequence[tuple[str, str, str | None]] = connection.execute(
        f"select schema_name, table_name, sql from duckdb_tables() where database_name = {literal(name)} union all"
        f" select schema_name, view_name, null from duckdb_views() where database_name = {literal(name)} and not internal"
    ).fetchall()
    return {(folded(schema), folded(table)): made_by for schema, table, made_by in listed}
