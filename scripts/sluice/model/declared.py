"""What a project declares of its models: exposures of type `ml` with `config.meta.model`, read from dbt's manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.manifest import relation_of
from sluice.core.yaml_model import tried
from sluice.model.settings import ModelSettings, Reference

# What a column's type has to begin with to be a feature, where the mart does not say which columns are.
_NUMERIC = (
    "bool",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "hugeint",
    "uinteger",
    "ubigint",
    "float",
    "real",
    "double",
    "decimal",
)


@dataclass(frozen=True)
class Declaration:
    """A model as it is declared. `relations` has `schema.table` of each dbt model that it names.

    `features` are the columns that it is fed, in their order, and `words` what each means; `columns` are all columns of the mart,
    `definitions` a digest of how the mart defines each.
    """

    name: str
    description: str
    owner: str
    settings: ModelSettings
    relations: Mapping[str, str]
    features: tuple[str, ...]
    words: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)

    @property
    def features_relation(self) -> str:
        """`schema.table` of the mart that has the features."""
        return self.relations[self.settings.features]

    @property
    def labels_relation(self) -> str:
        """`schema.table` of the mart that has the labels."""
        return self.relations[self.settings.label.model]


def names(manifest: Mapping[str, Any]) -> list[str]:
    """The names of the models that a project declares."""
    return sorted(str(one["name"]) for one in _exposures(manifest))


def declared(manifest: Mapping[str, Any], name: str) -> Declaration:
    """The model called `name`. Raises SluiceError where it is not declared, or a mistake is in its declaration."""
    found = next((one for one in _exposures(manifest) if one["name"] == name), None)
    if found is None:
        hint = "declare it: an exposure of type ml with config.meta.model (docs/model.md)"
        raise SluiceError(f"no model {name} is declared", hint=did_you_mean(name, names(manifest), hint))
    where = f"exposure {name} in {found.get('original_file_path') or 'dbt'}, config.meta.model"
    settings, mistakes = tried(ModelSettings, _meta(found))
    if settings is None:
        raise SluiceError("; ".join(mistakes), where=where, hint="docs/model.md lists the keys")
    nodes = _nodes(found, manifest)
    for wanted in settings.models:
        if wanted not in nodes:
            hint = f"add it: depends_on: [ref('{wanted}')]"
            raise SluiceError(f"{name} reads {wanted}, which the exposure does not depend on", where=where, hint=hint)
    mart = nodes[settings.features]
    features = _features(mart, settings, where)
    return Declaration(
        name=name,
        description=str(found.get("description") or ""),
        owner=str((found.get("owner") or {}).get("name") or ""),
        settings=settings,
        relations={one: relation_of(nodes[one]) for one in settings.models},
        features=features,
        words={one: _words(one, mart) for one in features},
        columns=tuple(mart.get("columns") or ()),
        definitions=_definitions(mart),
    )


def _definitions(mart: Mapping[str, Any]) -> dict[str, str]:
    """A digest of how a mart defines each of its columns: as a feature where it declares it, and by its type."""
    own = _meta_of(mart).get("features") or {}
    by_name = {one["name"]: {key: said for key, said in one.items() if key != "description"} for one in own.get("features", [])}
    said = {name: [by_name.get(name), _column(mart, name).get("data_type")] for name in mart.get("columns") or ()}
    return {name: hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:16] for name, one in said.items()}


def _exposures(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (one for one in (manifest.get("exposures") or {}).values() if one.get("type") == "ml" and _meta(one) is not None)


def _meta(exposure: Mapping[str, Any]) -> Any:
    return _meta_of(exposure).get("model")


def _meta_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _nodes(exposure: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The models, seeds and snapshots that an exposure depends on, by their names."""
    named = (exposure.get("depends_on") or {}).get("nodes", [])
    return {str(manifest["nodes"][one]["name"]): manifest["nodes"][one] for one in named if one in manifest["nodes"]}


def _features(mart: Mapping[str, Any], settings: ModelSettings, where: str) -> tuple[str, ...]:
    """The columns that are fed to the model: those that it lists, that the mart declares, or all numeric ones of the mart."""
    columns = list(mart.get("columns") or ())
    own = _meta_of(mart).get("features") or {}
    by_mart = [*own.get("columns", []), *(one["name"] for one in own.get("features", []))]
    wanted = list(settings.inputs) or by_mart or [name for name in columns if _is_numeric(mart, name)]
    told = {settings.key, settings.at, *settings.exclude, *_own_columns(settings)}
    found = tuple(name for name in wanted if name in settings.inputs or name not in told)
    if lost := [name for name in [*found, *settings.exclude] if name not in columns]:
        hint = did_you_mean(lost[0], columns, f"its columns: {', '.join(columns)}")
        raise SluiceError(f"{settings.features} has no column {lost[0]}", where=where, hint=hint)
    if not found:
        raise SluiceError(
            f"{settings.features} has no numeric column to learn from", where=where, hint="name them: inputs: [...]"
        )
    return found


def _own_columns(settings: ModelSettings) -> Iterator[str]:
    """Columns of the features' mart that segments and baselines use: they are for people, not for the model."""
    yield from settings.segments.values()
    yield from (reference.column for reference in map(Reference.of, settings.baselines) if reference.model is None)


def _column(mart: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return (mart.get("columns") or {}).get(name) or {}


def _is_numeric(mart: Mapping[str, Any], name: str) -> bool:
    return str(_column(mart, name).get("data_type") or "").lower().startswith(_NUMERIC)


def _words(name: str, mart: Mapping[str, Any]) -> str:
    """The beginning of the column's description, up to a full stop or a semicolon."""
    text = " ".join(str(_column(mart, name).get("description") or "").split())
    first = text.partition(". ")[0].partition("; ")[0].rstrip(".")
    return first or name.replace("_", " ")
