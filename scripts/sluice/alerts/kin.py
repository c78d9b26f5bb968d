"""The lineage of findings: what may explain them upstream, what they touch downstream, and whose it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from sluice.alerts.finding import Finding
from sluice.core import public
from sluice.lineage.cached import lineage_cache
from sluice.lineage.columns import EVERY
from sluice.lineage.graph import Graph, graph_of
from sluice.lineage.influence import GROUP_BY, JOIN, OF_ROWS

_OF_DATA = ("data_test", "expectation", "control_chart")


class Kin:
    """The graph of a project; without a manifest it is empty, and nothing is related to anything.

    `empty` are sources to which nothing has ever come: what is made of them alone is the cause of nothing.
    """

    def __init__(self, manifest: Mapping[str, Any] | None = None, empty: Collection[str] = ()) -> None:
        self._manifest = manifest or {"nodes": {}}
        self._empty = frozenset(empty)
        self._above: dict[str, frozenset[str]] = {}
        self._origins: dict[tuple[str, str], frozenset[str]] = {}

    @cached_property
    def graph(self) -> Graph:
        """The graph, with its columns: made when it is first asked for."""
        return graph_of(self._manifest, cache=lineage_cache())

    @cached_property
    def order(self) -> Mapping[str, int]:
        """The rank of each node: parents are before children."""
        return {name: rank for rank, name in enumerate(self.graph.order())}

    @cached_property
    def without_rows(self) -> frozenset[str]:
        """The empty sources, and what is made of them alone."""
        found = set(self._empty)
        for node in self.graph.order():
            parents = self.graph.parents(node)
            if parents and found.issuperset(parents):
                found.add(node)
        return frozenset(found)

    @cached_property
    def relations(self) -> Mapping[str, str]:
        """The unique ids of models, seeds and sources by what people call them."""
        return {self.graph.label(name): name for name, node in self.graph.nodes.items() if node["resource_type"] != "exposure"}

    def above(self, node: str) -> frozenset[str]:
        """Everything upstream of a node."""
        if node not in self._above:
            parents = self.graph.parents(node) if node in self.graph.nodes else []
            self._above[node] = frozenset(parents).union(*(self.above(parent) for parent in parents))
        return self._above[node]

    def origins(self, finding: Finding) -> frozenset[str]:
        """The nodes in which the cause of a finding may be, itself included.

        Of a check that looks at known columns, these are the nodes that the columns are made of; otherwise everything upstream.
        """
        if finding.kind not in _OF_DATA:
            return frozenset({finding.node})
        own = frozenset(finding.reads) | {finding.node}
        return own | (self._behind(finding, own) - self.without_rows)

    def _behind(self, finding: Finding, own: frozenset[str]) -> frozenset[str]:
        """The nodes upstream that a check of `own` looks at."""
        known = [(node, column) for node, column in finding.columns if column in self.graph.columns.get(node, ())]
        if own - {node for node, _ in known}:
            return frozenset().union(*(self.above(node) for node in own))
        return frozenset().union(*(self._made_of(node, column) for node, column in known))

    def _made_of(self, node: str, column: str) -> frozenset[str]:
        """The nodes that a column is made of."""
        key = (node, column)
        if key not in self._origins:
            self._origins[key] = frozenset()  # a model that reads itself ends here
            query = self.graph.queries.get(node)
            if column == EVERY:
                self._origins[key] = self.above(node) | {node}
            elif query is None or column not in query.columns:
                self._origins[key] = (self.above(node) if self.graph.untraced.get(node) else frozenset()) | {node}
            else:
                # A join or a group touches nearly everything: as a cause, it would explain too much.
                made = query.columns[column].leaves
                leaves = [leaf for leaf, how in made.items() if leaf[0] != node and how & ~(JOIN | GROUP_BY | OF_ROWS)]
                self._origins[key] = frozenset({node}).union(*(self._made_of(*leaf) for leaf in leaves))
        return self._origins[key]

    def first(self, nodes: Sequence[str]) -> str:
        """The node nearest to the sources; names that the graph does not know come last, in order of the alphabet."""
        return min(nodes, key=lambda name: (self.order.get(name, len(self.order)), name))

    def label(self, node: str) -> str:
        """What people call a node."""
        return self.graph.label(node) if node in self.graph.nodes else node.partition(".")[2] or node

    def owner(self, node: str) -> str | None:
        """Who owns a node: its own owner, its group's, or the one that its `meta` names."""
        if node not in self.graph.nodes:
            return None
        return self.graph.owner(node) or _owner_in_meta(self.graph.nodes[node])

    def tags(self, node: str) -> tuple[str, ...]:
        """The tags that dbt gives a node."""
        found = self.graph.nodes.get(node, {})
        return tuple(dict.fromkeys([*(found.get("tags") or ()), *((found.get("config") or {}).get("tags") or ())]))

    def touched(self, nodes: Sequence[str]) -> list[str]:
        """What reads the nodes, and is read by people: exposures with their owners, then public models."""
        below = [*nodes, *self.graph.descendants([node for node in nodes if node in self.graph.nodes])]
        exposures = [name for name in below if name.startswith("exposure.")]
        shown = [f"{self.label(name)} ({owner})" if (owner := self.owner(name)) else self.label(name) for name in exposures]
        marts = public.nodes(self._manifest) if self._manifest["nodes"] else frozenset()
        return [*shown, *(self.label(name) for name in dict.fromkeys(below) if name in marts and name.startswith("model."))]


def _owner_in_meta(node: Mapping[str, Any]) -> str | None:
    meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
    owner = meta.get("owner")
    return str(owner) if owner else None
