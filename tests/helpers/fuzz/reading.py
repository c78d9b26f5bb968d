"""What a delivered thing means for a type: the values that may land, and whether one must; and what a type is asked."""

from __future__ import annotations

import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Number:
    """A number of a JSON document, as its digits were written."""

    digits: str


@dataclass(frozen=True)
class Nanoseconds:
    """A point in time of a typed column: nanoseconds since 1970, UTC."""

    count: int


@dataclass(frozen=True)
class Day:
    """A date of a typed column: days since 1970."""

    count: int


@dataclass(frozen=True)
class Reading:
    """What may land for a delivered thing, and whether it must (`plain`). Nothing may: it belongs in quarantine."""

    accepted: tuple[Any, ...] = ()
    plain: bool = False
    also: Callable[[Any], bool] | None = field(default=None, compare=False)

    def accepts(self, landed: Any) -> bool:
        return any(same(landed, value) for value in self.accepted) or bool(self.also and self.also(landed))


NOTHING = Reading()
NULL = Reading((None,), plain=True)


def same(one: Any, other: Any) -> bool:
    """Equal in type and to the bit; every NaN is the same, and so are both zeros (a dictionary in Parquet holds one of them)."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other == 0 or struct.pack("<d", one) == struct.pack("<d", other) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


@dataclass(frozen=True)
class Kind(ABC):
    """A type of a contract; `sql` is its spelling there."""

    sql: str

    @abstractmethod
    def of_text(self, text: str) -> Reading:
        """What a text in a CSV file (or a JSON string) means."""

    def of_json(self, value: Any) -> Reading:
        """What a JSON value means; numbers are `Number`."""
        if value is None:
            return NULL
        return self.of_text(value) if isinstance(value, str) else NOTHING

    def of_typed(self, value: Any) -> Reading:
        """What a value of a typed column means."""
        if value is None:
            return NULL
        return doubtful(self.of_text(value)) if isinstance(value, str) else NOTHING


def doubtful(reading: Reading) -> Reading:
    return Reading(reading.accepted, False, reading.also)
