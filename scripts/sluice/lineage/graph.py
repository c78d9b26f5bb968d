"""The lineage of a whole project, from dbt's manifest: models, seeds, sources, exposures, and the columns between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.core.dbt import owner_of
from sluice.core.manifest import owners_of_groups, relation_of
from sluice.lineage.cached import cached
from sluice.lineage.columns import NotTracedError, Query, trace
from sluice.lineage.promised import promised_keys
from sluice.lineage.relation import Key
from sluice.lineage.snapshots import kept_versions
from sluice.lineage.tables import Tables


@dataclass
class Graph:
    """`queries` has the lineage of each model that could be traced; `untraced` says for the others why not."""

    nodes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    columns: dict[str, list[str]] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    untraced: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str | None] = field(default_factory=dict)
    # By schema and name, the node; and the text by which SQL reads a source that is not a table.
    tables: dict[tuple[str, str], str] = field(default_factory=dict)
    inline: dict[str, str] = field(default_factory=dict)
    # Whose columns are perhaps not all known; and by unique id, sets of columns in which rows differ.
    open: set[str] = field(default_factory=set)
    keys: dict[str, list[Key]] = field(default_factory=dict)

    def reads(self, unique_id: str) -> Tables:
        """What the SQL of a node may read. Its own columns are not known while it is traced."""
        inline = {name: text for name in _parents(self.nodes[unique_id]) if (text := self.inline.get(name))}
        return Tables(self.tables, self.columns, inline, self.open, self.keys)

    def sql(self, unique_id: str) -> str:
        """The compiled SQL of a node; empty if it has none."""
        return str(self.nodes[unique_id].get("compiled_code") or "")

    def with_texts(self, unique_id: str) -> Query | None:
        """The lineage of a node with the texts of its expressions, to compare two versions; None if it could not be traced."""
        if unique_id not in self.queries:
            return None
        return trace(traceable_sql(self.nodes[unique_id]), self.reads(unique_id), texts=True)

    def owner(self, unique_id: str) -> str | None:
        """Who owns a node: its own owner (exposures), or its group's."""
        node = self.nodes[unique_id]
        return owner_of(node) or self.owners.get(node.get("group") or "")

    def label(self, unique_id: str) -> str:
        """What people call a node: a relation's `schema.name`, a source's `source.table`, an exposure's label."""
        node = self.nodes[unique_id]
        if node["resource_type"] == "exposure":
            return str(node.get("label") or node["name"])
        if node["resource_type"] == "source":
            return f"{node['source_name']}.{node['name']}"
        return relation_of(node)

    def parents(self, unique_id: str) -> list[str]:
        """What a node reads, without itself: an incremental model reads its own earlier state."""
        return [name for name in dict.fromkeys(_parents(self.nodes[unique_id])) if name in self.nodes and name != unique_id]

    def descendants(self, starts: Sequence[str]) -> list[str]:
        """Everything downstream, parents before children."""
        reached: set[str] = set()
        waiting = list(starts)
        while waiting:
            for child in self.children[waiting.pop()]:
                if child not in reached:
                    reached.add(child)
                    waiting.append(child)
        return [name for name in self.order() if name in reached]

    def order(self) -> list[str]:
        """Every node, parents before children."""
        ordered: dict[str, None] = {}
        for name in self.nodes:
            stack = [(name, False)]
            while stack:
                node, done = stack.pop()
                if done:
                    ordered[node] = None
                elif node not in ordered:
                    stack.append((node, True))
                    stack += [(parent, False) for parent in _parents(self.nodes[node]) if parent in self.nodes]
        return list(ordered)


_FOLLOWED = ("model", "seed", "snapshot", "source", "exposure")


def _parents(node: Mapping[str, Any]) -> list[str]:
    return list((node.get("depends_on") or {}).get("nodes") or [])


def graph_of(
    manifest: Mapping[str, Any], *, cache: Path | None = None, known: Mapping[str, Sequence[str]] | None = None
) -> Graph:
    """The graph of a manifest.

    `known` has the columns of relations that are not described, by unique id; `cache` is a folder that keeps what was traced.
    """
    graph = Graph()
    for kind in ("nodes", "sources", "exposures"):
        for unique_id, node in (manifest.get(kind) or {}).items():
            if node["resource_type"] in _FOLLOWED:
                graph.nodes[unique_id] = node
    for unique_id, node in graph.nodes.items():
        for parent in dict.fromkeys(_parents(node)):
            graph.children[parent].append(unique_id)
    for unique_id, node in graph.nodes.items():
        _place(graph, unique_id, node)
    graph.owners = owners_of_groups(manifest)
    graph.keys = promised_keys(manifest)
    for unique_id in graph.order():
        _trace(graph, unique_id, known or {}, cache)
    return graph


def _place(graph: Graph, unique_id: str, node: Mapping[str, Any]) -> None:
    if node["resource_type"] == "exposure":
        return
    name = node.get("alias") or node.get("identifier") or node["name"]
    graph.tables[(node["schema"].lower(), name.lower())] = unique_id
    text = node.get("relation_name") or ""
    if node["resource_type"] == "source" and ("(" in text or "'" in text):
        graph.inline[unique_id] = text


def _trace(graph: Graph, unique_id: str, known: Mapping[str, Sequence[str]], cache: Path | None) -> None:
    node = graph.nodes[unique_id]
    described = [name.lower() for name in known.get(unique_id) or node.get("columns") or {}]
    try:
        if node["resource_type"] not in ("model", "snapshot"):
            raise NotTracedError("")
        query = cached(traceable_sql(node), graph.reads(unique_id), cache)
        if node["resource_type"] == "snapshot":
            query = kept_versions(query, node)
        graph.queries[unique_id] = query
        graph.columns[unique_id] = list(query.columns)
        graph.keys[unique_id] = [*graph.keys.get(unique_id, ()), *query.keys]
    except NotTracedError as error:
        graph.columns[unique_id] = described
        if unique_id not in known:
            graph.open.add(unique_id)
        if node["resource_type"] in ("model", "snapshot"):
            graph.untraced[unique_id] = str(error)


def traceable_sql(node: Mapping[str, Any]) -> str:
    """The compiled SQL of a node. Raises NotTracedError if it has none."""
    if node.get("language", "sql") != "sql":
        raise NotTracedError(f"it is written in {node['language']}")
    if not node.get("compiled_code"):
        raise NotTracedError("the manifest has no compiled SQL of it")
    return str(node["compiled_code"])
