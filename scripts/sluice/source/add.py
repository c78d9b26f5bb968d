"""`sluice source add`: look at what is given, propose a source, and write it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sluice.core.errors import RefusedError, SluiceError
from sluice.core.extras import need
from sluice.core.progress import Tell
from sluice.ingest.readers import READERS
from sluice.lake.contracts import NAME
from sluice.source.contract import raw_table, required
from sluice.source.facts import TableFacts
from sluice.source.files import entry, entry_text, files
from sluice.source.groups import Group, groups
from sluice.source.kafka import is_topic, look_at_topics
from sluice.source.look import look_at, opened
from sluice.source.mapping import stagings
from sluice.source.mongodb import is_uri, look_at_collections
from sluice.source.postgres import is_connection, look_at_server
from sluice.source.project import VARS, DbtProject
from sluice.source.proposal import Proposal, Staging
from sluice.source.rest import Asked, is_address, look_at_addresses
from sluice.source.variables import with_source


@dataclass(frozen=True)
class Given:
    """What was given: files and folders, a connection with a schema or tables, or addresses with headers.

    `currency` is that of all amounts.
    """

    names: tuple[str, ...]
    schema: str | None = None
    tables: tuple[str, ...] = ()
    currency: str | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A proposal with the files that write it. `variables` is the line for vars.yml that could not be put there.

    `settings` are environment variables that the feeds need.
    """

    proposal: Proposal
    files: Mapping[Path, str]
    variables: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def plan(source: str, given: Given, project: DbtProject, tell: Tell) -> Plan:
    """Look at what is given and propose a source of that name. Nothing is written.

    Raises SluiceError where it cannot be read or the name is not a name, RefusedError where the source exists.
    """
    if not NAME.fullmatch(source) or source != source.lower():
        raise SluiceError(f"{source!r} is not a name for a source", hint="lower-case letters, digits and underscores")
    tables, settings, notes = _look(source, given, tell)
    proposal = _propose(source, tables, project, given.currency, notes)
    written = files(proposal, project)
    _refuse_existing(source, written, project)
    variables = with_source(VARS.read_text(encoding="utf-8"), entry(proposal), proposal.derived)
    if variables:
        return Plan(proposal, {**written, VARS: variables}, settings=settings)
    return Plan(proposal, written, entry_text(proposal), settings)


def write(made: Plan) -> None:
    """Write the files of a plan. Raises RefusedError, with nothing written, where one has come in between."""
    _refuse_existing(made.proposal.source, [path for path in made.files if path != VARS], None)
    for path, text in made.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _refuse_existing(source: str, paths: Sequence[Path] | Mapping[Path, str], project: DbtProject | None) -> None:
    existing = [str(path) for path in paths if path.exists()]
    if existing:
        raise RefusedError(
            f"already there: {', '.join(existing)}",
            reasons=tuple(existing),
            hint=f"remove them, or take another name; sluice source check {source} says what is missing",
        )
    if project and any(one == source or (isinstance(one, Mapping) and source in one) for one in project.sources):
        raise RefusedError(f"vars.yml has a source {source}", where=str(VARS), hint="take another name")


def is_server(text: str) -> bool:
    """Whether it is a connection string, and not a path."""
    return is_uri(text) or is_connection(text)


def is_elsewhere(text: str) -> bool:
    """Whether it names something that is not a path: a connection, an address or a topic."""
    return is_server(text) or is_address(text) or is_topic(text)


def _look(source: str, given: Given, tell: Tell) -> tuple[list[TableFacts], dict[str, str], list[str]]:
    """What was seen, the environment variables that the feeds need, and notes."""
    connections = [name for name in given.names if is_server(name)]
    if connections and len(given.names) > 1:
        raise SluiceError("a connection is given with something else", hint="add one source at a time")
    if connections:
        variable = f"{source.upper()}_CONNECTION"
        kind, look = ("mongodb", look_at_collections) if is_uri(connections[0]) else ("postgres", look_at_server)
        with opened([READERS[kind].extensions]) as (connection, _):
            found = look(connection, connections[0], given.schema, given.tables, variable)
        return found, {variable: "<connection string>"}, []
    if topics := _all_or_none(given.names, is_topic, "topics"):
        with opened([READERS["kafka"].extensions]) as (connection, _):
            return look_at_topics(connection, source, topics), {}, []
    if _all_or_none(given.names, is_address, "addresses"):
        need("dlt", "rest", "a source of REST addresses")
        with opened([READERS["rest"].extensions]) as (connection, _):
            return *look_at_addresses(connection, Asked(source, given.names, given.headers)), []
    if given.headers:
        raise SluiceError("--header is for REST addresses", hint="name an address that begins with https://")
    if given.schema or given.tables:
        raise SluiceError("--schema and --table are for a connection", hint="name a connection, or only files")
    members, notes = groups([Path(name) for name in given.names])
    paths, settings = _paths([group.pattern for group in members])
    found, unreadable = _look_at_files(members, paths, tell)
    return found, settings, [*notes, *unreadable]


def _all_or_none(names: Sequence[str], is_one: Callable[[str], bool], what: str) -> list[str]:
    """Those of a kind. Raises SluiceError where there are others besides."""
    found = [name for name in names if is_one(name)]
    if found and len(found) < len(names):
        raise SluiceError(f"{what} are given with something else", hint="add one source at a time")
    return found


def _look_at_files(members: Sequence[Group], paths: Sequence[str], tell: Tell) -> tuple[list[TableFacts], list[str]]:
    """What was seen, and which could not be read. Raises SluiceError where none could."""
    found, errors = [], []
    with opened(READERS[group.format].extensions for group in members) as (connection, folder):
        for number, (group, path) in enumerate(zip(members, paths, strict=True)):
            tell(group.table, number / len(members))
            try:
                seen = look_at(group, connection, folder)
                found.append(replace(seen, feed={**seen.feed, "path": path}))
            except SluiceError as error:
                errors.append(error)
    if errors and not found:
        raise errors[0]
    return found, [f"{error.where}: {error.what}; it is left out" for error in errors]


def _paths(patterns: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Globs as feeds have them: relative in the project's folder; elsewhere below a folder that DATA names.

    That is the DATA of the environment, or else the folder that all of them are in, which is given with them.
    """
    full = [Path(pattern).parent.resolve() / Path(pattern).name for pattern in patterns]
    here, data = Path.cwd(), Path(os.environ.get("DATA") or ".").resolve()
    if all(path.is_relative_to(here) for path in full):
        return [str(path.relative_to(here)) for path in full], {}
    if not os.environ.get("DATA") or not all(path.is_relative_to(data) for path in full):
        data = Path(os.path.commonpath([path.parent for path in full]))
    return [f"${{DATA}}/{path.relative_to(data)}" for path in full], {"DATA": str(data)}


def _propose(
    source: str, found: Sequence[TableFacts], project: DbtProject, currency: str | None, notes: Sequence[str]
) -> Proposal:
    tables = [raw_table(one) for one in found]
    models, more = stagings(source, tables, project, currency)
    needed = {table.name: _needed(table.name, models, project) for table in tables}
    final = {table.name: required(table, needed[table.name]) for table in tables}
    models = [replace(one, table=final[one.table.name]) for one in models]
    return Proposal(source, tuple(final.values()), tuple(models), (*notes, *more))


def _needed(table: str, models: Sequence[Staging], project: DbtProject) -> set[str]:
    """Columns without which a mart would lack what it promises."""
    return {
        name
        for one in models
        if one.table.name == table and not one.is_derived
        for column in one.columns
        if column.name in project.promised[one.entity] and len(column.used) == 1
        for name in column.used
    }
