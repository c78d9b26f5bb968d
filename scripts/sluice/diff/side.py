"""One of the two things that a diff compares: a warehouse file, dbt's manifest of it, and its release record, if it has one."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.core import dbt
from sluice.core.dbt import owner_of
from sluice.core.errors import SluiceError
from sluice.environments import partial
from sluice.environments.resolve import locate

# Longer keys are no keys that a person would use, but a test may still name them.
_UNIQUE = {"unique": "column_name", "unique_together": "columns", "unique_combination_of_columns": "combination_of_columns"}


@dataclass(frozen=True)
class Key:
    """The columns by which rows of two versions of a relation are told to be the same row, and who says so."""

    columns: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Model:
    """A model, seed or snapshot of a manifest that has a relation in the warehouse."""

    unique_id: str
    name: str
    relation: str
    schema: str
    access: str
    tags: tuple[str, ...]
    owner: str | None
    key: Key | None
    required: frozenset[str]
    masked: frozenset[str]

    def answers_to(self, word: str) -> bool:
        """Whether `tag:finance`, or a pattern (`fct_*`) for the name, the schema or the relation, means this model."""
        kind, _, value = word.partition(":")
        if kind == "tag" and value:
            return value in self.tags
        return any(fnmatch.fnmatchcase(name, word) for name in (self.name, self.schema, self.relation, self.unique_id))


@dataclass(frozen=True)
class Side:
    """`digests` holds the digest of each relation where a release record tells them, of files of DuckDB `engine`.

    A pull request environment holds the relations in `built` only (None: all), and stands on the release `base` else.
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


def side(name: str, artifacts: Path | None, target: Path) -> Side:
    """What a name on the command line stands for. Artifacts are looked for beside the file, then in dbt's target folder.

    Raises SluiceError where there is no such file, no manifest, or the record beside it is not readable.
    """
    # Behind a pointer it is this release from here on, whatever is published meanwhile.
    located = locate(name)
    file, record = located.file.resolve(), located.record
    folder = artifacts or located.artifacts or (file.parent if (file.parent / "manifest.json").is_file() else target)
    manifest, slim = dbt.artifact(folder, "manifest.json"), partial.read(folder)
    return Side(
        name=name,
        file=file,
        manifest=manifest,
        models=models_of(manifest),
        digests={name: relation.digest for name, relation in record.relations.items()} if record else {},
        engine=record.duckdb if record else None,
        commit=record.code.commit if record else None,
        built_at=record.built_at if record else None,
        built=frozenset(slim.built) | frozenset(slim.left_out) if slim else None,
        base=slim.base if slim else "",
        failed=frozenset(slim.failed) if slim else frozenset(),
        release_id=record.release_id if record else "",
    )


def models_of(manifest: Mapping[str, Any]) -> dict[str, Model]:
    """Every node of a manifest that has a relation, by `schema.name`. Ephemeral models have none."""
    unique = _unique_tests(manifest)
    owners = {group["name"]: owner_of(group) for group in (manifest.get("groups") or {}).values()}
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed", "snapshot") and _config(node).get("materialized") != "ephemeral":
            model = _model(node, owners, unique.get(node["unique_id"]))
            found[model.relation] = model
    return found


def _model(node: Mapping[str, Any], owners: Mapping[str, str | None], unique: Key | None) -> Model:
    columns = node.get("columns") or {}
    constraints = {name: [entry.get("type") for entry in column.get("constraints") or []] for name, column in columns.items()}
    stated = tuple(node.get("primary_key") or ())
    return Model(
        unique_id=node["unique_id"],
        name=node["name"],
        relation=f"{node['schema']}.{node['alias']}",
        schema=node["schema"],
        access=node.get("access") or "protected",
        tags=tuple(node.get("tags") or ()),
        owner=owners.get(node.get("group") or ""),
        key=_constrained(node) or (Key(stated, "dbt's primary key") if stated else None) or unique,
        required=frozenset(name for name, kinds in constraints.items() if {"not_null", "primary_key"} & set(kinds)),
        masked=frozenset(name for name, column in columns.items() if _is_personal(column)),
    )


def _config(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node.get("config") or {}


def _is_personal(column: Mapping[str, Any]) -> bool:
    meta = {**(column.get("meta") or {}), **(_config(column).get("meta") or {})}
    return bool(meta.get("pii"))


def _constrained(node: Mapping[str, Any]) -> Key | None:
    """The key that the contract states, in the order in which it states it."""
    for constraint in node.get("constraints") or []:
        if constraint.get("type") == "primary_key" and constraint.get("columns"):
            return Key(tuple(constraint["columns"]), "contract")
    for name, column in (node.get("columns") or {}).items():
        if any(entry.get("type") == "primary_key" for entry in column.get("constraints") or []):
            return Key((name,), "contract")
    return None


def _unique_tests(manifest: Mapping[str, Any]) -> dict[str, Key]:
    """For each node the fewest columns that a test without a filter says are unique."""
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
    """Names of columns; nothing where one of them is an expression."""
    names = [given] if isinstance(given, str) else list(given or [])
    return tuple(names) if all(re.fullmatch(r"\w+", str(name)) for name in names) else ()


def chosen(a: Side, b: Side, select: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """The relations to compare, by name: public models of either side, or those that `select` names.

    Raises SluiceError where a word of `select` means nothing that either side has.
    """
    every: dict[str, list[Model]] = {}
    for model in (*a.models.values(), *b.models.values()):
        every.setdefault(model.relation, []).append(model)
    for word in select:
        if not any(model.answers_to(word) for models in every.values() for model in models):
            hint = "name a model, its schema, tag:<tag>, or a pattern such as fct_*"
            raise SluiceError(f"nothing is selected by {word}", where="--select", hint=hint)
    public = any(model.access == "public" for models in every.values() for model in models)
    return sorted(relation for relation, models in every.items() if _wanted(models, select, public) and not _any(models, exclude))


def _wanted(models: Iterable[Model], select: Sequence[str], public: bool) -> bool:
    """A project that makes nothing public has all its models compared."""
    if select:
        return _any(models, select)
    return not public or any(model.access == "public" for model in models)


def _any(models: Iterable[Model], words: Sequence[str]) -> bool:
    return any(model.answers_to(word) for model in models for word in words)
