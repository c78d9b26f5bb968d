"""The proof of one model: its parents' columns are changed one by one, and its columns compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import duckdb

from sluice.lineage.columns import EVERY, ROWS, Query
from sluice.lineage.graph import Graph
from sluice.lineage.influence import hows
from sluice.lineage.proof import changes
from sluice.lineage.proof.changes import Change, Column
from sluice.lineage.proof.other_rows import Parent, worlds
from sluice.lineage.proof.result import CONFIRMED, NOT_COMPARED, NOT_EXERCISED, UNCONFIRMED, Claim, Effect, ModelProof, Pair
from sluice.lineage.proof.stage import MissingError, Shape, Stage
from sluice.lineage.proof.world import World, other_world, show, world_of

_SHARES_GONE = (2, 17, 150)
# So many changes after which the number of rows is another one are looked at again, column by column.
_AGAIN = 3

# A column of a parent, and one of the model.
Place = tuple[str, str]


class ModelProver:
    """Proves the lineage of one model."""

    def __init__(self, stage: Stage, graph: Graph, model: str, query: Query) -> None:
        self._stage = stage
        self._graph = graph
        self._model = model
        self._edges = claimed(query, model)
        self._effects: dict[tuple[str, str, str], str] = {}
        self._tried: set[Place] = set()
        self._sql = ""
        self._shape = Shape({})
        self._parents: dict[str, list[Column]] = {}
        self._rows: dict[str, int] = {}
        self._runs = self._failed = 0

    def prove(self) -> ModelProof:
        """What was found. A model that cannot be run is skipped, with the reason."""
        label = self._graph.label(self._model)
        try:
            world = self._begin()
        except (MissingError, duckdb.Error) as error:
            return ModelProof(self._model, label, skipped=str(error).splitlines()[0])
        self._in_world(world, is_first=True)
        for name, queries in worlds(self._read(world), self._sql):
            if any(self._waiting(place) for place in self._places()):
                self._elsewhere(name, queries)
        claims = tuple(self._claim(place, how, world) for place, how in sorted(self._edges.items()) if place[0] in self._parents)
        return ModelProof(
            self._model, label, claims, tuple(self._seen_effects()), tuple(sorted(world.unstable)), self._runs, self._failed
        )

    def _begin(self) -> World:
        self._sql = self._stage.runnable(self._model)
        bases = {parent: self._stage.base(parent) for parent in self._stage.reads(self._model)}
        self._rows = {parent: self._stage.count(base) for parent, base in bases.items()}
        self._shape = self._shaped(self._stage.described(self._sql))
        self._parents = {parent: list(self._columns(parent)) for parent in bases}
        return world_of(self._stage, "", bases, self._sql, self._shape)

    def _shaped(self, types: Mapping[str, str]) -> Shape:
        """With a key of the model, if one is known: by it, a value is compared with that of the same row."""
        names = {name.lower(): name for name in types}
        keys = [key for key in self._graph.keys.get(self._model, ()) if key and all(name in names for name in key)]
        return Shape(types, tuple(sorted(names[name] for name in min(keys, key=len)))) if keys else Shape(types)

    def _columns(self, parent: str) -> Iterator[Column]:
        keyed = {name for key in self._graph.keys.get(parent, ()) for name in key}
        for name, type_ in self._stage.columns(parent).items():
            column = Column(name, type_, name.lower() in keyed)
            values = self._stage.values(parent, name, column.kind, changes.KINDS + 1)
            yield Column(name, type_, column.is_key, values, self._stage.has_empty(parent, name))

    def _read(self, world: World) -> dict[str, Parent]:
        """The parents with their rows."""
        keys = self._graph.keys
        return {
            name: Parent(base, self._rows[name], self._parents[name], keys.get(name, ())) for name, base in world.bases.items()
        }

    def _elsewhere(self, name: str, queries: Mapping[str, str]) -> None:
        try:
            self._in_world(other_world(self._stage, name, queries, self._sql, self._shape), is_first=False)
        except duckdb.Error:
            self._failed += 1

    def _in_world(self, world: World, *, is_first: bool) -> None:
        for parent, columns in self._parents.items():
            if is_first:
                self._all_at_once(
                    world, parent, [column for column in columns if not self._claims((parent, column.name.lower()))]
                )
            for column in columns:
                if self._claims((parent, column.name.lower())) and (is_first or self._waiting((parent, column.name.lower()))):
                    self._of_column(world, parent, column, is_first=is_first)
            if is_first or self._waiting((parent, ROWS)):
                self._of_rows(world, parent)
            show(self._stage, {parent: world.bases[parent]})

    def _places(self) -> Iterator[Place]:
        return iter(dict.fromkeys((parent, name) for parent, name, _ in self._edges if parent in self._parents))

    def _claims(self, place: Place) -> list[str]:
        return [child for parent, name, child in self._edges if (parent, name) == place]

    # Changes

    def _all_at_once(self, world: World, parent: str, columns: Sequence[Column]) -> None:
        """Change all columns that no edge begins at together. If that shows anything, change them one by one."""
        usual = {column: changes.usual(column) for column in columns}
        for at in range(max(map(len, usual.values()), default=0)):
            together = {column: those[at] for column, those in usual.items() if at < len(those)}
            names = [column.name.lower() for column in together]
            if self._run(world, parent, names, changes.changed_view(world.bases[parent], together)) != {}:
                for column, change in together.items():
                    self._change(world, parent, column, change)

    def _of_column(self, world: World, parent: str, column: Column, *, is_first: bool) -> None:
        place = (parent, column.name.lower())
        others: list[tuple[str, bool]] = []
        for change in changes.usual(column):
            if is_first or self._waiting(place):
                others += self._change(world, parent, column, change)
        for change in () if is_first else changes.more(column):
            if not self._waiting(place):
                return
            others += self._change(world, parent, column, change)
        self._look_again(world, place, others)
        for change in () if is_first else changes.breaking(column):
            if not self._waiting(place):
                return
            self._change(world, parent, column, change, only_edges=True)

    def _change(
        self, world: World, parent: str, column: Column, change: Change, *, only_edges: bool = False
    ) -> list[tuple[str, bool]]:
        query = changes.changed_view(world.bases[parent], {column: change})
        return self._try(world, (parent, column.name.lower()), world.name + change.said, query, only_edges=only_edges)

    def _of_rows(self, world: World, parent: str) -> None:
        others = []
        for share in _SHARES_GONE:
            query = changes.fewer_rows(world.bases[parent], share)
            others += self._try(world, (parent, ROWS), f"{world.name}one of {share} rows is gone", query)
        self._look_again(world, (parent, ROWS), others)

    def _try(self, world: World, place: Place, said: str, query: str, *, only_edges: bool = False) -> list[tuple[str, bool]]:
        """Show the changed parent, run the model, and note what is different; with `only_edges`, where there is an edge.

        Where the number of rows is, nothing can be said of the columns; then the query, and whether there are fewer rows.
        """
        found = self._run(world, place[0], [place[1]], query)
        if found is None:
            return []
        self._tried.add(place)
        for column in found:
            if not only_edges or (*place, column) in self._edges:
                self._effects.setdefault((*place, column), said)
        return [(query, found[ROWS])] if ROWS in found else []

    def _run(self, world: World, parent: str, names: Iterable[str], query: str) -> dict[str, bool] | None:
        """What differs from the model on unchanged rows; None if it stops. For ROWS, whether there are fewer."""
        self._runs += 1
        try:
            self._stage.show(parent, query)
            found = self._stage.result_in(world.seconds, self._sql, self._shape)
        except duckdb.Error:
            self._failed += 1
            return None
        base = world.result
        if found.count != base.count:
            return {ROWS: found.count < base.count} if ROWS not in world.unstable else {}
        changed = {column for column, value in found.columns.items() if value != base.columns[column]}
        if not changed.intersection(self._shape.key) and not self._moves_key(parent, names):
            changed |= {column for column, value in found.keyed.items() if value != base.keyed[column]}
        return {column.lower(): False for column in changed if column.lower() not in world.unstable}

    def _moves_key(self, parent: str, names: Iterable[str]) -> bool:
        """Whether a change of columns may give rows other keys."""
        return any((parent, name, key.lower()) in self._edges for name in names for key in self._shape.key)

    def _look_again(self, world: World, place: Place, others: Sequence[tuple[str, bool]]) -> None:
        """Where a change left other numbers of rows, see whether columns hold values that fewer, or more, rows do not explain."""
        for query, is_less in others[-_AGAIN:]:
            waiting = [child for child in self._waiting(place) if child != ROWS and child not in world.unstable]
            if not waiting:
                return
            self._stage.show(place[0], query)
            for child in waiting:
                key = () if self._moves_key(place[0], [place[1]]) else self._shape.key
                if self._stage.has_news(self._sql, [*key, child], is_less=is_less):
                    self._effects[*place, child] = f"{world.name}values that other numbers of rows do not explain"

    # What came of it

    def _waiting(self, place: Place) -> list[str]:
        """The columns of the model that edges of a parent's column reach, and that no change has shown."""
        return [child for child in self._claims(place) if not self._shown(*place, child)]

    def _shown(self, parent: str, name: str, child: str) -> str:
        """The change that confirms an edge; for the rows, also that columns changed which have no edge of their own."""
        if (parent, name, child) in self._effects or child != ROWS:
            return self._effects.get((parent, name, child), "")
        others = (
            said
            for (other, own, column), said in self._effects.items()
            if (other, own) == (parent, name) and (other, own, column) not in self._edges
        )
        return next(others, "")

    def _claim(self, place: tuple[str, str, str], how: tuple[str, ...], world: World) -> Claim:
        parent, name, child = place
        pair = Pair(parent, name, self._model, child)
        by = self._shown(parent, name, child)
        if by:
            return Claim(pair, how, CONFIRMED, by)
        if child in world.unstable:
            return Claim(pair, how, NOT_COMPARED)
        # Where no rows are, and what no change of anything moves, the release does not exercise.
        is_still = not self._rows[parent] or (parent, name) not in self._tried
        is_still = is_still or all(moved != child for _, _, moved in self._effects)
        return Claim(pair, how, NOT_EXERCISED if is_still else UNCONFIRMED)

    def _seen_effects(self) -> Iterable[Effect]:
        for (parent, name, child), said in sorted(self._effects.items()):
            covered = "edge" if self._has(parent, name, child) else "rows" if self._has(parent, name, ROWS) else ""
            yield Effect(Pair(parent, name, self._model, child), said, covered)

    def _has(self, parent: str, name: str, child: str) -> bool:
        return (parent, name, child) in self._edges or (name != ROWS and (parent, EVERY, child) in self._edges)


def claimed(query: Query, model: str) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """What the static lineage of a model says, by parent, its column, and the model's column."""
    return {
        (parent, name, child): tuple(hows(mask))
        for child, made in (*query.columns.items(), (ROWS, query.rows))
        for (parent, name), mask in made.leaves.items()
        if parent != model
    }
