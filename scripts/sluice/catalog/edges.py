"""The one place where the catalog asks for column lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.lineage.graph import graph_of

# Stand for a column's name: which rows a relation has, and every column of it.
ROWS, EVERY = "(rows)", "*"


@dataclass(frozen=True, order=True)
class Edge:
    """`child_column` is made of `parent_column` (direct), or depends on it otherwise (indirect); `how` says in which way."""

    parent: str
    parent_column: str
    child: str
    child_column: str
    kind: str
    how: str


@dataclass(frozen=True)
class Lineage:
    """Edges between the columns of nodes and of what they read, and why some models could not be followed."""

    edges: tuple[Edge, ...] = ()
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    untraced: Mapping[str, str] = field(default_factory=dict)


def lineage_of(manifest: Mapping[str, Any]) -> Lineage:
    """The column lineage of a manifest with compiled SQL."""
    graph = graph_of(manifest)
    found = set()
    for child, query in graph.queries.items():
        for column, traced in query.columns.items():
            found |= {Edge(*leaf, child, column, "direct", "transformation") for leaf in traced.leaves}
        found |= {Edge(*leaf, child, ROWS, "indirect", "filter") for leaf in query.rows.leaves}
    for child in graph.untraced:
        found |= {Edge(parent, EVERY, child, EVERY, "indirect", "unknown") for parent in graph.parents(child)}
    return Lineage(tuple(sorted(found)), dict(graph.columns), dict(graph.untraced))
