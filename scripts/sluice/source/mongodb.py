"""Look at collections of a server that speaks MongoDB's protocol: types from the documents themselves, of a sample of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa

from sluice.core.duck import identifier
from sluice.core.errors import SluiceError
from sluice.ingest.connection_string import OF_MONGODB, scrubbed
from sluice.ingest.readers.mongodb import bson_lines
from sluice.ingest.readers.mongodb.collection import connected, database_of
from sluice.source.facts import PLAIN, TEXT, TableFacts
from sluice.source.look import extracted, facts
from sluice.source.postgres import cursor_of
from sluice.source.vocabulary import snake

# Documents of a collection that are looked at: the first ones that the server gives.
SAMPLE = 20_000
_ID = "_id"
# The type of a value by its class in Python; any other is text. An ObjectId is the only text that is never looked at.
_KINDS = {
    "bool": "BOOLEAN", "int": "BIGINT", "Int64": "BIGINT", "float": "DOUBLE", "Decimal128": PLAIN, "datetime": "TIMESTAMP",
    "bytes": "BLOB", "str": TEXT,
}  # fmt: skip
# Numbers from the narrowest to the widest: what two kinds of them are.
_NUMBERS = ("BIGINT", "DOUBLE", PLAIN)

# What is seen of a field: a kind, the fields of an object, or a list of one of these.
Seen = str | dict[str, Any] | list[Any]


def is_uri(text: str) -> bool:
    """Whether it is a connection string of MongoDB."""
    return text.startswith(OF_MONGODB)


def look_at_collections(
    connection: duckdb.DuckDBPyConnection, uri: str, database: str | None, names: Sequence[str], variable: str
) -> list[TableFacts]:
    """The facts of the collections of a database, or of those named; feeds read the connection string from `variable`.

    Raises SluiceError, without the connection string in it, where the server or a collection cannot be read.
    """
    with connected(uri, lambda text: scrubbed(text, uri), "MongoDB") as client:
        base = database_of(client, database, "MongoDB", "by --schema, or in the connection string")
        known = sorted(name for name in base.list_collection_names() if not name.startswith("system."))
        unknown = sorted(set(names) - set(known))
        if unknown or not known:
            hint = f"there are: {', '.join(known)}" if known else "name another one by --schema"
            what = f"no such collection: {', '.join(unknown)}" if unknown else f"the database {base.name} has no collection"
            raise SluiceError(what, where="--table" if unknown else "MongoDB", hint=hint)
        feed = {"format": "mongodb", "connection": f"${{{variable}}}", "database": base.name}
        return [_look(connection, base[name], {**feed, "collection": name}) for name in names or known]


def _look(connection: duckdb.DuckDBPyConnection, collection: Any, feed: Mapping[str, Any]) -> TableFacts:
    seen: dict[str, Any] = {}
    connection.execute("create or replace temp table looked (line varchar)")
    for batch in collection.find_raw_batches({}, limit=SAMPLE):
        documents = bson_lines.documents(batch)
        for document in filter(None, documents):
            _add(seen, document)
        connection.register("arrived", pa.table({"line": [bson_lines.line(one) for one in documents]}))
        connection.execute("insert into looked select line from arrived")
        connection.unregister("arrived")
    name = snake(collection.name)
    if not seen:
        return TableFacts(name, feed, notes=(f"{collection.name} has no documents to look at",))
    connection.execute(f"create or replace temp table looked as select {extracted(seen)}, 0 as __file from looked")
    found = facts(connection, name, feed, [(field, _top(kind)) for field, kind in seen.items()])
    return _with_cursor(found, seen)


def _with_cursor(found: TableFacts, seen: Mapping[str, Any]) -> TableFacts:
    columns = tuple(replace(one, required=one.name == _ID) for one in found.columns)
    ordinary = [one for one in columns if seen[one.name] in ("TIMESTAMP", "BIGINT")]
    cursor = cursor_of(ordinary, (_ID,)) or (_ID if seen.get(_ID) == "ObjectId" else None)
    feed = {**found.feed, **({"cursor": cursor} if cursor else {})}
    key = (_ID,) if _ID in seen else found.key
    sure = "_id of the documents" if _ID in seen else found.key_sure
    sampled = found.rows >= SAMPLE
    return replace(
        found, feed=feed, columns=columns, key=key, key_sure=sure, is_sample=sampled, notes=tuple(_notes(cursor, found.table))
    )


def _notes(cursor: str | None, name: str) -> Iterator[str]:
    """What a person has to decide of a feed."""
    if cursor is None:
        yield f"cursor: {name} has no field that grows with every change; name one, and make this a feed"
    elif cursor == _ID:
        yield f"cursor: by {cursor}, only new documents of {name} are found, not those that change"


def _add(seen: dict[str, Any], document: Mapping[str, Any]) -> None:
    """Add what a document has to what has been seen of others."""
    for name, value in document.items():
        if value is not None:
            kind = _seen(value)
            seen[name] = kind if name not in seen or seen[name] is None else _both(seen[name], kind)
        else:
            seen.setdefault(name, None)


def _seen(value: Any) -> Seen | None:
    if isinstance(value, Mapping):
        inside: dict[str, Any] = {}
        _add(inside, value)
        return inside
    if isinstance(value, list):
        return [_all(_seen(one) for one in value if one is not None)]
    kind = type(value).__name__
    return "ObjectId" if kind == "ObjectId" else _KINDS.get(kind, "VARCHAR")


def _all(kinds: Iterable[Seen | None]) -> Seen | None:
    found: Seen | None = None
    for kind in kinds:
        found = kind if found is None else _both(found, kind)
    return found


def _both(one: Any, other: Any) -> Any:
    """What both are: numbers of two kinds are numbers, all else of two kinds is text."""
    if one is None or other is None or one == other:
        return other if one is None else one
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _both(one.get(name), other.get(name)) for name in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [_both(one[0], other[0])]
    are_numbers = one in _NUMBERS and other in _NUMBERS
    return max(one, other, key=_NUMBERS.index) if are_numbers else "VARCHAR"


def _top(kind: Any) -> str:
    """The type of a column as `profile` knows it."""
    if isinstance(kind, dict | list):
        return _nested(kind)
    if kind in (None, "ObjectId"):
        return "VARCHAR"
    # A double has no more digits than those that are written, so its values say what they need.
    return PLAIN if kind == "DOUBLE" else str(kind)


def _nested(kind: Any) -> str:
    if isinstance(kind, list):
        return f"{_nested(kind[0])}[]"
    if isinstance(kind, dict) and kind:
        return f"struct({', '.join(f'{identifier(name)} {_nested(one)}' for name, one in kind.items())})"
    named = {"BOOLEAN": "boolean", "BIGINT": "bigint", "DOUBLE": "double", "TIMESTAMP": "timestamp", "BLOB": "blob"}
    return "decimal(38,10)" if kind == PLAIN else named.get(kind, "varchar") if isinstance(kind, str) else "varchar"
