"""What a column is made of, and what would break if it went: models, tests, exposures, and whom to ask."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.core.errors import SluiceError, did_you_mean
from sluice.lineage.edges import EVERY, ROWS, Edge, Lineage, lineage_of
from sluice.lineage.graph import Graph

# A node and a column of it.
Place = tuple[str, str]


@dataclass(frozen=True)
class Origin:
    """A column upstream. `column` is the one that it influences; `steps` counts the models between, the last one included."""

    column: str
    relation: str
    relation_column: str
    how: tuple[str, ...]
    steps: int


@dataclass(frozen=True)
class Reach:
    """Something downstream: the columns into which the value flows, those that are only influenced, and whether its rows are.

    `is_direct` says that its SQL names the column: without it, it fails.
    """

    kind: str
    name: str
    owner: str | None
    values: tuple[str, ...]
    influenced: tuple[str, ...]
    rows: bool
    is_direct: bool


@dataclass(frozen=True)
class TestReach:
    """A test that reads the column, or one downstream."""

    name: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The lineage of a column, or, without `column`, of a whole model."""

    name: str
    column: str | None
    owner: str | None
    description: str
    made_of: tuple[Origin, ...]
    influenced_by: tuple[Origin, ...]
    downstream: tuple[Reach, ...]
    exposures: tuple[Reach, ...]
    tests: tuple[TestReach, ...]
    owners: tuple[str, ...]
    untraced: tuple[tuple[str, str], ...]


def answer(graph: Graph, manifest: Mapping[str, Any], text: str) -> Answer:
    """The lineage of what `text` names: a model, seed, snapshot or source, or a column of one. Raises SluiceError otherwise."""
    lineage = lineage_of(graph)
    node, column = named(graph, lineage, text)
    wanted = [column] if column else [*lineage.columns[node], ROWS]
    direct, indirect = _upstream(graph, lineage, node, wanted)
    reached, first = _downstream(lineage, node, wanted)
    found = [_reach(graph, name, reached[name], first) for name in graph.order() if name in reached and name != node]
    exposures = tuple(_exposures(graph, reached, node))
    owners = {graph.owner(name) for name in [node, *reached]} | {one.owner for one in exposures}
    described = graph.nodes[node]
    text = (_column_of(described, column) if column else described).get("description") or ""
    return Answer(
        name=graph.label(node),
        column=column or None,
        owner=graph.owner(node),
        description=" ".join(text.split()),
        made_of=direct,
        influenced_by=indirect,
        downstream=tuple(found),
        exposures=exposures,
        tests=tuple(_tests(graph, manifest, {**reached, node: dict.fromkeys(wanted, True)})),
        owners=tuple(sorted(owner for owner in owners if owner)),
        untraced=tuple((graph.label(name), lineage.untraced[name]) for name in reached if name in lineage.untraced),
    )


def named(graph: Graph, lineage: Lineage, text: str) -> Place:
    """The node and, if it is named, the column. Raises SluiceError with what is similar."""
    before, _, last = text.rpartition(".")
    node = _node(graph, text)
    if node:
        return node, ""
    node = _node(graph, before)
    if node is None:
        names = [graph.label(name) for name in _relations(graph)]
        hint = did_you_mean(text, [*names, *(name.split(".")[-1] for name in names)], "name a model, or a column as MODEL.COLUMN")
        raise SluiceError(f"{text} is not a model, seed, snapshot or source of the project", hint=hint)
    columns = lineage.columns[node]
    if last.lower() not in columns:
        hint = did_you_mean(
            last.lower(), columns, f"its columns: {', '.join(columns)}" if columns else "its columns are not known"
        )
        raise SluiceError(f"{graph.label(node)} has no column {last}", hint=hint)
    return node, last.lower()


def _relations(graph: Graph) -> list[str]:
    return [name for name, node in graph.nodes.items() if node["resource_type"] != "exposure"]


def _node(graph: Graph, text: str) -> str | None:
    """The node of a name as people write it; of models with versions, the newest."""
    wanted = text.lower()
    labels = {name: graph.label(name).lower() for name in _relations(graph)}
    for found in (
        [name for name in labels if wanted in (name.lower(), labels[name])],
        [name for name in labels if wanted in (labels[name].split(".")[-1], str(graph.nodes[name]["name"]).lower())],
    ):
        if found:
            return max(found, key=lambda name: str(graph.nodes[name].get("version") or ""))
    return None


def _column_of(node: Mapping[str, Any], column: str) -> Mapping[str, Any]:
    return next((one for name, one in (node.get("columns") or {}).items() if name.lower() == column), {})


def _upstream(graph: Graph, lineage: Lineage, node: str, wanted: Sequence[str]) -> tuple[tuple[Origin, ...], tuple[Origin, ...]]:
    """Where values come from, through all models; and what else influences the columns in the model itself."""
    values: list[Origin] = []
    for column in wanted:
        waiting, seen = [(node, column, 1)], {(node, column)}
        while waiting:
            at, name, steps = waiting.pop(0)
            for place, how in _together(edge for edge in lineage.into(at, name) if edge.kind == "direct").items():
                if place not in seen:
                    seen.add(place)
                    waiting.append((*place, steps + 1))
                    values.append(Origin(column, graph.label(place[0]), place[1], how, steps))
    others = [
        Origin(column, graph.label(place[0]), place[1], how, 1)
        for column in wanted
        for place, how in _together(edge for edge in lineage.into(node, column) if edge.kind == "indirect").items()
        if place[1] != ROWS
    ]
    return tuple(values), tuple(others)


def _together(edges: Iterable[Edge]) -> dict[Place, tuple[str, ...]]:
    found: dict[Place, tuple[str, ...]] = {}
    for edge in edges:
        place = (edge.parent, edge.parent_column)
        found[place] = (*found.get(place, ()), edge.how)
    return found


_Reached = dict[str, dict[str, bool]]


def _downstream(lineage: Lineage, node: str, wanted: Sequence[str]) -> tuple[_Reached, set[str]]:
    """By node, the columns that are reached and whether the value flows into them; and who reads the column itself."""
    reached: _Reached = defaultdict(dict)
    first: set[str] = set()
    waiting = [(node, name, True) for name in wanted]
    while waiting:
        at, name, flows = waiting.pop()
        for edge in _out_of(lineage, at, name):
            direct = flows and edge.kind == "direct"
            first |= {edge.child} if at == node else set()
            known = reached[edge.child].get(edge.child_column)
            if known is None or (direct and not known):
                reached[edge.child][edge.child_column] = direct
                waiting.append((edge.child, edge.child_column, direct))
    return reached, first


def _out_of(lineage: Lineage, node: str, name: str) -> tuple[Edge, ...]:
    """The edges out of a column; out of all columns, where it is not known which."""
    if name == EVERY:
        return lineage.out_of(node)
    return (*lineage.out_of(node, name), *(lineage.out_of(node, EVERY) if name != ROWS else ()))


def _reach(graph: Graph, name: str, columns: Mapping[str, bool], first: set[str]) -> Reach:
    values = tuple(sorted(column for column, flows in columns.items() if flows))
    others = tuple(sorted(column for column, flows in columns.items() if not flows and column != ROWS))
    kind = str(graph.nodes[name]["resource_type"])
    return Reach(kind, graph.label(name), graph.owner(name), values, others, ROWS in columns, name in first)


def _exposures(graph: Graph, reached: _Reached, node: str) -> Iterable[Reach]:
    for name, exposure in graph.nodes.items():
        if exposure["resource_type"] != "exposure":
            continue
        reads = [parent for parent in graph.parents(name) if parent in reached or parent == node]
        if reads:
            of = tuple(sorted(graph.label(parent) for parent in reads))
            yield Reach("exposure", graph.label(name), graph.owner(name), of, (), False, node in reads)


_WORD = re.compile(r"\w+")


def _tests(graph: Graph, manifest: Mapping[str, Any], reached: Mapping[str, Mapping[str, bool]]) -> Iterable[TestReach]:
    """Tests whose text names a column that is reached, of a model that they read."""
    for test in manifest["nodes"].values():
        if test["resource_type"] != "test":
            continue
        words = {
            word.lower()
            for word in _WORD.findall(f"{test.get('compiled_code') or test.get('raw_code')} {test.get('column_name')}")
        }
        reads = [
            f"{graph.label(parent)}.{column}"
            for parent in (test.get("depends_on") or {}).get("nodes") or ()
            if parent in graph.nodes
            for column in sorted(words.intersection(reached.get(parent, ())))
        ]
        if reads:
            yield TestReach(str(test["name"]), tuple(reads))
