"""Writing contracts: one file for each source and each mart."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from sluice.candidate.sources import sources_of
from sluice.core import dbt, public
from sluice.core.dbt_profile import Choice
from sluice.core.duck import connect, literal
from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.manifest import ManifestModel, fields_of, folded
from sluice.core.paths import lake_root
from sluice.environments.context import here
from sluice.environments.resolve import Located, locate
from sluice.odcs.contract import Contract, Project, of_mart, of_source
from sluice.quality.expectations.declared import declared


@dataclass(frozen=True)
class Written:
    """A contract that was written: `rules` can be run by a program, `unrun` are for people or for Great Expectations."""

    file: Path
    name: str
    tables: int
    rules: int
    unrun: int


@dataclass(frozen=True)
class Exported:
    """The contracts of an environment, in `out`; `stale` are files there whose source or mart is gone."""

    environment: str
    out: Path
    contracts: tuple[Written, ...]
    stale: tuple[Path, ...] = ()


def export(name: str, out: Path, select: Sequence[str] = ()) -> Exported:
    """Write the contracts of the marts of an environment, release or DuckDB file, and of the sources, below `out`.

    `select` names marts as `sluice audit --select` does, and sources by their names. Raises SluiceError where nothing is
    selected, the manifest is missing, or the files cannot be written.
    """
    project = _project(locate(name))
    contracts = _selected(project, select)
    written = tuple(_write(one, out) for one in contracts)
    stale = () if select else tuple(sorted(set(out.rglob("*.odcs.yaml")) - {one.file for one in written}))
    return Exported(name, out, written, stale)


def _project(located: Located) -> Project:
    manifest = dbt.artifact(located.described_in, "manifest.json", hint="run: sluice build")
    audited = {one.unique_id: one for one in declared(manifest)}
    environment = located.record.environment if located.record else located.name
    places = _from_here(located.opened_as), _from_here(lake_root()), _files(environment)
    name = environment if here().policy.find(environment) else "file"
    return Project(manifest, name, *places, _built(located), audited)


def _files(environment: str) -> dict[str, str]:
    """The DuckDB files that have sources, by the name of the database; that of the target also without a name."""
    entry = here().policy.find(environment)
    try:
        found = sources_of(Path(), entry.choice if entry else Choice(), entry.sources if entry else None)
    except SluiceError:  # no profile: dbt says so
        found = None
    if found is None:
        return {}
    own = _from_here(found.file)
    return {name: _from_here(file) for name, file in found.others.items()} | {found.database: own, found.alias: own, "": own}


def _from_here(path: Path) -> str:
    """A path as it is from the project's folder, so that the contract is the same in every checkout."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _built(located: Located) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The columns of every relation of a file, folded."""
    if located.record is not None and located.record.relations:
        return {folded(name): one.columns for name, one in located.record.relations.items()}
    with connect() as connection:
        connection.execute(f"attach {literal(str(located.file))} as described (read_only)")
        rows = connection.execute(
            "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
            " where database_name = 'described' and not internal order by 1, column_index"
        ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for relation, column, kind in rows:
        found.setdefault(folded(relation), []).append((column, kind))
    return found


def _selected(project: Project, select: Sequence[str]) -> list[Contract]:
    """The contracts that the words select: all without one. What is not built has no contract."""
    nodes = public.nodes(project.manifest)
    models = [ManifestModel(**fields_of(project.manifest["nodes"][name])) for name in nodes if name in project.manifest["nodes"]]
    models = sorted((one for one in models if folded(one.relation) in project.known), key=lambda one: one.relation)
    groups = _sources(project.manifest)
    for word in select:
        if word not in groups and not any(one.is_selected_by(word) for one in models):
            names = [*groups, *(one.name for one in models)]
            hint = did_you_mean(word, names, "name a mart, its schema, tag:<tag>, a pattern such as fct_*, or a source")
            raise SluiceError(f"no mart or source is selected by {word}", where="--select", hint=hint)
    sources = [of_source(tables, project) for name, tables in groups.items() if not select or name in select]
    marts = [one for one in models if not select or any(one.is_selected_by(word) for word in select)]
    return sources + [of_mart(one.unique_id, project) for one in marts]


def _sources(manifest: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The tables of each source, but not what Sluice itself writes."""
    nodes = [one for one in (manifest.get("sources") or {}).values() if not _is_own(one)]
    ordered = sorted(nodes, key=lambda one: (one["source_name"], one["name"]))
    return {name: list(tables) for name, tables in groupby(ordered, key=lambda one: str(one["source_name"]))}


def _is_own(node: Mapping[str, Any]) -> bool:
    return ((node.get("config") or {}).get("meta") or node.get("meta") or {}).get("written_by") == "sluice"


def _write(contract: Contract, out: Path) -> Written:
    path = out / contract.path
    text = yaml.dump(contract.content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"the contract cannot be written: {error.strerror}"
        raise SluiceError(what, where=str(path), hint="name a folder that this user may write to: --out") from error
    return Written(path, str(contract.content["name"]), contract.tables, contract.rules, contract.unrun)


class _Dumper(yaml.SafeDumper):
    """YAML that people read: lists are indented, texts of several lines are blocks, nothing is an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # PyYAML's name
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's name
        return True


def as_text(found: Exported) -> str:
    """For people, on a terminal."""
    from sluice.core.text import table

    rows = [(one.name, one.tables, one.rules, one.unrun) for one in found.contracts]
    lines = [f"contracts of {found.environment} (ODCS 3.1) in {found.out}", ""]
    return "\n".join([*lines, *table(["contract", ">tables", ">rules", ">not run"], rows)])
