"""Column lineage of a project as a list of edges: which column influences which, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sluice.lineage.cached import lineage_cache
from sluice.lineage.graph import Graph, graph_of
from sluice.lineage.influence import DIRECT, EVERY, ROWS, Traced, hows

__all__ = ["EVERY", "ROWS", "Edge", "Lineage", "column_edges", "lineage_cache", "lineage_of"]


@dataclass(frozen=True, order=True)
class Edge:
    """A column influences another one, of a model that reads it.

    Columns are in lower case. ROWS stands for which rows a relation has, EVERY for all columns, where they could not be followed.
    `kind` is `direct` if the value flows, else `indirect`;
    `how` is `identity`, `transformation` or `aggregation` if it is direct; `filter`,
    `join`, `group_by`, `window`, `sort`, `conditional`, `rows` (the parent's rows) or `unknown` if it is indirect.
    """

    parent: str
    parent_column: str
    child: str
    child_column: str
    kind: str
    how: str


@dataclass(frozen=True)
class Lineage:
    """The edges of a project, sorted; one for each pair of columns and way of influence.

    `columns` has those of every node in order, as far as they are known. `untraced` says why models could not be followed:
    every column of what they read influences every column of theirs.
    """

    edges: tuple[Edge, ...]
    columns: Mapping[str, tuple[str, ...]]
    untraced: Mapping[str, str]

    @cached_property
    def _into(self) -> Mapping[str, tuple[Edge, ...]]:
        return _by(self.edges, "child")

    @cached_property
    def _out_of(self) -> Mapping[str, tuple[Edge, ...]]:
        return _by(self.edges, "parent")

    def into(self, child: str, column: str | None = None) -> tuple[Edge, ...]:
        """What influences a node, or one column of it."""
        return tuple(edge for edge in self._into.get(child, ()) if column in (None, edge.child_column))

    def out_of(self, parent: str, column: str | None = None) -> tuple[Edge, ...]:
        """What a node, or one column of it, influences in the models that read it."""
        return tuple(edge for edge in self._out_of.get(parent, ()) if column in (None, edge.parent_column))


def _by(edges: Sequence[Edge], side: str) -> dict[str, tuple[Edge, ...]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(getattr(edge, side), []).append(edge)
    return {name: tuple(those) for name, those in found.items()}


def column_edges(
    manifest: Mapping[str, Any], *, cache: Path | None = None, known: Mapping[str, Sequence[str]] | None = None
) -> Lineage:
    """The column lineage of a manifest with compiled SQL.

    `known` has the columns of relations that are not described, by unique id; `cache` is a folder that keeps what was traced,
    usually `lineage_cache()`.
    """
    return lineage_of(graph_of(manifest, cache=cache, known=known))


def lineage_of(graph: Graph) -> Lineage:
    """The edges of a graph."""
    edges = [edge for unique_id in graph.nodes for edge in _edges(graph, unique_id)]
    columns = {name: tuple(those) for name, those in graph.columns.items()}
    return Lineage(tuple(sorted(edges)), columns, dict(graph.untraced))


def _edges(graph: Graph, child: str) -> Iterator[Edge]:
    query = graph.queries.get(child)
    if query is not None:
        for column, made in (*query.columns.items(), (ROWS, query.rows)):
            yield from _edges_of(child, column, made)
    elif child in graph.untraced:
        for parent in graph.parents(child):
            yield Edge(parent, EVERY, child, EVERY, "indirect", "unknown")


def _edges_of(child: str, column: str, made: Traced) -> Iterator[Edge]:
    for (parent, name), mask in made.leaves.items():
        if parent != child:  # an incremental model may read its own earlier state
            for how in hows(mask):
                yield Edge(parent, name, child, column, "direct" if how in DIRECT else "indirect", how)
