"""What models expect of themselves: `config: meta: expectations` of dbt's manifest, read strictly."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.core import dbt
from sluice.core.errors import SluiceError

SEVERITIES = ("error", "warn")
_KEYS = ("name", "expectation", "arguments", "severity")


@dataclass(frozen=True)
class DeclaredCheck:
    """One declared expectation: `name` is its claim; `severity` error blocks, warn informs."""

    name: str
    expectation: str
    arguments: Mapping[str, Any]
    severity: str


@dataclass(frozen=True)
class AuditedModel:
    """A model with expectations. `columns` are those that its YAML names; `key` identifies a row, empty where unknown."""

    unique_id: str
    name: str
    schema: str
    alias: str
    tags: tuple[str, ...]
    columns: tuple[str, ...]
    key: tuple[str, ...]
    checks: tuple[DeclaredCheck, ...]

    @property
    def relation(self) -> str:
        """`schema.table` in the warehouse."""
        return f"{self.schema}.{self.alias}"


def manifest_of(target: Path) -> dict[str, Any]:
    """dbt's manifest. Raises SluiceError where it is missing or not readable."""
    return dbt.artifact(target, "manifest.json", hint="run: sluice build")


def declared(manifest: Mapping[str, Any], select: Sequence[str] = ()) -> list[AuditedModel]:
    """The selected models with expectations, by relation.

    Raises SluiceError, naming every fault, where a declaration is not what it has to be, also in models not selected.
    """
    nodes = [node for node in manifest["nodes"].values() if _expects(node) is not None]
    faults = [fault for node in nodes for fault in _faults(node)]
    if faults:
        raise SluiceError(*faults_as_error(faults))
    models = sorted((_model(node) for node in nodes), key=lambda model: model.relation)
    return [model for model in models if not select or any(_selects(word, model) for word in select)]


def faults_as_error(faults: Sequence[str]) -> tuple[str]:
    """One sentence that says how many declarations are wrong, and each of them on a line of its own."""
    head = f"{len(faults)} expectation{'s are' if len(faults) > 1 else ' is'} declared wrongly; nothing was checked"
    return ("\n  ".join([f"{head}:", *faults]),)


def _expects(node: Mapping[str, Any]) -> Any:
    return ((node.get("config") or {}).get("meta") or {}).get("expectations")


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['name']}.v{node['version']}" if node.get("version") else str(node["name"])


def _faults(node: Mapping[str, Any]) -> Iterator[str]:
    place = _name(node)
    listed = _expects(node)
    if not isinstance(listed, list) or not listed:
        yield f"{place}: expectations is a list of checks, and not empty"
        return
    names: set[str] = set()
    for number, entry in enumerate(listed, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
            yield f"{place}: check {number} has no name"
            continue
        yield from (f"{place}, {entry['name']}: {fault}" for fault in _faults_of(entry))
        if entry["name"] in names:
            yield f"{place}, {entry['name']}: two checks have this name"
        names.add(entry["name"])


def _faults_of(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in entry.keys() - set(_KEYS):
        yield f"unknown key {key}; a check has {', '.join(_KEYS)}"
    if not isinstance(entry.get("expectation"), str):
        yield "has no expectation"
    if not isinstance(entry.get("arguments", {}), dict):
        yield "arguments is a mapping"
    if entry.get("severity", "error") not in SEVERITIES:
        yield f"unknown severity {entry['severity']!r}; it is {' or '.join(SEVERITIES)}"


def _model(node: Mapping[str, Any]) -> AuditedModel:
    return AuditedModel(
        unique_id=node["unique_id"],
        name=_name(node),
        schema=node["schema"],
        alias=node.get("alias") or node["name"],
        tags=tuple(node.get("tags") or ()),
        columns=tuple(node.get("columns") or ()),
        key=tuple(node.get("primary_key") or ()),
        checks=tuple(
            DeclaredCheck(entry["name"], entry["expectation"], entry.get("arguments") or {}, entry.get("severity", "error"))
            for entry in _expects(node)
        ),
    )


def _selects(word: str, model: AuditedModel) -> bool:
    """`tag:finance`, or a pattern (`fct_*`) for the model's name, its schema, or its relation."""
    kind, _, value = word.partition(":")
    if kind == "tag" and value:
        return value in model.tags
    bare = model.name.split(".v", maxsplit=1)[0]
    return any(fnmatch.fnmatchcase(name, word) for name in (model.name, bare, model.schema, model.relation))
