"""A corrected row: the refused one, with the columns that a person changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import parse_type
from sluice.core.errors import SluiceError
from sluice.ingest.casts import fields
from sluice.quarantine.catalog import Refused
from sluice.quarantine.typed_words import parse


@dataclass(frozen=True)
class Edit:
    """How a row is corrected: `whole` replaces it; else `set` gives columns a text, and `unset` makes them null."""

    whole: Mapping[str, Any] | None
    set: Mapping[str, str]
    unset: Sequence[str]


@dataclass(frozen=True)
class Wanted:
    """A corrected row as ingest reads it, in one line; the same content has the same digest."""

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
        """The application transaction by which it lands once."""
        return f"release:{self.row.quarantine_id}:{self.row.decisions}"


def corrected(start: Mapping[str, Any] | None, edit: Edit, types: Mapping[str, str]) -> dict[str, Any]:
    """The row `start` (None where its text is not JSON) after the edit; `types` are the columns of the raw table.

    A column of a struct, a list or a map takes JSON; `struct.field` sets one field. Raises SluiceError for a column
    that does not exist, so that a typing error does not become a new column.
    """
    row = deepcopy(edit.whole if edit.whole is not None else start)
    if row is None:
        raise SluiceError("its text is not a JSON object, so no column can be changed", hint="give the whole row: --row")
    row = dict(row)
    for column, text in edit.set.items():
        path, kind = _field(column, types)
        _put(row, path, _value(text, kind))
    for column in edit.unset:
        _put(row, _field(column, types)[0], None)
    unknown = sorted(set(edit.whole or ()) - set(types))
    if unknown:
        raise SluiceError(f"no column {', '.join(unknown)}", where="--row", hint=f"columns: {', '.join(types)}")
    return without_nulls(row)


def _field(column: str, types: Mapping[str, str]) -> tuple[list[str], DuckDBPyType]:
    """The way to a column or to a field inside one, and its type."""
    path = [column] if column in types else column.split(".")
    kind = parse_type(types[path[0]]) if path[0] in types else None
    for name in path[1:]:
        kind = dict(fields(kind)).get(name) if kind is not None and kind.id == "struct" else None
    if kind is None:
        raise SluiceError(f"no column {column}", where="--set", hint=f"columns: {', '.join(types)}")
    return path, kind


def _value(text: str, kind: DuckDBPyType) -> Any:
    """The text, or what it says as JSON where the type holds more than one value."""
    wrapped = parse(f'{{"value": {text}}}') if kind.id in ("struct", "list", "map", "array") else None
    return text if wrapped is None else wrapped["value"]


def _put(row: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        if not isinstance(row.get(name), dict):
            if value is None:
                return
            row[name] = {}
        row = row[name]
    row[path[-1]] = value


def without_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without nulls: ingest reads null and absent alike, and so do digests."""
    return {key: without_nulls(value) if isinstance(value, dict) else value for key, value in row.items() if value is not None}
