"""What a change affects: from changed columns and rows, along column lineage, to models, exposures and their owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sluice.lineage.columns import EVERY, ROWS, Query, Traced
from sluice.lineage.graph import Graph


@dataclass(frozen=True)
class Reached:
    """Something downstream. `columns`: which of its columns are made of what changed; empty if its rows change.

    `why` names what it reads of the change; `is_traced` is False if only models, not columns, could be followed.
    """

    kind: str
    name: str
    unique_id: str
    owner: str | None
    columns: tuple[str, ...]
    rows: bool
    is_traced: bool
    why: tuple[str, ...]


@dataclass(frozen=True)
class Downstream:
    """Models and exposures that a change affects, and their owners."""

    models: tuple[Reached, ...]
    exposures: tuple[Reached, ...]
    owners: tuple[str, ...]
    untraced: tuple[tuple[str, str], ...] = ()


@dataclass
class Change:
    """What changes in a node: some columns, or its rows and with them everything. `why`: what it reads of the change."""

    columns: set[str] = field(default_factory=set)
    rows: bool = False
    is_traced: bool = True
    why: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return self.rows or bool(self.columns)


def spread(graph: Graph, starts: Mapping[str, Change], still: frozenset[str] = frozenset()) -> dict[str, Change]:
    """What changes in the nodes downstream of `starts`, without those that are not affected.

    A node whose SQL could not be traced changes as a whole if anything that it reads does; `is_traced` is False then.
    Nodes in `still` are known to be the same: nothing is affected through them.
    """
    changes = dict(starts)
    for unique_id in graph.descendants(list(starts)):
        parents = [name for name in graph.parents(unique_id) if changes.get(name) and name not in still]
        if parents and unique_id not in starts:
            changes[unique_id] = _reached(graph, unique_id, {name: changes[name] for name in parents}, changes)
    return {name: change for name, change in changes.items() if name not in starts and change}


def _reached(graph: Graph, unique_id: str, parents: Mapping[str, Change], every: Mapping[str, Change]) -> Change:
    """`every` also has what an ephemeral parent reads: its SQL is part of this model's."""
    query = graph.queries.get(unique_id)
    if query is None:
        why = {_said(graph, name, change) for name, change in parents.items()}
        return Change(rows=True, is_traced=graph.nodes[unique_id]["resource_type"] == "exposure", why=why)
    found = Change(is_traced=all(change.is_traced for change in parents.values()))
    deciding = _touching(graph, query.rows, every) | _unseen(graph, query, parents)
    if deciding:
        return Change(set(), True, found.is_traced, deciding)
    for name, traced in query.columns.items():
        touching = _touching(graph, traced, every)
        if touching:
            found.columns.add(name)
            found.why |= touching
    return found


def _unseen(graph: Graph, query: Query, parents: Mapping[str, Change]) -> set[str]:
    """Parents whose rows change and that the SQL does not show: ephemeral ones, and those that were asked at compilation."""
    seen = {name for traced in (*query.columns.values(), query.rows) for name, _ in traced.leaves}
    return {f"rows of {graph.label(name)}" for name, change in parents.items() if change.rows and name not in seen}


def _touching(graph: Graph, traced: Traced, changes: Mapping[str, Change]) -> set[str]:
    """What changes of that which something is made of. If rows change, everything of them does."""
    found = set()
    for parent, column in traced.leaves:
        change = changes.get(parent)
        if change is not None and change.rows:
            found.add(f"rows of {graph.label(parent)}")
        elif change is not None and column != ROWS and _is_among(column, change.columns):
            found.add(f"{graph.label(parent)}.{column}" if column != EVERY else f"columns of {graph.label(parent)}")
    return found


def _is_among(column: str, changed: set[str]) -> bool:
    return column in changed or EVERY in changed or (column == EVERY and bool(changed))


def _said(graph: Graph, name: str, change: Change) -> str:
    columns = ", ".join(sorted(change.columns))
    return f"rows of {graph.label(name)}" if change.rows or not columns else f"{graph.label(name)} ({columns})"


def downstream(graph: Graph, starts: Mapping[str, Change], still: frozenset[str] = frozenset()) -> Downstream:
    """Models and exposures that are affected, and their owners and those of the starts, without what is in `still`."""
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


def united(parts: Sequence[Downstream]) -> Downstream:
    """Several as one; if something is in more than one, the first is kept."""
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
