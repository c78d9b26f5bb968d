"""What a change reaches: from changed columns and rows, along column lineage, to models, exposures and their owners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sluice.diff.result import Downstream, Reached, RelationDiff
from sluice.diff.side import Side
from sluice.lineage.columns import EVERY, Traced
from sluice.lineage.graph import Graph, graph_of


@dataclass
class Change:
    """What changes of a node: some columns, or its rows and with them everything. `why`: what it reads of the change."""

    columns: set[str] = field(default_factory=set)
    rows: bool = False
    is_traced: bool = True
    why: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return self.rows or bool(self.columns)


def spread(graph: Graph, starts: Mapping[str, Change], still: frozenset[str] = frozenset()) -> dict[str, Change]:
    """What changes of every node downstream of `starts`, those left out that nothing reaches.

    A node whose SQL could not be traced changes wholly as soon as anything that it reads does; `is_traced` tells.
    Nodes in `still` were looked at and are the same: nothing is reached through them.
    """
    changes = dict(starts)
    for unique_id in graph.descendants(list(starts)):
        parents = [name for name in graph.parents(unique_id) if changes.get(name) and name not in still]
        if parents and unique_id not in starts:
            changes[unique_id] = _reached(graph, unique_id, {name: changes[name] for name in parents}, changes)
    return {name: change for name, change in changes.items() if name not in starts and change}


def _reached(graph: Graph, unique_id: str, parents: Mapping[str, Change], every: Mapping[str, Change]) -> Change:
    """`every` has what an ephemeral parent reads, too: its SQL is part of this model's."""
    query = graph.queries.get(unique_id)
    if query is None:
        why = {_said(graph, name, change) for name, change in parents.items()}
        return Change(rows=True, is_traced=graph.nodes[unique_id]["resource_type"] == "exposure", why=why)
    found = Change(is_traced=all(change.is_traced for change in parents.values()))
    deciding = _touching(graph, query.rows, every)
    # Rows that come or go above do so here, too, or are added up here.
    deciding |= {f"rows of {graph.label(name)}" for name, change in parents.items() if change.rows}
    if deciding:
        return Change(set(), True, found.is_traced, deciding)
    for name, traced in query.columns.items():
        touching = _touching(graph, traced, every)
        if touching:
            found.columns.add(name)
            found.why |= touching
    return found


def _touching(graph: Graph, traced: Traced, changes: Mapping[str, Change]) -> set[str]:
    found = set()
    for parent, column in traced.leaves:
        change = changes.get(parent)
        if change and (column in change.columns or (column == EVERY and change.columns) or EVERY in change.columns):
            found.add(f"{graph.label(parent)}.{column}" if column != EVERY else f"columns of {graph.label(parent)}")
    return found


def _said(graph: Graph, name: str, change: Change) -> str:
    columns = ", ".join(sorted(change.columns))
    return f"rows of {graph.label(name)}" if change.rows or not columns else f"{graph.label(name)} ({columns})"


def downstream(graph: Graph, starts: Mapping[str, Change], still: frozenset[str] = frozenset()) -> Downstream:
    """Models and exposures that are reached, and their owners, those of the starts among them; not those of what is still."""
    reached = {name: change for name, change in spread(graph, starts, still).items() if name not in still}
    found = [_as_reached(graph, name, reached[name]) for name in graph.order() if name in reached]
    owners = {owner for name in (*starts, *reached) if name in graph.nodes and (owner := graph.owner(name))}
    untraced = tuple((graph.label(name), graph.untraced[name]) for name in reached if name in graph.untraced)
    return Downstream(
        tuple(one for one in found if one.kind != "exposure"),
        tuple(one for one in found if one.kind == "exposure"),
        tuple(sorted(owners)),
        untraced,
    )


def _as_reached(graph: Graph, unique_id: str, change: Change) -> Reached:
    node = graph.nodes[unique_id]
    return Reached(
        node["resource_type"],
        graph.label(unique_id),
        unique_id,
        graph.owner(unique_id),
        tuple(sorted(change.columns)),
        change.rows,
        change.is_traced,
        tuple(sorted(change.why)),
    )


def of_diff(a: Side, b: Side, relations: Sequence[RelationDiff]) -> Downstream:
    """What is downstream of the relations that changed, by the newer manifest; of what is gone, by the older one.

    Relations that were compared are not in it: what became of them is known, and through the same ones nothing is reached.
    """
    new = dict(_starts(b, relations, ("changed", "added")))
    old = {**dict(_dropped(a, relations)), **dict(_starts(a, relations, ("removed",)))}
    sides = [(b, new)] if new else []
    sides += [(a, old)] if old else []
    still = frozenset(
        model.unique_id
        for side in (a, b)
        for found in relations
        if found.status == "same" and (model := side.models.get(found.relation))
    )
    return united([downstream(graph_of(side.manifest), starts, still) for side, starts in sides])


def _starts(side: Side, relations: Iterable[RelationDiff], statuses: Sequence[str]) -> Iterable[tuple[str, Change]]:
    for relation in relations:
        model = side.models.get(relation.relation)
        if model and relation.status in statuses:
            change = _change(relation)
            if change:
                yield model.unique_id, change


def _change(relation: RelationDiff) -> Change:
    rows = relation.rows
    if relation.status in ("added", "removed") or (rows and (rows.added or rows.removed)):
        return Change(rows=True)
    columns = {change.column.lower() for change in rows.columns} if rows else set()
    return Change(columns | {change.name.lower() for change in relation.schema if change.kind == "column retyped"})


def _dropped(a: Side, relations: Iterable[RelationDiff]) -> Iterable[tuple[str, Change]]:
    """Columns that are gone: who read them stands in the older manifest."""
    for relation in relations:
        columns = {change.name.lower() for change in relation.schema if change.kind == "column removed"}
        model = a.models.get(relation.relation)
        if columns and model:
            yield model.unique_id, Change(columns)


def united(parts: Sequence[Downstream]) -> Downstream:
    models, exposures = {}, {}
    for part in reversed(parts):
        models.update({one.unique_id: one for one in part.models})
        exposures.update({one.unique_id: one for one in part.exposures})
    return Downstream(
        tuple(models.values()),
        tuple(exposures.values()),
        tuple(sorted({owner for part in parts for owner in part.owners})),
        tuple(sorted({one for part in parts for one in part.untraced})),
    )
