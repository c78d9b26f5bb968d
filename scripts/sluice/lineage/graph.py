"""The lineage of a whole project, from dbt's manifest: models, seeds, sources, exposures, and the columns between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.core.dbt import owner_of
from sluice.core.manifest import owners_of_groups, relation_of
from sluice.lineage.columns import NotTracedError, Query, trace


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


def graph_of(manifest: Mapping[str, Any]) -> Graph:
    """The graph of a manifest."""
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
    for unique_id in graph.order():
        _trace(graph, unique_id)
    return graph


def _place(graph: Graph, unique_id: str, node: Mapping[str, Any]) -> None:
    if node["resource_type"] == "exposure":
        return
    name = node.get("alias") or node.get("identifier") or node["name"]
    graph.tables[(node["schema"].lower(), name.lower())] = unique_id
    text = node.get("relation_name") or ""
    if node["resource_type"] == "source" and ("(" in text or "'" in text):
        graph.inline[unique_id] = text


def _trace(graph: Graph, unique_id: str) -> None:
    node = graph.nodes[unique_id]
    described = [name.lower() for name in node.get("columns") or {}]
    if node["resource_type"] != "model":
        graph.columns[unique_id] = described
        return
    try:
        query = _query(graph, node)
        graph.queries[unique_id] = query
        graph.columns[unique_id] = list(query.columns)
    except NotTracedError as error:
        graph.columns[unique_id] = described
        graph.untraced[unique_id] = str(error)


def _query(graph: Graph, node: Mapping[str, Any]) -> Query:
    if node.get("language", "sql") != "sql":
        raise NotTracedError(f"it is written in {node['language']}")
    if not node.get("compiled_code"):
        raise NotTracedError("the manifest has no compiled SQL of it")
    inline = {name: text for name in _parents(node) if (text := graph.inline.get(name))}
    # Sources may have more columns than are described, so these are used only if it does not work without them.
    known = {name: columns for name, columns in graph.columns.items() if graph.nodes[name]["resource_type"] != "source"}
    try:
        return trace(node["compiled_code"], graph.tables, known, inline)
    except NotTracedError:
        return trace(node["compiled_code"], graph.tables, graph.columns, inline)
