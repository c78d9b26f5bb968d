"""Datasets and jobs of dbt's nodes: their names, and the facets that the manifest knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sluice.core.manifest import BUILT, folded, owners_of_groups, personal_columns, relation_of
from sluice.openlineage import facets
from sluice.openlineage.facets import Facet
from sluice.openlineage.names import Dataset, Names
from sluice.store.record import Record

_TYPES = {"view": "VIEW", "table": "TABLE", "incremental": "TABLE", "seed": "TABLE", "snapshot": "TABLE", "external": "FILE"}


@dataclass(frozen=True)
class Nodes:
    """The nodes of a manifest, whose relations are at a `place`: an environment, or its candidate."""

    manifest: Mapping[str, Any]
    names: Names
    place: str
    record: Record | None = None
    _spellings: dict[str, dict[str, str]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """The dataset of each source, model, seed and snapshot, by unique id."""
        found = {name: self.names.source(node) for name, node in (self.manifest.get("sources") or {}).items()}
        built = {name: node for name, node in self.manifest["nodes"].items() if node["resource_type"] in BUILT}
        return found | {name: self.names.table(self.place, relation_of(node)) for name, node in built.items()}

    @cached_property
    def of_relations(self) -> dict[str, str]:
        """The unique id of each relation, as `schema.name`, folded."""
        nodes = self.manifest["nodes"].items()
        return {folded(relation_of(node)): name for name, node in nodes if node["resource_type"] in BUILT}

    @cached_property
    def _names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for unique_id in self.of_relations.values():
            node = self.manifest["nodes"][unique_id]
            version = f".v{node['version']}" if node.get("version") else ""
            for name in (relation_of(node), str(node.get("alias") or node["name"]), f"{node['name']}{version}"):
                found.setdefault(folded(name), unique_id)
        return found

    def called(self, name: str) -> str | None:
        """The unique id of what people call by its relation, its table, or its name with its version."""
        return self._names.get(folded(name))

    @cached_property
    def _owners(self) -> dict[str, str | None]:
        return owners_of_groups(self.manifest)

    def node(self, unique_id: str) -> Mapping[str, Any]:
        """A node or source."""
        found: Mapping[str, Any] = self.manifest["nodes"].get(unique_id) or (self.manifest.get("sources") or {})[unique_id]
        return found

    def owner(self, unique_id: str) -> str | None:
        """Who owns a node: its group's owner, or the one that its `meta` names."""
        node = self.node(unique_id)
        meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
        return self._owners.get(node.get("group") or "") or (str(meta["owner"]) if meta.get("owner") else None)

    def facets(self, unique_id: str) -> dict[str, Facet]:
        """What the manifest and the record know of a dataset."""
        node = self.node(unique_id)
        columns = self.columns(unique_id)
        marked = personal_columns(node)
        kind = _TYPES.get(str((node.get("config") or {}).get("materialized") or "table"), "TABLE")
        return {
            **({"schema": facets.schema(columns)} if columns else {}),
            "datasetType": facets.facet("DatasetTypeDatasetFacet", datasetType=kind),
            **facets.described(node.get("description")),
            **facets.owned(self.owner(unique_id)),
            **facets.personal(name for name, *_ in columns if folded(name) in marked),
            **(self._version if node["resource_type"] != "source" else {}),
        }

    @property
    def _version(self) -> dict[str, Facet]:
        if self.record is None:
            return {}
        return {"version": facets.facet("DatasetVersionDatasetFacet", datasetVersion=self.record.release_id)}

    def columns(self, unique_id: str) -> list[tuple[str, str | None, str | None]]:
        """The columns of a node: as its release has them, else as they are described."""
        node = self.node(unique_id)
        declared = node.get("columns") or {}
        described = {folded(name): column for name, column in declared.items()}
        relation = self.record.relations.get(relation_of(node)) if self.record and node["resource_type"] in BUILT else None
        built = relation.columns if relation else [(name, one.get("data_type")) for name, one in declared.items()]
        return [(name, kind, described.get(folded(name), {}).get("description") or None) for name, kind in built]

    def spelled(self, unique_id: str, column: str) -> str:
        """A column as its table spells it, from its name in lower case."""
        return self._spelling(unique_id).get(column, column)

    def _spelling(self, unique_id: str) -> dict[str, str]:
        if unique_id not in self._spellings:
            self._spellings[unique_id] = {name.lower(): name for name, *_ in self.columns(unique_id)}
        return self._spellings[unique_id]

    def rows(self, unique_id: str) -> int | None:
        """How many rows a relation of the release has; None where that is not known."""
        relation = self.record.relations.get(relation_of(self.node(unique_id))) if self.record else None
        return relation.rows if relation else None
