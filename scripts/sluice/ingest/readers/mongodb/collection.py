"""One collection of a server that speaks MongoDB's protocol: what a feed asks of it, and its errors in plain words."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.ingest.connection_string import mistake

# How long a server is waited for that does not answer, where the connection string does not say it.
_PATIENCE = {"serverSelectionTimeoutMS": 10_000, "connectTimeoutMS": 10_000}
# Documents that the server sends at once.
_AT_ONCE = 2_000
# A smaller collection is sorted in a moment without an index.
LARGE = 10_000
# Types that are not a feed's cursor and that an index finds by type. In arrays and objects, no cursor is looked for.
_OTHER_TYPES = ("null", "string", "bool", "number", "date", "objectId", "timestamp")
_UNAUTHORIZED, _NOT_AUTHENTICATED = 13, 18
_TOO_LARGE_TO_SORT = {96, 292}


@dataclass(frozen=True)
class Collection:
    """A collection that exists, at the server. Its methods raise pymongo's errors, of which `opened` makes our own."""

    found: Any

    def now(self) -> datetime:
        """The server's time, in UTC without a zone."""
        answer = self.found.database.client.admin.command("hello")
        return answer.get("localTime") or datetime.now(UTC).replace(tzinfo=None)

    def example(self, cursor: str, bson_type: str = "") -> tuple[Any, ...]:
        """The cursor's value in one document, of those where it has the type; empty where there is none."""
        wanted = {cursor: {"$type": bson_type}} if bson_type else {}
        document = self.found.find_one(wanted, {cursor: 1})
        return () if document is None else (document.get(cursor),)

    def read(self, cursor: str, bson_type: str, first: Any) -> Iterator[bytes]:
        """Batches of documents in the order of the cursor: from `first` on (None: all), and those where it has another type."""
        wanted: dict[str, Any] = {}
        if first is not None:
            others = [name for name in _OTHER_TYPES if name != bson_type]
            wanted = {"$or": [{cursor: {"$gte": first}}, {cursor: None}, {cursor: {"$type": others}}]}
        yield from self.found.find_raw_batches(wanted, sort=[(cursor, 1)], batch_size=_AT_ONCE)

    def keys(self, names: Sequence[str]) -> Iterator[bytes]:
        """Batches of these fields of all documents, in the order of _id, which no change moves."""
        fields = dict.fromkeys(names, 1) | ({} if "_id" in names else {"_id": 0})
        yield from self.found.find_raw_batches({}, projection=fields, sort=[("_id", 1)], batch_size=_AT_ONCE * 10)

    def is_slow_to_sort(self, cursor: str) -> bool:
        """Whether the collection is large and no index begins with the cursor. False for a user who may not see that."""
        from pymongo.errors import OperationFailure

        try:
            indexes = self.found.index_information().values()
            return not any(index["key"][0][0] == cursor for index in indexes) and self.found.estimated_document_count() > LARGE
        except OperationFailure:
            return False


@contextmanager
def opened(connection: str, database: str | None, name: str, shown: Callable[[str], str]) -> Iterator[Collection]:
    """The collection. Raises SluiceError, through `shown`, where it cannot be reached or read, now or later."""
    where = f"MongoDB collection {database + '.' if database else ''}{name}"
    with connected(connection, shown, where) as client:
        base = database_of(client, database, where, "as `database`, or in `connection`")
        yield Collection(_existing(base, name, where))


@contextmanager
def connected(connection: str, shown: Callable[[str], str], where: str) -> Iterator[Any]:
    """A client of pymongo. Its errors become SluiceError, through `shown`, which hides what is secret."""
    need("pymongo", "documents", "MongoDB")
    from pymongo.errors import PyMongoError

    if wrong := mistake(connection):
        raise SluiceError(f"{wrong}; correct `connection`", where=where)
    client: Any = None
    try:
        client = _client(connection)
        yield client
    except PyMongoError as error:
        raise SluiceError(shown(_said(error)), where=where) from None
    except _WrongConnectionError as error:
        raise SluiceError(shown(f"cannot be read: {error}; check `connection`"), where=where) from None
    finally:
        if client is not None:
            client.close()


class _WrongConnectionError(Exception):
    """What pymongo says of a connection string, other than by an error of its own."""


def _client(connection: str) -> Any:
    """A client, which does not connect yet. pymongo passes over options that it does not know with a warning; here they count."""
    from pymongo import MongoClient

    decoding: dict[str, Any] = {
        "tz_aware": False,
        "datetime_conversion": "DATETIME_AUTO",
        "unicode_decode_error_handler": "replace",
    }
    waits: dict[str, Any] = {name: value for name, value in _PATIENCE.items() if name.lower() not in connection.lower()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return MongoClient(connection, **waits, **decoding)
    except (Warning, ValueError, OSError) as error:
        raise _WrongConnectionError(error) from None


def database_of(client: Any, name: str | None, where: str, how: str) -> Any:
    """The database of that name, or that of the connection string. Raises SluiceError where none is named; `how` says how."""
    from pymongo.errors import ConfigurationError

    try:
        return client[name] if name else client.get_default_database()
    except ConfigurationError:
        raise SluiceError(f"no database is named; name it {how}", where=where) from None


def _existing(base: Any, name: str, where: str) -> Any:
    from pymongo.errors import OperationFailure

    try:
        names = sorted(base.list_collection_names())
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        return base[name]  # who may read one collection may not see which there are
    if name not in names:
        has = f"it has {', '.join(names[:10])}" if names else "it has none"
        raise SluiceError(f"the collection does not exist in the database {base.name}; {has}", where=where)
    return base[name]


def _said(error: Exception) -> str:
    """What went wrong and what to do, without pymongo's description of the servers."""
    from pymongo.errors import ConnectionFailure, OperationFailure

    text = str(error).partition(", Timeout:")[0].partition(" (configured timeouts")[0].partition(", full error:")[0]
    code = error.code if isinstance(error, OperationFailure) else None
    if isinstance(error, ConnectionFailure):
        return f"the server does not answer: {text}; check that it is up, and `connection`"
    if code == _NOT_AUTHENTICATED:
        return f"the server does not accept the user or the password: {text}; check `connection`"
    if code == _UNAUTHORIZED:
        return f"the user of `connection` may not read it: {text}; grant it the role `read` on the database"
    if code in _TOO_LARGE_TO_SORT:
        return f"the server cannot sort it by the cursor: {text}; create an index that begins with the cursor"
    return f"cannot be read: {text}; check `connection`, `collection` and `cursor`"
