"""Which columns hold personal data, so that the catalog shows no value of them: it is better to hide too much."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sluice.core.manifest import folded, personal_columns, relation_of
from sluice.lineage.edges import EVERY, ROWS, Edge

MARKED = "marked as personal data (meta: pii)"
DERIVED = "comes from a column that is marked as personal data"
GUESSED = "its name looks like personal data, and its YAML does not say pii: false"

# Names that usually hold personal data, at the end of a column's name.
_LOOKS = re.compile(
    r"(^|_)(e?mail(_address)?|phone(_number)?|mobile|fax|(first|last|full|user|given|family|maiden|sur)_?name|street(_name)?|address"
    r"(_line)?|post_?code|zip(_code)?|birth_?(day|date)|date_of_birth|dob|born_(at|on)|iban|ssn|passport(_number)?|ip(_address)?"
    r"|(credit_?)?card(_number)?|card_fingerprint|password|token)(_?\d+)?$"
)

Name = tuple[str, str]


def hidden_columns(nodes: Mapping[str, Mapping[str, Any]], columns: Sequence[Name], edges: Iterable[Edge]) -> dict[Name, str]:
    """Why a column, by unique id and folded name, is not shown. What its own YAML says (`pii: false`) comes first.

    What is made of a personal column is personal, and so is a column that has the name of one upstream.
    """
    marked = {(one, column) for one, node in nodes.items() for column in personal_columns(node)}
    cleared = {(one, column) for one, node in nodes.items() for column in _cleared(node)}
    derived = _derived(marked, cleared, edges, _by_node(columns)) | _named_alike(nodes, marked)
    found: dict[Name, str] = {}
    for name in columns:
        if name in marked:
            found[name] = MARKED
        elif name not in cleared and name in derived:
            found[name] = DERIVED
        elif name not in cleared and _LOOKS.search(name[1]):
            found[name] = GUESSED
    return found | _of_the_same_relation(nodes, columns, found)


def _of_the_same_relation(
    nodes: Mapping[str, Mapping[str, Any]], columns: Sequence[Name], found: Mapping[Name, str]
) -> dict[Name, str]:
    """A relation that two nodes stand for, such as a model and a source that reads it, has one set of values."""
    relations = {one: folded(relation_of(node)) for one, node in nodes.items() if "schema" in node}
    why = {(relations[one], column): reason for (one, column), reason in found.items() if one in relations}
    alike = {name: why.get((relations.get(name[0], ""), name[1])) for name in columns}
    return {name: reason for name, reason in alike.items() if reason}


def _by_node(columns: Sequence[Name]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for one, column in columns:
        found[one].append(column)
    return found


def _cleared(node: Mapping[str, Any]) -> Iterator[str]:
    for name, column in (node.get("columns") or {}).items():
        meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
        if "pii" in meta and not meta["pii"]:
            yield folded(name)


def _derived(marked: set[Name], cleared: set[Name], edges: Iterable[Edge], columns: Mapping[str, list[str]]) -> set[Name]:
    """What columns are made of reaches everything downstream, but not through a column that is said not to be personal.

    Of a model that could not be followed, every column is made of everything that it reads.
    """
    made: dict[Name, set[Name]] = defaultdict(set)
    for edge in edges:
        if ROWS in (edge.parent_column, edge.child_column) or (edge.kind != "direct" and edge.child_column != EVERY):
            continue
        children = columns.get(edge.child, []) if edge.child_column == EVERY else [folded(edge.child_column)]
        parents = columns.get(edge.parent, []) if edge.parent_column == EVERY else [folded(edge.parent_column)]
        for parent in parents:
            made[(edge.parent, parent)] |= {(edge.child, child) for child in children}
    found, waiting = set(marked), list(marked)
    while waiting:
        for name in made[waiting.pop()] - found - cleared:
            found.add(name)
            waiting.append(name)
    return found


def _named_alike(nodes: Mapping[str, Mapping[str, Any]], marked: set[Name]) -> set[Name]:
    """Columns of a marked one's name, in everything downstream of it: also where its SQL could not be followed."""
    children: dict[str, list[str]] = defaultdict(list)
    for one, node in nodes.items():
        for parent in (node.get("depends_on") or {}).get("nodes") or []:
            children[parent].append(one)
    found = set(marked)
    waiting = list(marked)
    while waiting:
        one, column = waiting.pop()
        for child in children[one]:
            if (child, column) not in found:
                found.add((child, column))
                waiting.append((child, column))
    return found
