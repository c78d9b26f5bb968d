"""One of the two sides of a diff: a warehouse file, dbt's manifest of it, and its release record, if it has one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluice.core import dbt, public
from sluice.core.errors import SluiceError
from sluice.core.manifest import ManifestModel, fields_of, folded, is_relation, owners_of_groups, personal_columns
from sluice.environments import partial
from sluice.environments.resolve import Located, locate
from sluice.store.record import Acknowledgement

# The tests that name a key, and the argument that has its columns.
_UNIQUE = {"unique": "column_name", "unique_together": "columns", "unique_combination_of_columns": "combination_of_columns"}


@dataclass(frozen=True)
class Key:
    """The columns by which a row is found again in another version of the relation, and what declares them."""

    columns: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Model(ManifestModel):
    """A model, seed or snapshot of a manifest that has a relation in the warehouse; `database` is what dbt calls the file.

    `masked` columns hold personal data. Names of columns in `required` and `masked` are folded.
    """

    database: str
    access: str
    owner: str | None
    key: Key | None
    required: frozenset[str]
    masked: frozenset[str]


@dataclass(frozen=True)
class Side:
    """A file and what is known of it. Relations are by their folded names: DuckDB does not tell A from a.

    `digests` has the digest of each relation in the release record, if there is one; `engine` says how they were made.

    A pull request environment contains the relations in `built` only (None: all); the others are those of the release `base`.
    """

    name: str
    file: Path
    manifest: Mapping[str, Any]
    models: Mapping[str, Model]
    digests: Mapping[str, str]
    engine: str | None
    commit: str | None
    built_at: str | None
    built: frozenset[str] | None = None
    base: str = ""
    failed: frozenset[str] = frozenset()
    release_id: str = ""
    acknowledged: tuple[Acknowledgement, ...] = ()
    located: Located | None = None


def side(name: str, artifacts: Path | None, target: Path) -> Side:
    """The side that a name on the command line means. Artifacts are looked for beside the file, then in dbt's target folder.

    Raises SluiceError if there is no such file, no manifest, or the record beside it is not valid.
    """
    # A pointer is followed once: the release stays the same, whatever is published meanwhile.
    located = locate(name)
    file, record, made = located.file.resolve(), located.record, located.built
    folder = artifacts or located.artifacts or (file.parent if (file.parent / "manifest.json").is_file() else target)
    manifest, partly = dbt.artifact(folder, "manifest.json"), partial.read(folder)
    return Side(
        name=name,
        file=file,
        manifest=manifest,
        models=models_of(manifest),
        digests={folded(name): relation.digest for name, relation in record.relations.items()} if record else {},
        engine=f"{record.duckdb}, digest {record.digest_version}" if record else None,
        commit=made.commit if made else None,
        built_at=made.built_at if made and not made.has_changed else _written(file),
        built=frozenset(map(folded, (*partly.built, *partly.left_out))) if partly else None,
        base=partly.base if partly else "",
        failed=frozenset(map(folded, partly.failed)) if partly else frozenset(),
        release_id=record.release_id if record else "",
        acknowledged=record.acknowledged if record else (),
        located=located,
    )


def _written(file: Path) -> str:
    """When a file without a record was last written, which is when dbt built it."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def models_of(manifest: Mapping[str, Any]) -> dict[str, Model]:
    """Every node of a manifest that has a relation, by `schema.name`, folded."""
    unique, owners = _unique_tests(manifest), owners_of_groups(manifest)
    found = (
        _model(node, owners.get(node.get("group") or ""), unique.get(node["unique_id"]))
        for node in manifest["nodes"].values()
        if is_relation(node)
    )
    return {folded(model.relation): model for model in found}


def _model(node: Mapping[str, Any], owner: str | None, unique: Key | None) -> Model:
    columns = node.get("columns") or {}
    constraints = {name: [entry.get("type") for entry in column.get("constraints") or []] for name, column in columns.items()}
    stated = tuple(node.get("primary_key") or ())
    return Model(
        **fields_of(node),
        database=str(node.get("database") or ""),
        access=node.get("access") or "protected",
        owner=owner,
        key=_constrained(node) or (Key(stated, "dbt's primary key") if stated else None) or unique,
        required=frozenset(folded(name) for name, kinds in constraints.items() if {"not_null", "primary_key"} & set(kinds)),
        masked=personal_columns(node),
    )


def _config(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node.get("config") or {}


def _constrained(node: Mapping[str, Any]) -> Key | None:
    """The key that the contract declares, in its order."""
    for constraint in node.get("constraints") or []:
        if constraint.get("type") == "primary_key" and constraint.get("columns"):
            return Key(tuple(constraint["columns"]), "contract")
    for name, column in (node.get("columns") or {}).items():
        if any(entry.get("type") == "primary_key" for entry in column.get("constraints") or []):
            return Key((name,), "contract")
    return None


def _unique_tests(manifest: Mapping[str, Any]) -> dict[str, Key]:
    """For each node the fewest columns that a test without a filter declares to be unique."""
    found: dict[str, Key] = {}
    for test in manifest["nodes"].values():
        metadata = test.get("test_metadata") or {}
        argument = _UNIQUE.get(metadata.get("name", ""))
        node = test.get("attached_node")
        if test["resource_type"] != "test" or argument is None or node is None or _config(test).get("where"):
            continue
        columns = _columns((metadata.get("kwargs") or {}).get(argument))
        if columns and (node not in found or len(columns) < len(found[node].columns)):
            found[node] = Key(columns, f"test {test['name']}")
    return found


def _columns(given: Any) -> tuple[str, ...]:
    """Names of columns; nothing if one of them is an expression."""
    names = [given] if isinstance(given, str) else list(given or [])
    return tuple(names) if all(re.fullmatch(r"\w+", str(name)) for name in names) else ()


def chosen(a: Side, b: Side, select: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """The relations to compare, by name: those that `select` names, by default the public models (all, if none is public).

    Raises SluiceError if a word of `select` selects nothing on either side.
    """
    every: dict[str, list[Model]] = {}
    for model in (*b.models.values(), *a.models.values()):
        every.setdefault(folded(model.relation), []).append(model)
    for word in select:
        if not any(_any(models, [word]) for models in every.values()):
            hint = "name a model, its schema, tag:<tag>, or a pattern such as fct_*"
            raise SluiceError(f"{word} selects nothing", where="--select", hint=hint)
    declared = {name for one in (a, b) for name in public.declared(one.manifest)}
    named = {relation for relation, models in every.items() if any(model.unique_id in declared for model in models)}
    wanted = {relation for relation, models in every.items() if _any(models, select)} if select else named or set(every)
    return sorted(every[relation][0].relation for relation in wanted if not _any(every[relation], exclude))


def _any(models: Iterable[Model], words: Sequence[str]) -> bool:
    return any(model.is_selected_by(word) for model in models for word in words)
