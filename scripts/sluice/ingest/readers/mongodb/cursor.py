"""The field of MongoDB's documents by which a feed reads onwards: a date, a number or an ObjectId.

How far it was read is a whole number: microseconds since 1970 for dates, seconds for ObjectIds (the time in them), which are
not in order within a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, isfinite
from typing import Any

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (pymongo gives UTC without a zone)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 2**63 - 1
_SECONDS_IN_ID = 2**32 - 1  # the largest time in an ObjectId


@dataclass(frozen=True)
class CursorKind:
    """What a cursor counts: `reach` says how far a value is, None for one of another type; `value` is where to begin."""

    name: str
    contract_types: frozenset[str]
    bson_type: str
    per_second: int | None
    reach: Callable[[Any], int | None]
    value: Callable[[int], Any]
    landed: Callable[[int], str]

    def reaches(self, values: Iterable[Any]) -> list[int | None]:
        """How far each of the values is."""
        return [self.reach(value) for value in values]

    def window(self, column: str, low: int, high: int) -> str:
        """SQL of the landed rows whose cursor is within both."""
        return f"{column} >= {self.landed(low)} and {column} < {self.landed(high + 1)}"


def _reach_of_date(value: Any) -> int | None:
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else None


def _date(reach: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=reach)
    except OverflowError:
        return datetime.min  # noqa: DTZ901


def _reach_of_number(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return max(-_LARGEST, min(floor(value), _LARGEST)) if is_number else None


def _number(reach: int) -> int:
    return max(-_LARGEST, reach)


def _reach_of_id(value: Any) -> int | None:
    from bson import ObjectId

    return int.from_bytes(value.binary[:4], "big") if isinstance(value, ObjectId) else None


def _id(reach: int) -> Any:
    from bson import ObjectId

    return ObjectId(f"{_in_id(reach)}{'0' * 16}")


def _in_id(reach: int) -> str:
    return f"{max(0, min(reach, _SECONDS_IN_ID)):08x}"


KINDS = (
    CursorKind(
        "a date",
        frozenset({"timestamp", "date"}),
        "date",
        1_000_000,
        _reach_of_date,
        _date,
        lambda reach: f"make_timestamp({reach})",
    ),
    CursorKind(
        "a whole number",
        frozenset({"smallint", "integer", "bigint", "decimal", "double", "float"}),
        "number",
        None,
        _reach_of_number,
        _number,
        str,
    ),
    CursorKind(
        "an ObjectId",
        frozenset({"varchar"}),
        "objectId",
        1,
        _reach_of_id,
        _id,
        lambda reach: f"'{_in_id(reach)}'" if reach <= _SECONDS_IN_ID else "'g'",
    ),
)


def kind_of(contract_type: str) -> CursorKind | None:
    """The kind of cursor that a column of this type can be."""
    return next((kind for kind in KINDS if contract_type in kind.contract_types), None)
