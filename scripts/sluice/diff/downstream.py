"""What is downstream of the relations that a diff found changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sluice.core.manifest import folded
from sluice.diff.result import RelationDiff
from sluice.diff.side import Side
from sluice.lineage.cached import lineage_cache
from sluice.lineage.downstream import Change, Downstream, downstream, united
from sluice.lineage.graph import graph_of


def of_diff(a: Side, b: Side, relations: Sequence[RelationDiff]) -> Downstream:
    """What is downstream of the relations that changed, by the newer manifest; of what was removed, by the older one.

    Relations that were compared are not in it; nothing is affected through those that are the same.
    """
    new = dict(_starts(b, relations, ("changed", "added")))
    old = {**dict(_dropped(a, relations)), **dict(_starts(a, relations, ("removed",)))}
    sides = [(b, new)] if new else []
    sides += [(a, old)] if old else []
    still = frozenset(
        model.unique_id
        for side in (a, b)
        for found in relations
        if found.status == "same" and (model := side.models.get(folded(found.relation)))
    )
    return united([downstream(graph_of(side.manifest, cache=lineage_cache()), starts, still) for side, starts in sides])


def _starts(side: Side, relations: Iterable[RelationDiff], statuses: Sequence[str]) -> Iterable[tuple[str, Change]]:
    for relation in relations:
        model = side.models.get(folded(relation.relation))
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
    """Columns that are gone: the older manifest says who read them."""
    for relation in relations:
        columns = {change.name.lower() for change in relation.schema if change.kind == "column removed"}
        model = a.models.get(folded(relation.relation))
        if columns and model:
            yield model.unique_id, Change(columns)
