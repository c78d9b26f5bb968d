"""Sources that are tables of a DuckDB file: the one that dbt's target names, or one that it attaches.

A candidate is another file, so it gets views of these tables before dbt runs. Like all views that read something else they
are dropped when it is made to stand alone. What the tables held is noted with the release, in place of the pins of a lake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from sluice.candidate import inputs
from sluice.core.dbt_profile import IN_MEMORY, Choice, attached_files, output_of
from sluice.core.duck import identifier, literal, unreadable
from sluice.core.errors import SluiceError
from sluice.core.manifest import BUILT, folded, is_relation, relation_of
from sluice.store import digest

# What a candidate's own database is called, and a release that a pull request reads.
_TAKEN = ("warehouse", "work", "slim")
_OTHERWISE = "own_sources"
_ELSEWHERE = ("external_location", "plugin")


@dataclass(frozen=True)
class Table:
    """A source, as dbt's manifest has it."""

    database: str
    schema: str
    name: str

    @property
    def relation(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Sources:
    """Where a project's sources are: `file` has those without another place, and is attached as `alias`.

    `is_attached`: whether the target itself attaches it. `others` are the other DuckDB files that the target attaches.
    """

    database: str
    alias: str
    file: Path
    is_attached: bool
    others: Mapping[str, Path]

    @property
    def attached(self) -> dict[str, Path]:
        """What dbt's profile has to attach besides."""
        return {} if self.is_attached or not self.file.is_file() else {self.alias: self.file}

    def stamp(self) -> tuple[Any, ...]:
        """Another one after every write to one of the files."""
        files = [file.stat() if file.is_file() else None for file in (self.file, *self.others.values())]
        return tuple(stat and (stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in files)


def sources_of(project: Path, choice: Choice, given: str | None = None) -> Sources | None:
    """Where the sources of a project are; `given` is the file that environments.yml names. None if none can be in a file."""
    output = output_of(project, choice)
    others = attached_files(output)
    if not others and not may_be_in_a_file(project):
        return None
    file = output.resolved(given) if given else output.path or Path(IN_MEMORY)
    same = next((alias for alias, other in others.items() if other.resolve() == file.resolve()), None)
    name = output.database
    alias = same or (_OTHERWISE if name in _TAKEN or name in others else name)
    rest = {alias: other for alias, other in others.items() if alias != same}
    return Sources(name, alias, file, same is not None, rest)


def may_be_in_a_file(project: Path) -> bool:
    """Whether a source of the project, or of its packages, names no other place. Nothing is parsed by dbt: doubt says yes."""
    texts = (text for name, text in inputs.contents_of(project).items() if name.endswith((".yml", ".yaml")))
    return any(b"sources:" in text and _has_one_without_place(text) for text in texts)


def _has_one_without_place(text: bytes) -> bool:
    try:
        document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (safe)
        sources = document.get("sources") or []
        return any(not _has_place(source) and not _has_place(table) for source in sources for table in source.get("tables") or [])
    except (yaml.YAMLError, AttributeError, TypeError):
        return True


def _has_place(entry: Mapping[str, Any]) -> bool:
    config = entry.get("config") or {}
    return any(key in (place or {}) for place in (entry.get("meta"), config, config.get("meta")) for key in _ELSEWHERE)


def tables_in(manifest: Mapping[str, Any], sources: Sources) -> list[Table]:
    """The sources that something reads and that are in the file: not those that the project itself builds, such as seeds."""
    built = {folded(relation_of(node)) for node in manifest["nodes"].values() if is_relation(node)}
    own = {sources.database, sources.alias, *_TAKEN}
    tables = (table for table in _tables(manifest) if table.database in own and folded(table.relation) not in built)
    return sorted(set(tables), key=lambda table: table.relation)


def seeds_read_as_sources(manifest: Mapping[str, Any]) -> list[str]:
    """The unique ids of seeds that are read as sources, so that dbt does not know that they come first."""
    read = {folded(table.relation) for table in _tables(manifest)}
    nodes = manifest["nodes"].items()
    return sorted(name for name, node in nodes if node["resource_type"] == "seed" and folded(relation_of(node)) in read)


def _tables(manifest: Mapping[str, Any]) -> Iterator[Table]:
    for name, source in manifest["sources"].items():
        if not _has_place(source) and manifest["child_map"].get(name):
            yield Table(source.get("database") or "", source["schema"], source["identifier"])


def state_of(manifest: Mapping[str, Any], sources: Sources) -> dict[str, str]:
    """The digest of every source that is in the file, and of every other file that is attached.

    Raises SluiceError if a source is missing or the file cannot be read, as while another process writes to it.
    """
    tables = tables_in(manifest, sources)
    found = {f"attached {alias}": digest.of_file(file) for alias, file in sorted(sources.others.items())}
    if not tables:
        return found
    if not sources.file.is_file():
        raise _missing([table.relation for table in tables], sources.file)
    with _opened(sources) as connection:
        there = {folded(f"{schema}.{name}") for schema, name in digest.listed(connection, sources.alias)}
        if gone := [table.relation for table in tables if folded(table.relation) not in there]:
            raise _missing(gone, sources.file)
        for table in tables:
            relation = f"{identifier(sources.alias)}.{identifier(table.schema)}.{identifier(table.name)}"
            found[table.relation] = digest.of(connection, relation).digest
    return found


def _missing(names: Sequence[str], file: Path) -> SluiceError:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    what = f"sources are not in the DuckDB file: {', '.join(names[:3])}{more}"
    hint = "load them there as always, or name the file that has them: `sources: <file>` of the environment in environments.yml"
    return SluiceError(what, where=str(file), hint=hint)


def _opened(sources: Sources) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {literal(str(sources.file))} as {identifier(sources.alias)} (read_only)")
    except duckdb.Error as error:
        connection.close()
        raise unreadable(error, sources.file) from error
    return connection


def show_in(file: Path, manifest: Mapping[str, Any], sources: Sources) -> None:
    """Create views of the sources in a file that dbt is going to build, where they are named as if they were its own."""
    tables = [table for table in tables_in(manifest, sources) if table.database != sources.alias]
    if not tables:
        return
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach {literal(str(sources.file))} as {identifier(sources.alias)} (read_only)")
        for table in tables:
            name = f"{identifier(table.schema)}.{identifier(table.name)}"
            connection.execute(f"create schema if not exists {identifier(table.schema)}")
            connection.execute(f"create or replace view {name} as select * from {identifier(sources.alias)}.{name}")


def read_directly(manifest: Mapping[str, Any], sources: Sources) -> Iterator[str]:
    """Nodes that name the file's database in their SQL instead of a source: what they read is not noted."""
    named = re.compile(rf"\b{re.escape(sources.alias)}\"?\s*\.", re.IGNORECASE)
    for name, node in manifest["nodes"].items():
        if node["resource_type"] in BUILT and named.search(node.get("raw_code") or ""):
            yield f"{name} reads {sources.alias} without a source()"


def changed_in(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """What differs between two states."""
    names = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    yield from (f"{name if name.startswith('attached ') else f'the source {name}'} changed" for name in names)
