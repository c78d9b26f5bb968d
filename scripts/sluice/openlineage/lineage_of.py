"""The lineage of the columns of what was built, traced once and kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sluice.core.manifest import BUILT, relation_of
from sluice.lineage.edges import Lineage, column_edges, lineage_cache
from sluice.openlineage.gathered import Artifacts
from sluice.store.record import Record

# How a release reads a table of the lake: macros/naming/source.sql writes the version.
_PIN = re.compile(r"(delta_scan\('[^']*'), version => \d+\)")


def lineage_of(artifacts: Artifacts) -> Lineage:
    """The lineage of a manifest with compiled SQL; of a release, its columns are known."""
    manifest = {**artifacts.manifest, "nodes": dict(_nodes(artifacts.manifest, artifacts.compiled or {}))}
    known = _columns(manifest, artifacts.record) if artifacts.record else None
    return column_edges(manifest, cache=lineage_cache(), known=known)


def _nodes(manifest: Mapping[str, Any], compiled: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The nodes with the SQL to follow.

    Incremental models have the SQL that builds them as a whole, where it is known; a version to which a table of the lake is
    pinned is left out, so that the source is found by the text that dbt has for it.
    """
    for name, node in manifest["nodes"].items():
        sql = node.get("compiled_code")
        reads = (node.get("depends_on") or {}).get("nodes") or []
        if any(one.startswith("source.") for one in reads):
            yield name, {**node, "compiled_code": _PIN.sub(r"\1)", sql)} if sql else node
        elif (node.get("config") or {}).get("materialized") == "incremental":
            yield name, {**node, "compiled_code": compiled.get(name, sql)}
        else:
            yield name, node


def _columns(manifest: Mapping[str, Any], record: Record) -> dict[str, list[str]]:
    built = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    relations = {name: record.relations.get(relation_of(node)) for name, node in built.items()}
    return {name: [column for column, _ in one.columns] for name, one in relations.items() if one}
