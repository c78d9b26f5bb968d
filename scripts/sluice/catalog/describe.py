"""The catalog of a project, from dbt's manifest and what is known besides: a pure function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sluice.catalog.checks import Checks
from sluice.catalog.columns import columns_of, names_of
from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Catalog, Node
from sluice.catalog.hidden import hidden_columns
from sluice.core.dbt import owner_of
from sluice.core.manifest import folded, is_relation, owners_of_groups, relation_of
from sluice.lineage.edges import Lineage

_KINDS = ("model", "seed", "snapshot", "source", "exposure")
_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}


def describe(manifest: Mapping[str, Any], evidence: Evidence, lineage: Lineage) -> Catalog:
    """Every model, seed, snapshot, source and exposure of a manifest; what nobody knows is left empty."""
    nodes = _described(manifest)
    anchors = _anchors(nodes)
    names = {one: names_of(node, evidence, lineage.columns.get(one, ())) for one, node in nodes.items()}
    places = [(one, column) for one, columns in names.items() for column in columns]
    hidden = hidden_columns(nodes, places, lineage.edges)
    checks = Checks(manifest, evidence.checks, names, hidden).by_node()
    owners = owners_of_groups(manifest)
    found = []
    for one in _in_order(nodes):
        node = nodes[one]
        known = {
            **_said(node),
            **_placed(node, evidence),
            **_dated(node, evidence),
            "owner": _owner(node, owners),
            "incidents": tuple(evidence.incidents.get(one, ())),
            "columns": columns_of(node, names[one], evidence, hidden),
            "checks": tuple(checks.get(one, ())),
            "parents": tuple(name for name in dict.fromkeys(_parents(node)) if name in nodes and name != one),
        }
        found.append(Node(unique_id=one, anchor=anchors[one], **known))
    project = str((manifest.get("metadata") or {}).get("project_name") or "")
    return Catalog(project, tuple(found), tuple(lineage.edges), dict(lineage.untraced))


def _described(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    every = (part for kind in ("nodes", "sources", "exposures") for part in (manifest.get(kind) or {}).items())
    return {one: node for one, node in every if node["resource_type"] in _KINDS}


def _parents(node: Mapping[str, Any]) -> list[str]:
    return list((node.get("depends_on") or {}).get("nodes") or [])


def _in_order(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Parents before children, and by name as far as that leaves a choice."""
    graph = {one: sorted({name for name in _parents(nodes[one]) if name in nodes and name != one}) for one in sorted(nodes)}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:  # dbt has none; a manifest that was edited may
        return sorted(nodes)


def _anchors(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """`model.fct_payments`; the package is part of it where two packages have a node of one name."""
    short = {one: _short(node) for one, node in nodes.items()}
    uses = Counter(short.values())
    return {one: name if uses[name] == 1 else one for one, name in short.items()}


def _short(node: Mapping[str, Any]) -> str:
    source = f"{node['source_name']}." if node["resource_type"] == "source" else ""
    version = f".v{node['version']}" if _has_several(node) else ""
    return f"{node['resource_type']}.{source}{node['name']}{version}"


def _has_several(node: Mapping[str, Any]) -> bool:
    return node.get("version") is not None and str(node["version"]) != "1"


def _said(node: Mapping[str, Any]) -> dict[str, Any]:
    """What the YAML and the SQL say of a node."""
    config = node.get("config") or {}
    kind = node["resource_type"]
    name = f"{node['source_name']}.{node['name']}" if kind == "source" else str(node["name"])
    return {
        "kind": kind,
        "name": name + (f".v{node['version']}" if _has_several(node) else ""),
        "label": str(node.get("label") or "") if kind == "exposure" else "",
        "layer": _layer(node),
        "description": (node.get("description") or node.get("source_description") or "").strip(),
        "tags": tuple(dict.fromkeys(node.get("tags") or ())),
        "path": node.get("original_file_path") or "",
        "access": str(config.get("access") or node.get("access") or "") if kind == "model" else "",
        "version": "" if node.get("version") is None else str(node["version"]),
        "is_contracted": bool((config.get("contract") or node.get("contract") or {}).get("enforced")),
        "deprecated_on": str(node.get("deprecation_date") or "")[:10],
        "materialized": str(config.get("materialized") or "") if kind in ("model", "snapshot") else "",
        "is_followed": bool(_meta(node).get("follow")),
        "late_after": _late_after(node),
        "raw_sql": (node.get("raw_code") or "") if kind in ("model", "snapshot") else "",
        "compiled_sql": (node.get("compiled_code") or "") if kind in ("model", "snapshot") else "",
        "url": node.get("url") or "",
        "maturity": node.get("maturity") or "",
        "use": (node.get("type") or "") if kind == "exposure" else "",
    }


def _layer(node: Mapping[str, Any]) -> str:
    """The folder below the project's models; of other nodes, their kind."""
    if node["resource_type"] != "model":
        return f"{node['resource_type']}s"
    folders = list(node.get("fqn") or [])[1:-1]
    return str(folders[0]) if folders and folders[0] != node["name"] else "models"


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _owner(node: Mapping[str, Any], groups: Mapping[str, str | None]) -> str:
    """Its own owner (exposures), its group's, or `meta: owner`, which may name a group."""
    own = owner_of(node) or groups.get((node.get("config") or {}).get("group") or node.get("group") or "")
    said = _meta(node).get("owner")
    return own or (owner_of({"owner": said}) if isinstance(said, Mapping) else groups.get(str(said)) or said) or ""


def _late_after(node: Mapping[str, Any]) -> tuple[float | None, float | None]:
    limits = node.get("freshness") or (node.get("config") or {}).get("freshness") or {}
    warn, fail = (limits.get(name) or {} for name in ("warn_after", "error_after"))
    return _hours(warn), _hours(fail)


def _hours(limit: Mapping[str, Any]) -> float | None:
    count, period = limit.get("count"), _HOURS.get(str(limit.get("period")))
    return count * period if count is not None and period is not None else None


def _placed(node: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Where its rows are, and how many they were when they were measured last."""
    if node["resource_type"] == "exposure":
        return {}
    relation = relation_of(node) if is_relation(node) else f"{node['schema']}.{node.get('identifier') or node['name']}"
    measured = evidence.profiles.get((folded(relation), ""), {})
    figures = {"rows": measured.get("row_count"), **{name: measured.get(name) for name in ("bytes", "measured_at", "newest_at")}}
    is_built = node["resource_type"] == "source" or is_relation(node)
    return {"schema": node["schema"], "relation": relation if is_built else "", **figures}


def _dated(node: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """When rows arrived, or it was built, and how that ended."""
    if node["resource_type"] == "source":
        arrived, rows = evidence.deliveries.get(f"{node['source_name']}.{node['name']}", (None, None))
        return {"arrived_at": arrived, "rows": rows, "is_contracted": arrived is not None}
    if node["resource_type"] == "exposure":
        return {}
    built = evidence.builds.get(node["unique_id"], {})
    return {
        "arrived_at": built.get("started_at"),
        "due": evidence.due.get(folded(relation_of(node)), ""),
        "build_status": built.get("status") or "",
        "build_seconds": built.get("seconds"),
    }
