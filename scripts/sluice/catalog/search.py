"""An inverted index over the catalog: words of names, columns, tags, owners, descriptions and checks.

A document is a node, or a column under one description wherever it occurs: a project with 60,000 columns has far fewer names.
A posting is `document * FIELDS + field`. A reader finds the terms that begin with a typed word by binary search, so the cost of
a key depends on how much it finds, not on the size of the project.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.catalog.facts import Catalog, Node

# What a word was found in; the page weighs them.
NAME, COLUMN, LABEL, TEXT = range(4)
FIELDS = 4
LONGEST = 24  # letters of a term

_WORDS = re.compile(r"[^\W_]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Words that tell nothing apart.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by can each every for from has have if in into is it its may no not of on one only or other"
        " per same so such than that the their them then there they this to under until was were what when where which who"
        " with without",
    )
)


@dataclass(frozen=True)
class ColumnEntry:
    """A column by its name and description, and the nodes (their places in the catalog) that have it."""

    name: str
    description: str
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Index:
    """`terms` are sorted; `postings` has those of each. Documents are first the nodes, then the entries of columns."""

    terms: tuple[str, ...]
    postings: tuple[tuple[int, ...], ...]
    columns: tuple[ColumnEntry, ...]


def index_of(catalog: Catalog) -> Index:
    """The index of a catalog."""
    columns = _columns(catalog.nodes)
    found: dict[str, set[int]] = defaultdict(set)
    for at, node in enumerate(catalog.nodes):
        for field, text in _texts(node):
            for word in words(text, is_prose=field == TEXT):
                found[word].add(at * FIELDS + field)
    for at, entry in enumerate(columns, start=len(catalog.nodes)):
        for field, text in ((COLUMN, entry.name), (TEXT, entry.description)):
            for word in words(text, is_prose=field == TEXT):
                found[word].add(at * FIELDS + field)
    terms = sorted(found)
    return Index(tuple(terms), tuple(tuple(sorted(found[term])) for term in terms), columns)


def words(text: str, *, is_prose: bool = False) -> Iterator[str]:
    """The words of a text in lower case, `fct_payments` and `fctPayments` in two; of prose without those that tell nothing."""
    for word in _WORDS.findall(_HUMPS.sub(" ", text)):
        folded = word.lower()[:LONGEST]
        if not is_prose or (len(folded) > 1 and folded not in _COMMON):
            yield folded


def _texts(node: Node) -> Iterator[tuple[int, str]]:
    yield NAME, node.name
    yield NAME, node.label
    for label in (node.kind, node.layer, node.schema, node.owner, node.materialized, node.use, *node.tags):
        yield LABEL, label
    yield TEXT, node.description
    for check in node.checks:
        yield TEXT, check.name


def _columns(nodes: Sequence[Node]) -> tuple[ColumnEntry, ...]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, node in enumerate(nodes):
        for column in node.columns:
            found[(column.name.lower(), column.description)].append(at)
    return tuple(ColumnEntry(name, description, tuple(at)) for (name, description), at in sorted(found.items()))


def packed(index: Index) -> dict[str, Any]:
    """An index as JSON: each list of ascending numbers as differences, descriptions of columns to a line."""
    return {
        "fields": FIELDS,
        "terms": " ".join(index.terms),
        "postings": [_differences(one) for one in index.postings],
        "names": [one.name for one in index.columns],
        "nodes": [_differences(one.nodes) for one in index.columns],
    }


def _differences(numbers: Sequence[int]) -> list[int]:
    return [now - before for before, now in zip([0, *numbers], numbers, strict=False)]
