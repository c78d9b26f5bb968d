"""The catalog as data files of a site: a small one with every node, and others that the page loads when it needs them.

Large values are compressed (raw deflate, base64): 3,000 models with their SQL stay in a few megabytes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sluice.catalog.facts import Catalog, Check, Column, Node
from sluice.catalog.search import index_of, packed
from sluice.core.document import plain
from sluice.core.manifest import folded
from sluice.core.redact import redacted
from sluice.lineage.edges import EVERY, ROWS

CHUNK = 50  # nodes whose details, or whose SQL, are in one file
_PLAIN = 4_000  # characters up to which a value is not compressed


def data_files(catalog: Catalog) -> Iterator[tuple[str, Any]]:
    """Names and values: `nodes`, `search`, `columns`, and `details-<n>` and `sql-<n>` for each CHUNK of nodes.

    SQL is without passwords, as in logs.
    """
    yield "nodes", nodes_value(catalog)
    yield "search", squeezed(packed(index_of(catalog)))
    yield "columns", squeezed(columns_value(catalog))
    for number, some in enumerate(_chunks(catalog.nodes)):
        yield f"details-{number}", squeezed([_details(node) for node in some])
        yield f"sql-{number}", squeezed([[redacted(node.raw_sql), redacted(node.compiled_sql)] for node in some])


def _chunks(nodes: Sequence[Node]) -> Iterator[Sequence[Node]]:
    for start in range(0, len(nodes), CHUNK):
        yield nodes[start : start + CHUNK]


def squeezed(value: Any) -> Any:
    """A value as it is or, if it is large, as `{"z": ...}`: its JSON, deflated and in base64."""
    text = json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)
    if len(text) <= _PLAIN:
        return value
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflate.compress(text.encode()) + deflate.flush()
    return {"z": base64.b64encode(data).decode("ascii")}


def nodes_value(catalog: Catalog) -> dict[str, Any]:
    """What lists and graphs need of every node; words that repeat are numbers into `words`."""
    places = {node.unique_id: at for at, node in enumerate(catalog.nodes)}
    words = _Words()
    rows = [
        [
            node.anchor,
            node.name,
            *(words.number(one) for one in (node.kind, node.layer, node.schema, node.owner)),
            [words.number(tag) for tag in node.tags],
            [places[parent] for parent in node.parents],
            len(node.checks),
            sum(check.status in ("fail", "error") for check in node.checks),
            sum(check.status == "warn" for check in node.checks),
        ]
        for node in catalog.nodes
    ]
    untraced = {places[one]: why for one, why in catalog.untraced.items() if one in places}
    return {"chunk": CHUNK, "words": words.all, "nodes": rows, "untraced": untraced}


class _Words:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def all(self) -> list[str]:
        return list(self._numbers)

    def number(self, word: str) -> int:
        return self._numbers.setdefault(word, len(self._numbers))


def columns_value(catalog: Catalog) -> dict[str, Any]:
    """The names of the columns of every node, the edges between them, and the claims that name them.

    Columns are numbered within their node; -1 stands for its rows, -2 for every column. `checks` has for each node a claim with
    the columns that it names; `edges` a flat list of (column, parent, parent's column, 1 if direct).
    """
    places = {node.unique_id: at for at, node in enumerate(catalog.nodes)}
    names = [[column.name for column in node.columns] for node in catalog.nodes]
    numbers = [{folded(name): number for number, name in enumerate(some)} for some in names]
    for some in numbers:
        some |= {ROWS: -1, EVERY: -2}
    edges: list[dict[tuple[int, int, int], int]] = [{} for _ in names]
    for edge in catalog.edges:
        child, parent = places.get(edge.child), places.get(edge.parent)
        if child is None or parent is None:
            continue
        column, of_parent = numbers[child].get(edge.child_column), numbers[parent].get(edge.parent_column)
        if column is not None and of_parent is not None:
            key = (column, parent, of_parent)
            edges[child][key] = max(edges[child].get(key, 0), int(edge.kind == "direct"))
    checks = [
        [[check.name, [numbers[at][name] for name in check.reads]] for check in node.checks if check.reads]
        for at, node in enumerate(catalog.nodes)
    ]
    return {
        "names": names,
        "checks": checks,
        "edges": [[part for key in sorted(some) for part in (*key, some[key])] for some in edges],
    }


_TOLD = (
    "description",
    "label",
    "relation",
    "materialized",
    "path",
    "access",
    "version",
    "is_contracted",
    "deprecated_on",
    "is_followed",
    "rows",
    "bytes",
    "measured_at",
    "newest_at",
    "arrived_at",
    "due",
    "incidents",
    "build_status",
    "build_seconds",
    "url",
    "maturity",
    "use",
)


def _details(node: Node) -> dict[str, Any]:
    """What one node's view shows, without what is empty."""
    told = {name: getattr(node, name) for name in _TOLD}
    late = node.late_after if any(node.late_after) else None
    lists = {
        "columns": [_column(one) for one in node.columns],
        "checks": [_check(one) for one in node.checks],
        "late_after": late,
    }
    return _filled({**told, **lists})


def _column(column: Column) -> dict[str, Any]:
    said = {"n": column.name, "t": column.data_type, "d": column.description, "c": column.constraints, "h": column.hidden}
    share = None if column.null_share is None else round(column.null_share, 6)
    seen = {"e": column.examples, "r": column.is_range, "u": column.distinct, "m": column.in_warehouse is False}
    return {**_filled({**said, **seen}), **({} if share is None else {"z": share})}


def _check(check: Check) -> dict[str, Any]:
    said = {"n": check.name, "k": check.kind, "c": check.column, "s": check.status, "f": check.failures, "at": check.checked_at}
    return _filled({**said, "w": check.severity == "warn", "o": check.observed, "x": check.expected})


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", (), []) and value is not False}


def weight(files: Iterable[tuple[str, Any]]) -> dict[str, int]:
    """The size of each file in bytes, as JSON."""
    return {name: len(json.dumps(plain(value), separators=(",", ":")).encode()) for name, value in files}
