"""The facet of column lineage: from which columns each column is made, and which decide about the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sluice.lineage.edges import EVERY, ROWS, Edge, Lineage
from sluice.openlineage import facets
from sluice.openlineage.facets import Facet
from sluice.openlineage.names import Dataset
from sluice.openlineage.nodes import Nodes

# How a column follows from another, by dataset and column: the types and subtypes of OpenLineage.
Ways = set[tuple[str, str | None]]
_OF_ALL = "UNKNOWN"


def facet_of(lineage: Lineage, child: str, nodes: Nodes) -> dict[str, Facet]:
    """The facet of a model by its key; nothing where no column of a known dataset decides anything about it.

    Edges of every column are written out; that only the number of rows is read
    has no place in OpenLineage, and is left out.
    """
    found: dict[str, dict[tuple[Dataset, str], Ways]] = defaultdict(lambda: defaultdict(set))
    for edge in lineage.into(child):
        if edge.parent in nodes.datasets:
            for parent_column in _read(edge, lineage):
                origin = nodes.datasets[edge.parent], nodes.spelled(edge.parent, parent_column)
                for child_column in _made(edge, lineage):
                    found[nodes.spelled(child, child_column)][origin].add(_way(edge))
    rows = found.pop(ROWS, {})
    if not found and not rows:
        return {}
    fields = {column: {"inputFields": _inputs(found[column])} for column in sorted(found)}
    return {"columnLineage": facets.facet("ColumnLineageDatasetFacet", fields=fields, dataset=_inputs(rows))}


def passed_on(columns: Iterable[str], source: Dataset) -> dict[str, Facet]:
    """The facet of a copy: every column is that of the source."""
    fields = {name: {"inputFields": _inputs({(source, name): {("DIRECT", "IDENTITY")}})} for name in columns}
    return {"columnLineage": facets.facet("ColumnLineageDatasetFacet", fields=fields)} if fields else {}


def _read(edge: Edge, lineage: Lineage) -> Sequence[str]:
    if edge.parent_column == ROWS:
        return ()
    return lineage.columns.get(edge.parent, ()) if edge.parent_column == EVERY else (edge.parent_column,)


def _made(edge: Edge, lineage: Lineage) -> Sequence[str]:
    return lineage.columns.get(edge.child, ()) if edge.child_column == EVERY else (edge.child_column,)


def _way(edge: Edge) -> tuple[str, str | None]:
    how = edge.how.upper()
    return edge.kind.upper(), None if how in (_OF_ALL, "ROWS") else how


def _inputs(found: Mapping[tuple[Dataset, str], Ways]) -> list[dict[str, Any]]:
    return [
        {**dataset.fields, "field": column, "transformations": [_transformation(way) for way in sorted(ways, key=str)]}
        for (dataset, column), ways in sorted(found.items(), key=lambda one: one[0])
    ]


def _transformation(way: tuple[str, str | None]) -> dict[str, str]:
    kind, how = way
    return {"type": kind, **({"subtype": how} if how else {})}
