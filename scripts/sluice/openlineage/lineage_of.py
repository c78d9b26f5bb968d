"""The lineage of the columns of what was built, traced once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sluice.core.manifest import BUILT, relation_of
from sluice.lineage.edges import Lineage, column_edges, lineage_cache
from sluice.store.record import Record


def lineage_of(manifest: Mapping[str, Any], record: Record | None = None) -> Lineage:
    """The lineage of a manifest with compiled SQL; of a release, its columns are known."""
    return column_edges(manifest, cache=lineage_cache(), known=_columns(manifest, record) if record else None)


def _columns(manifest: Mapping[str, Any], record: Record) -> dict[str, list[str]]:
    built = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    relations = {name: record.relations.get(relation_of(node)) for name, node in built.items()}
    return {name: [column for column, _ in one.columns] for name, one in relations.items() if one}
