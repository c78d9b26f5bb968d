"""What a raw message says by itself: the compiled SQL of the project's own views, run over a few messages at a time.

dbt's manifest has the SQL of every view between a raw table and the model that describes one event. Here it reads a table of
messages in place of the raw table, and everything else from the file of a release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.manifest import relation_of
from sluice.features.declared import Features, node_of
from sluice.features.state import Event

MESSAGES = "messages"
_QUERY = "described_messages"
_RELEASE = "release"
_ALWAYS = 1_000_000_000


@dataclass(frozen=True)
class Row:
    """An event, and what it says of its own: `columns` are values of the declaration's `columns`. `is_asked`: it has features.

    `position` is that of its message, where messages are described.
    """

    event: Event
    is_asked: bool
    columns: tuple[Any, ...]
    position: int | None = None


@dataclass(frozen=True)
class Described:
    """Which model describes a raw message. Its rows are events where they have a kind, and by two more columns.

    `where` is a boolean one that has to be true, `refused` one that has the reason why a row does not count.
    `without` names models that the way there reads and that hold no row of the messages: those of other sources. `position` is
    the column that says which message a row is of.
    """

    source: str
    model: str
    where: str = ""
    refused: str = ""
    without: tuple[str, ...] = ()
    position: str = ""


def prepare(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], release: Path, described: Described, features: Features
) -> None:
    """Make `rows` possible on a connection whose table `messages` has the raw table's columns.

    Raises SluiceError where a model on the way is not a view, or reads what the release does not have.
    """
    target = node_of(manifest, described.model)
    alias = str(target.get("database") or _RELEASE)
    connection.execute(f"attach {literal(str(release))} as {identifier(alias)} (read_only)")
    source = _source(manifest, described.source)
    for node in _way(manifest, source, target):
        _create(connection, manifest, node, source, described)
    events = _events_sql(features, identifier(target["name"]), described)
    try:
        # A prepared ASOF join fails when it is executed again (DuckDB 1.5.5), unless it is a loop; messages are few.
        connection.execute(f"set asof_loop_join_threshold = {_ALWAYS}")
        connection.execute(f"prepare {_QUERY} as {events}")
    except duckdb.Error as error:
        what = f"{described.model} does not give the events of {features.events}: {str(error).splitlines()[0]}"
        raise SluiceError(what, where=str(target.get("original_file_path"))) from error


def rows(connection: duckdb.DuckDBPyConnection, features: Features) -> list[Row]:
    """The events that the table `messages` holds now, in the order of the messages."""
    return list(_rows(connection.execute(f"execute {_QUERY}").fetchall(), features))


def of_release(release: Path, manifest: Mapping[str, Any], features: Features) -> Iterator[Row]:
    """Every event of a release, in the order of time. Raises SluiceError where the release does not have them."""
    node = node_of(manifest, features.events)
    with duckdb.connect(str(release), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        try:
            found = connection.execute(_events_sql(features, relation_of(node)))
        except duckdb.Error as error:
            what = f"the release does not have the events: {str(error).splitlines()[0]}"
            raise SluiceError(what, where=str(release), hint=f"give {features.events} access: public") from error
        while some := found.fetchmany(10_000):
            yield from _rows(some, features)


def _events_sql(features: Features, relation: str, described: Described | None = None) -> str:
    names = [*features.entities.values(), *features.values, *features.filters, *features.columns]
    listed = ", ".join([f"{features.id}, epoch_us({features.at}), {features.kind}", *map(identifier, names)])
    if described is None:
        return f"select {listed}, null from {relation} order by {features.at}, {features.id}"
    position = identifier(described.position) if described.position else "null"
    conditions = [f"{identifier(features.kind)} is not null"]
    conditions += [identifier(described.where)] if described.where else []
    conditions += [f"{identifier(described.refused)} is null"] if described.refused else []
    return f"select {listed}, {position} as live_position from {relation} where {' and '.join(conditions)} order by live_position"


def _rows(found: Sequence[tuple[Any, ...]], features: Features) -> Iterator[Row]:
    keys = 3 + len(features.entities)
    values = keys + len(features.values)
    flags = values + len(features.filters)
    for row in found:
        event = Event(row[0], row[1], row[3:keys], row[keys:values], row[values:flags])
        yield Row(event, row[2] == features.of, row[flags:-1], row[-1])


def _source(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for source in manifest["sources"].values():
        if f"{source['source_name']}.{source['name']}" == name:
            return dict(source)
    raise SluiceError(f"the project has no source {name}", where="manifest.json")


def _way(manifest: Mapping[str, Any], source: Mapping[str, Any], target: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The models that lie between a source and a model, the last one included, each after those that it reads."""
    found: dict[str, bool] = {}
    order: list[Mapping[str, Any]] = []

    def leads(unique_id: str) -> bool:
        if unique_id == source["unique_id"]:
            return True
        if unique_id not in found:
            node = manifest["nodes"].get(unique_id) or {}
            reads = [leads(parent) for parent in (node.get("depends_on") or {}).get("nodes") or ()]
            found[unique_id] = any(reads)
            if found[unique_id]:
                order.append(node)
        return found[unique_id]

    if not leads(target["unique_id"]):
        what = f"{target['name']} does not read {source['source_name']}.{source['name']}"
        raise SluiceError(what, where=str(target.get("original_file_path")))
    return order


def _create(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    node: Mapping[str, Any],
    source: Mapping[str, Any],
    described: Described,
) -> None:
    """Create the view of one model on the way: its compiled SQL, with what it reads put in place."""
    where = str(node.get("original_file_path"))
    if (node.get("config") or {}).get("materialized") not in ("view", "ephemeral"):
        hint = "make it a view, or name the view that describes a single row"
        raise SluiceError(f"{node['name']} is not a view, so it cannot describe a message by itself", where=where, hint=hint)
    if not node.get("compiled_code"):
        raise SluiceError(f"the release has no compiled SQL of {node['name']}", where=where, hint="build it again")
    sql = _from_messages(str(node["compiled_code"]), source)
    for parent in (node.get("depends_on") or {}).get("nodes") or ():
        read = manifest["nodes"].get(parent)
        if read is None:
            continue
        if read["name"] in described.without:
            _create_empty(connection, read)
        if _is_there(connection, read["name"]):
            sql = sql.replace(str(read["relation_name"]), identifier(read["name"]))
    try:
        connection.execute(f"create or replace temp view {identifier(node['name'])} as {sql}")
    except duckdb.Error as error:
        what = f"{node['name']} reads what the release does not have: {str(error).splitlines()[0]}"
        hint = "give that model access: public, or name it under `without` if no row of it belongs to the messages"
        raise SluiceError(what, where=where, hint=hint) from error


def _create_empty(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any]) -> None:
    """A table without a row in place of a model of another source. Its SQL tells the columns."""
    connection.execute(
        f"create temp table if not exists {identifier(node['name'])} as select * from ({node['compiled_code']}) limit 0"
    )


def _is_there(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    query = "select 1 from duckdb_views() where temporary and view_name = $1 union all select 1 from duckdb_tables()"
    return bool(connection.execute(f"{query} where temporary and table_name = $1", [name]).fetchall())


def _from_messages(sql: str, source: Mapping[str, Any]) -> str:
    """SQL that reads the messages in place of the raw table, at whichever version a build has pinned it."""
    relation = str(source["relation_name"])
    pattern = re.escape(relation)
    if relation.endswith(")"):
        pattern = re.escape(relation[:-1]) + r"(?:,\s*version\s*=>\s*\d+)?\)"
    return re.sub(pattern, MESSAGES, sql)
