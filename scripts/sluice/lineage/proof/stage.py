"""A scratch database in which a release's relations are views, so that one of them can be changed and a model run on it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.core import duck
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.lineage.graph import Graph
from sluice.lineage.tables import INLINE

_RELEASE = "__release"
_KEPT = "memory.__kept"


class MissingError(Exception):
    """Something cannot be run, and why."""


@dataclass(frozen=True)
class Result:
    """The rows of a query, as a number and hashes that do not depend on their order.

    `columns` has those of each column alone, `keyed` those of each column together with the key of its row, if there is a key.
    """

    count: int
    columns: Mapping[str, int]
    keyed: Mapping[str, int]


@dataclass(frozen=True)
class Shape:
    """The columns of a query and their types, and those that are a key."""

    types: Mapping[str, str]
    key: tuple[str, ...] = ()


class Stage:
    """The relations of a release, each under its own name in a database in memory. The release is only read."""

    def __init__(self, file: Path, graph: Graph, memory_limit: str, scratch: Path) -> None:
        self._graph = graph
        self._connection = _connection(memory_limit, scratch)
        try:
            self._connection.execute(f"attach {literal(str(file))} as {_RELEASE} (read_only)")
        except duckdb.Error as error:
            raise duck.unreadable(error, file) from error
        self._connection.execute(f"create schema {_KEPT}; create schema memory.{INLINE}")
        self._there = self._relations_of_release()
        self._bases: dict[str, str] = {}
        self._missing: dict[str, str] = {}

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def _relations_of_release(self) -> dict[tuple[str, str], tuple[str, str, bool]]:
        """Tables and views of the file: by names in lower case, their own names, and whether it is a table."""
        rows = self._connection.execute(
            f"""select schema_name, table_name, true from duckdb_tables() where database_name = '{_RELEASE}'
            union all select schema_name, view_name, false from duckdb_views()
            where database_name = '{_RELEASE}' and not internal"""
        ).fetchall()
        return {(schema.lower(), name.lower()): (schema, name, is_table) for schema, name, is_table in rows}

    def reads(self, unique_id: str) -> list[str]:
        """What the SQL of a model names, apart from itself."""
        sql = self._graph.sql(unique_id)
        names = self._graph.nodes
        return [name for name in names if name != unique_id and any(text in sql for text in _spelled(self._graph, name))]

    def base(self, unique_id: str) -> str:
        """The relation that has the rows of a node as they are. Raises MissingError if it cannot be had."""
        if unique_id in self._missing:
            raise MissingError(self._missing[unique_id])
        if unique_id not in self._bases:
            try:
                self._bases[unique_id] = self._made(unique_id)
            except (duckdb.Error, MissingError) as error:
                self._missing[unique_id] = f"{self._graph.label(unique_id)}: {str(error).splitlines()[0]}"
                raise MissingError(self._missing[unique_id]) from error
            self.show(unique_id, f"select * from {self._bases[unique_id]}")
        return self._bases[unique_id]

    def _made(self, unique_id: str) -> str:
        """A table of the release is read in place; views, other sources and models that are not kept run once."""
        kept = f"{_KEPT}.{identifier(unique_id)}"
        node = self._graph.nodes[unique_id]
        found = self._there.get((node["schema"].lower(), _name(node).lower()))
        if unique_id in self._graph.inline:
            self._connection.execute(f"create table {kept} as from {self._graph.inline[unique_id]}")
            return kept
        if found is None:
            for parent in self.reads(unique_id):
                self.base(parent)
            self._connection.execute(f"create table {kept} as {self.runnable(unique_id)}")
            return kept
        place = f"{_RELEASE}.{identifier(found[0])}.{identifier(found[1])}"
        if found[2]:
            return place
        self._connection.execute(f"create table {kept} as from {place}")
        return kept

    def runnable(self, unique_id: str) -> str:
        """The compiled SQL of a model, reading what this stage shows. Raises MissingError if it has none."""
        sql = self._graph.sql(unique_id)
        if not sql:
            raise MissingError("it is not in the release and has no SQL")
        return self._graph.reads(unique_id).put_in(sql)

    def show(self, unique_id: str, query: str) -> None:
        """Show a query under the name of a node."""
        node = self._graph.nodes[unique_id]
        if unique_id in self._graph.inline:
            self._connection.execute(f"create or replace view memory.{INLINE}.{identifier(unique_id)} as {query}")
            return
        place = identifier(node["schema"])
        database = node.get("database")
        if database and identifier(database) in str(node.get("relation_name") or ""):
            self._connection.execute(f"attach if not exists ':memory:' as {identifier(database)}")
            place = f"{identifier(database)}.{place}"
        self._connection.execute(f"create schema if not exists {place}")
        self._connection.execute(f"create or replace view {place}.{identifier(_name(node))} as {query}")

    def columns(self, unique_id: str) -> dict[str, str]:
        """The columns of a node and their types."""
        rows = self._connection.execute(f"describe {self.base(unique_id)}").fetchall()
        return {row[0]: row[1] for row in rows}

    def values(self, unique_id: str, name: str, kind: str, at_most: int) -> tuple[str, ...]:
        """The commonest values of a column as SQL literals, without null."""
        query = f"""select {identifier(name)}::varchar from {self.base(unique_id)} where {identifier(name)} is not null
            group by {identifier(name)} order by count(*) desc, 1 limit {at_most}"""
        found = [row[0] for row in self._connection.execute(query).fetchall()]
        return tuple(value if kind in ("number", "flag") else literal(value) for value in found)

    def count(self, base: str) -> int:
        """The number of rows."""
        row = self._connection.execute(f"select count(*) from {base}").fetchone()
        assert row is not None
        return int(row[0])

    def has_empty(self, unique_id: str, name: str) -> bool:
        """Whether a column has nulls."""
        query = f"select 1 from {self.base(unique_id)} where {identifier(name)} is null limit 1"
        return self._connection.execute(query).fetchone() is not None

    def described(self, sql: str) -> dict[str, str]:
        """The columns of a query and their types."""
        return {row[0]: row[1] for row in self._connection.execute(f"describe {sql}").fetchall()}

    def result(self, sql: str, shape: Shape) -> Result:
        """Run a query."""
        alone = [_hash(shape.types, name) for name in shape.types]
        keyed = [_hash(shape.types, *shape.key, name) for name in shape.types if shape.key]
        sums = ", ".join(f"coalesce(sum({one}::hugeint), 0)" for one in (*alone, *keyed))
        row = self._connection.execute(f"select count(*), {sums} from (\n{sql}\n)").fetchone()
        assert row is not None
        rest = row[1 + len(alone) :]
        return Result(row[0], dict(zip(shape.types, row[1:], strict=False)), dict(zip(shape.types, rest, strict=False)))

    def result_in(self, seconds: float, sql: str, shape: Shape) -> Result:
        """Run a query for so long at most: a changed column can join everything with everything. Raises duckdb.Error then."""
        stop = threading.Timer(seconds, self._connection.interrupt)
        stop.start()
        try:
            return self.result(sql, shape)
        finally:
            stop.cancel()

    def keep(self, sql: str, name: str = "(result)") -> str:
        """Keep the rows of a query, to compare others with; the table that has them."""
        place = f"{_KEPT}.{identifier(name)}"
        self._connection.execute(f"create or replace table {place} as {sql}")
        return place

    def has_news(self, sql: str, names: Sequence[str], *, is_less: bool) -> bool:
        """Whether columns hold values that they did not hold as often in the kept rows, although there are fewer rows.

        With more rows, whether they lack some that they held.
        """
        columns = ", ".join(map(identifier, names))
        one, other = f"select {columns} from (\n{sql}\n)", f'select {columns} from {_KEPT}."(result)"'
        first, second = (one, other) if is_less else (other, one)
        return self._connection.execute(f"({first}) except all ({second}) limit 1").fetchone() is not None


def _hash(types: Mapping[str, str], *names: str) -> str:
    """A number for values. Sums of floating-point numbers depend on their order in the last digits, which are left out."""
    values = (f"format('{{:.9e}}', {identifier(name)})" if types[name] in _FLOATING else identifier(name) for name in names)
    return f"hash({', '.join(values)})"


_FLOATING = ("DOUBLE", "FLOAT")


def _connection(memory_limit: str, scratch: Path) -> duckdb.DuckDBPyConnection:
    try:
        found = duck.connect(memory_limit=memory_limit, temp_directory=scratch, extensions=("delta",))
    except (duckdb.Error, SluiceError):  # a project without Delta tables needs none
        found = duck.connect(memory_limit=memory_limit, temp_directory=scratch)
    found.execute("set threads = 1")  # rows come in the same order again
    return found


def _name(node: Mapping[str, Any]) -> str:
    return str(node.get("alias") or node.get("identifier") or node["name"])


def _spelled(graph: Graph, unique_id: str) -> list[str]:
    """How SQL names a node."""
    node = graph.nodes[unique_id]
    if node["resource_type"] == "exposure" or (node.get("config") or {}).get("materialized") == "ephemeral":
        return []
    return [text for text in (graph.inline.get(unique_id), node.get("relation_name")) if text]
