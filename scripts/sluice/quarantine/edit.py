"""A corrected row: what it was, with the columns that a person gives anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import parse_type
from sluice.core.errors import SluiceError
from sluice.ingest.casts import fields
from sluice.quarantine.catalog import Refused
from sluice.quarantine.options import parse


@dataclass(frozen=True)
class Edit:
    """How a row is corrected: `whole` replaces it; else `set` gives columns a text, and `unset` makes them null."""

    whole: Mapping[str, Any] | None
    set: Mapping[str, str]
    unset: Sequence[str]


@dataclass(frozen=True)
class Wanted:
    """A corrected row as the door will read it, in one line; the same content has the same digest."""

    row: Refused
    content: Mapping[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.content, ensure_ascii=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()

    @property
    def label(self) -> str:
        """The name of the delivery, as `_file` in the raw table."""
        return f"quarantine/{self.row.quarantine_id}.json"

    @property
    def mark(self) -> str:
        """The application transaction that makes it land once."""
        return f"release:{self.row.quarantine_id}:{self.row.decisions}"


def corrected(start: Mapping[str, Any] | None, edit: Edit, types: Mapping[str, str]) -> dict[str, Any]:
    """The row `start` (None where its text is no JSON) after the edit; `types` are the columns that the raw table may have.

    A column of a struct, a list or a map takes JSON; `struct.field` sets one field. Raises SluiceError for a column
    that is not there, so that a slip of the pen does not become a new column.
    """
    if edit.whole is None and start is None:
        raise SluiceError(
            "its text cannot be read as a JSON object, so there is no row to begin with", hint="give the whole row: --row"
        )
    row = dict(edit.whole if edit.whole is not None else start or {})
    for column, text in edit.set.items():
        _put(row, _path(column, types), text, types)
    for column in edit.unset:
        _remove(row, _path(column, types))
    unknown = sorted(set(edit.whole or ()) - set(types))
    if unknown:
        raise SluiceError(f"no column {', '.join(unknown)}", where="--row", hint=f"columns: {', '.join(types)}")
    return without_nulls(row)


def _path(column: str, types: Mapping[str, str]) -> list[str]:
    if column in types:
        return [column]
    path = column.split(".")
    kind = parse_type(types[path[0]]) if path[0] in types else None
    for name in path[1:]:
        kind = dict(fields(kind)).get(name) if kind is not None and kind.id == "struct" else None
    if kind is None:
        raise SluiceError(f"no column {column}", where="--set", hint=f"columns: {', '.join(types)}")
    return path


def _kind(path: Sequence[str], types: Mapping[str, str]) -> DuckDBPyType:
    kind = parse_type(types[path[0]])
    for name in path[1:]:
        kind = dict(fields(kind))[name]
    return kind


def _put(row: dict[str, Any], path: Sequence[str], text: str, types: Mapping[str, str]) -> None:
    value: Any = text
    if _kind(path, types).id in ("struct", "list", "map", "array"):
        wrapped = parse(f'{{"value": {text}}}')
        value = text if wrapped is None else wrapped["value"]
    for name in path[:-1]:
        inner = row.get(name)
        row[name] = dict(inner) if isinstance(inner, dict) else {}
        row = row[name]
    row[path[-1]] = value


def _remove(row: dict[str, Any], path: Sequence[str]) -> None:
    for name in path[:-1]:
        inner = row.get(name)
        if not isinstance(inner, dict):
            return
        row[name] = dict(inner)
        row = row[name]
    row.pop(path[-1], None)


def without_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    """At the door null and absent are the same; so are two corrections that differ only in that."""
    return {key: without_nulls(value) if isinstance(value, dict) else value for key, value in row.items() if value is not None}
