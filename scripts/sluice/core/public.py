"""What of a project is public: what readers of a release find in its file. Decided from dbt's manifest alone.

Public are the models with `access: public`, what exposures depend on, and the seeds, which dbt lets everybody refer to. In a
project with neither a public model nor an exposure, all models, seeds and snapshots are public.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sluice.core import dbt
from sluice.core.manifest import folded, is_relation, relation_of


def nodes(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The unique ids of what is public: models, seeds, snapshots, and sources that an exposure names."""
    built = {name: node for name, node in manifest["nodes"].items() if is_relation(node)}
    named = declared(manifest)
    return named | {name for name, node in built.items() if node["resource_type"] == "seed"} if named else frozenset(built)


def declared(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The unique ids of what the project itself calls public: by `access: public`, or by an exposure."""
    built = {name for name, node in manifest["nodes"].items() if is_relation(node)}
    models = {name for name in built if manifest["nodes"][name].get("access") == "public"}
    return frozenset(models | (_exposed(manifest) & (built | (manifest.get("sources") or {}).keys())))


def _exposed(manifest: Mapping[str, Any]) -> set[str]:
    """What exposures depend on, and what the metrics that they name are made of."""
    found: set[str] = set()
    waiting = [
        name for one in (manifest.get("exposures") or {}).values() for name in (one.get("depends_on") or {}).get("nodes", [])
    ]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name.split(".")[0] in ("metric", "semantic_model", "saved_query"):
            waiting += (manifest.get("parent_map") or {}).get(name, [])
    return found


def relations(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The relations of what is public, as `schema.name`, folded."""
    known = {**(manifest.get("sources") or {}), **manifest["nodes"]}
    return frozenset(folded(_relation(known[name])) for name in nodes(manifest))


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node['identifier']}" if node["resource_type"] == "source" else relation_of(node)


def marts(target: Path) -> list[dbt.Mart]:
    """The public models of the project whose manifest is in a folder, by relation."""
    public = nodes(dbt.artifact(target, "manifest.json"))
    return dbt.models(target, lambda name, _: name in public)
