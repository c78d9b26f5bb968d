"""The expectations that models declare: `config: meta: expectations` of dbt's manifest, read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.core.errors import SluiceError
from sluice.core.manifest import ManifestModel, fields_of
from sluice.quality.personal import NOTHING_PERSONAL, Personal, of_nodes

SEVERITIES = ("error", "warn")
_KEYS = ("name", "model", "expectation", "arguments", "about", "needs", "severity")


@dataclass(frozen=True)
class DeclaredCheck:
    """One declared expectation: `name` is its claim; `severity` error blocks, warn informs.

    `needs` is an SQL condition on the rows that it can judge, of those that it is `about` (another one; all rows). Where
    there are rows that it is about, and none that it can judge, the check has nothing to look at.
    """

    name: str
    expectation: str
    arguments: Mapping[str, Any]
    severity: str
    about: str = "true"
    needs: str | None = None


@dataclass(frozen=True)
class AuditedModel(ManifestModel):
    """A model with expectations. `key` identifies a row; empty if unknown."""

    key: tuple[str, ...]
    checks: tuple[DeclaredCheck, ...]
    personal: Personal = NOTHING_PERSONAL


def declared(manifest: Mapping[str, Any], select: Sequence[str] = ()) -> list[AuditedModel]:
    """The selected models with expectations, by relation.

    A model declares expectations of itself, or, with the key `model`, of another one: so what is usual for a source is
    declared with the source. Raises SluiceError, naming every fault, if a declaration is not valid, also in models that are
    not selected.
    """
    nodes = [node for node in manifest["nodes"].values() if _expects(node) is not None]
    faults = [fault for node in nodes for fault in _faults(node)]
    if faults:
        raise SluiceError(*faults_as_error(faults))
    entries, faults = _by_model(manifest["nodes"], nodes)
    if faults:
        raise SluiceError(*faults_as_error(faults))
    models = sorted((_model(manifest["nodes"][name], of) for name, of in entries.items()), key=lambda model: model.relation)
    return [model for model in models if not select or any(model.is_selected_by(word) for word in select)]


def _by_model(
    nodes: Mapping[str, Any], declaring: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, list[Mapping[str, Any]]], list[str]]:
    """The entries by the unique_id of the model that they are about, its own first; and what is wrong with them."""
    named = {str(node["name"]): key for key, node in nodes.items() if _is_latest(node)}
    named |= {_name(node): key for key, node in nodes.items() if node["resource_type"] == "model"}
    entries: dict[str, list[Mapping[str, Any]]] = {}
    faults = []
    for is_own in (True, False):
        for node in declaring:
            for entry in _expects(node):
                if ("model" not in entry) is not is_own:
                    continue
                about = node["unique_id"] if is_own else named.get(entry["model"])
                others = entries.setdefault(about, []) if about else []
                if about is None:
                    faults.append(f"{_name(node)}, {entry['name']}: there is no model {entry['model']}")
                elif any(other["name"] == entry["name"] for other in others):
                    faults.append(f"{_name(node)}, {entry['name']}: two checks of {_name(nodes[about])} have this name")
                others.append(entry)
    return entries, faults


def _is_latest(node: Mapping[str, Any]) -> bool:
    return node["resource_type"] == "model" and node.get("version") == node.get("latest_version")


def faults_as_error(faults: Sequence[str]) -> tuple[str]:
    """How many declarations are not valid, and each of them on a line of its own."""
    head = f"{len(faults)} expectation{'s are' if len(faults) > 1 else ' is'} not valid; nothing was checked"
    return ("\n  ".join([f"{head}:", *faults]),)


def _expects(node: Mapping[str, Any]) -> Any:
    return ((node.get("config") or {}).get("meta") or {}).get("expectations")


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['name']}.v{node['version']}" if node.get("version") else str(node["name"])


def _faults(node: Mapping[str, Any]) -> Iterator[str]:
    place = _name(node)
    listed = _expects(node)
    if not isinstance(listed, list) or not listed:
        yield f"{place}: expectations must be a list of checks, and not empty"
        return
    names: set[tuple[Any, str]] = set()
    for number, entry in enumerate(listed, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
            yield f"{place}: check {number} has no name"
            continue
        yield from (f"{place}, {entry['name']}: {fault}" for fault in _faults_of(entry))
        if (entry.get("model"), entry["name"]) in names:
            yield f"{place}, {entry['name']}: two checks have this name"
        names.add((entry.get("model"), entry["name"]))


def _faults_of(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in entry.keys() - set(_KEYS):
        yield f"unknown key {key}; known: {', '.join(_KEYS)}"
    if not isinstance(entry.get("expectation"), str):
        yield "the expectation is missing"
    if not isinstance(entry.get("arguments", {}), dict):
        yield "arguments must be a mapping"
    for key in ("model", "about", "needs"):
        if key in entry and not (isinstance(entry[key], str) and entry[key]):
            yield f"{key} must be a text"
    if "about" in entry and "needs" not in entry:
        yield "about says of which rows there must be some that it needs; needs is missing"
    if entry.get("severity", "error") not in SEVERITIES:
        yield f"unknown severity {entry['severity']!r}; use {' or '.join(SEVERITIES)}"


def _model(node: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> AuditedModel:
    checks = (
        DeclaredCheck(
            entry["name"],
            entry["expectation"],
            entry.get("arguments") or {},
            entry.get("severity", "error"),
            entry.get("about", "true"),
            entry.get("needs"),
        )
        for entry in entries
    )
    fields = {**fields_of(node), "name": _name(node)}
    return AuditedModel(**fields, key=tuple(node.get("primary_key") or ()), checks=tuple(checks), personal=of_nodes([node]))
