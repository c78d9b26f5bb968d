"""A collection without a server: documents in memory, which a feed reads as it reads MongoDB's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import bson
import pytest
from bson import Decimal128, ObjectId

from sluice.ingest.readers.mongodb import feed as mongodb

NOW = datetime(2025, 6, 1)  # noqa: DTZ001  (UTC, as pymongo gives it)
# In the order in which MongoDB sorts them.
_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),), "number": (int, float, Decimal128), "string": (str,), "objectId": (ObjectId,), "bool": (bool,),
    "date": (datetime,),
}  # fmt: skip


def _type_of(value: Any) -> str:
    return "bool" if isinstance(value, bool) else next((name for name, types in _TYPES.items() if isinstance(value, types)), "")


@dataclass
class Documents:
    """Documents and how many come at once. `raw` are further ones, as bytes; `breaks_after` so many batches, reading fails."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 3
    raw: list[bytes] = field(default_factory=list)
    breaks_after: int | None = None
    error: BaseException = field(default_factory=KeyboardInterrupt)
    slow: bool = False

    def now(self) -> datetime:
        return NOW

    def example(self, cursor: str, bson_type: str = "") -> tuple[Any, ...]:
        found = [one.get(cursor) for one in self.documents if not bson_type or _type_of(one.get(cursor)) == bson_type]
        return tuple(found[:1])

    def read(self, cursor: str, bson_type: str, first: Any) -> Iterator[bytes]:
        order = list(_TYPES)
        alike = sorted((one for one in self.documents if _type_of(one.get(cursor)) == bson_type), key=lambda one: one[cursor])
        others = [one for one in self.documents if _type_of(one.get(cursor)) != bson_type]
        wanted = [one for one in alike if first is None or one[cursor] >= first]
        wanted = sorted([*others, *wanted], key=lambda one: order.index(_type_of(one.get(cursor))))
        yield from self._sent([bson.encode(one) for one in wanted] + self.raw)

    def keys(self, names: Sequence[str]) -> Iterator[bytes]:
        yield from self._sent([bson.encode({name: one[name] for name in names if name in one}) for one in self.documents])

    def is_slow_to_sort(self, _cursor: str) -> bool:
        return self.slow

    def _sent(self, encoded: Sequence[bytes]) -> Iterator[bytes]:
        for number, start in enumerate(range(0, len(encoded), self.at_once)):
            if number == self.breaks_after:
                raise self.error
            yield b"".join(encoded[start : start + self.at_once])


@contextmanager
def in_place_of_a_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Documents]:
    """The collection that every feed of MongoDB reads meanwhile."""
    documents = Documents()

    @contextmanager
    def opened(*_: Any) -> Iterator[Documents]:
        yield documents

    monkeypatch.setattr(mongodb, "opened", opened)
    yield documents
