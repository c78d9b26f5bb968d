"""What a delivered thing means for a type of a contract, in plain Python: which values may land, and whether one must.

Landed values are compared in this form: whole numbers for integers, days since 1970 for dates and microseconds since 1970 for
timestamps; Decimal; float; bool; str; bytes; list; dict; None.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.helpers.fuzz import times
from tests.helpers.fuzz.numbers import PLAIN_NUMBER, number
from tests.helpers.fuzz.reading import NOTHING, NULL, Day, Kind, Nanoseconds, Number, Reading, doubtful

_TRUE = {"true", "t", "1", "yes", "y", "on"}
_FALSE = {"false", "f", "0", "no", "n", "off"}


@dataclass(frozen=True)
class Boolean(Kind):
    sql: str = "boolean"

    def of_text(self, text: str) -> Reading:
        word = text.strip().lower()
        if word in _TRUE | _FALSE:
            return Reading((word in _TRUE,), plain=text in ("true", "false", "True", "False", "TRUE", "FALSE"))
        return NOTHING

    def of_json(self, value: Any) -> Reading:
        if isinstance(value, bool):
            return Reading((value,), plain=True)
        return doubtful(self.of_text(value.digits)) if isinstance(value, Number) else super().of_json(value)

    def of_typed(self, value: Any) -> Reading:
        return Reading((value,), plain=True) if isinstance(value, bool) else super().of_typed(value)


@dataclass(frozen=True)
class Text(Kind):
    sql: str = "varchar"

    def of_text(self, text: str) -> Reading:
        return Reading((text,), plain="\0" not in text)

    def of_json(self, value: Any) -> Reading:
        if isinstance(value, Number):
            return Reading((value.digits,), plain=bool(PLAIN_NUMBER.fullmatch(value.digits)))
        if isinstance(value, bool):
            return Reading((str(value).lower(),))
        if isinstance(value, list | dict):
            return Reading(also=lambda landed: _is_document(landed, value))
        return super().of_json(value)

    def of_typed(self, value: Any) -> Reading:
        if isinstance(value, str):
            return self.of_text(value)
        if isinstance(value, bytes):
            try:
                return Reading((value.decode(),))
            except UnicodeDecodeError:
                return NOTHING
        return NULL if value is None else Reading(also=lambda landed: isinstance(landed, str) and _says(landed, value))


def _says(text: str, value: Any) -> bool:
    """Whether a text is a spelling of a typed value."""
    if isinstance(value, Nanoseconds):
        return value.count % 1000 == 0 and value.count // 1000 in times.microseconds_of(text)[0]
    if isinstance(value, Day):
        return value.count in times.days_of(text)[0]
    if isinstance(value, bool):
        return text == str(value).lower()
    return isinstance(value, int | float | Decimal) and number(text) == Decimal(
        repr(value) if isinstance(value, float) else value
    )


def _is_document(landed: Any, value: Any) -> bool:
    try:
        found = json.loads(landed, parse_int=Number, parse_float=Number)
    except (TypeError, ValueError):
        return False
    return bool(found == value)


@dataclass(frozen=True)
class Blob(Kind):
    sql: str = "blob"

    def of_text(self, text: str) -> Reading:
        raw = text.encode()
        if "\\" not in text and text.isascii():
            return Reading((raw,), plain=True)
        escaped = re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda match: bytes([int(match.group(1), 16)]), raw)
        return Reading((raw, escaped))

    def of_json(self, value: Any) -> Reading:
        """What is not a text may land as its JSON."""
        if isinstance(value, Number):
            return Reading((value.digits.encode(),))
        if isinstance(value, bool):
            return Reading((str(value).lower().encode(),))
        if isinstance(value, list | dict):
            return Reading(also=lambda landed: isinstance(landed, bytes) and _is_document(landed, value))
        return super().of_json(value)

    def of_typed(self, value: Any) -> Reading:
        if isinstance(value, str):
            return Reading((value.encode(),))
        return Reading((value,), plain=True) if isinstance(value, bytes) else super().of_typed(value)


@dataclass(frozen=True)
class Date(Kind):
    sql: str = "date"

    def of_text(self, text: str) -> Reading:
        days, plain = times.days_of(text)
        return Reading(days, plain)

    def of_typed(self, value: Any) -> Reading:
        if isinstance(value, Day):
            return Reading((value.count,), plain=times.is_everyday(value.count))
        if isinstance(value, Nanoseconds):
            day, rest = divmod(value.count, times.NANOSECONDS_A_DAY)
            return NOTHING if rest else Reading((day,), plain=times.is_everyday(day))
        return super().of_typed(value)


@dataclass(frozen=True)
class Timestamp(Kind):
    sql: str = "timestamp"

    def of_text(self, text: str) -> Reading:
        microseconds, plain = times.microseconds_of(text)
        return Reading(microseconds, plain)

    def of_typed(self, value: Any) -> Reading:
        if isinstance(value, Day):
            value = Nanoseconds(value.count * times.NANOSECONDS_A_DAY)
        if isinstance(value, Nanoseconds):
            micros, rest = divmod(value.count, 1000)
            if rest or not times.fits_microseconds(micros):
                return NOTHING
            return Reading((micros,), plain=times.is_everyday(value.count // times.NANOSECONDS_A_DAY))
        return super().of_typed(value)


@dataclass(frozen=True)
class ListOf(Kind):
    item: Kind = field(default_factory=Text)

    def of_text(self, text: str) -> Reading:
        return _nested_text(self, text)

    def of_json(self, value: Any) -> Reading:
        return self._of_items(value, self.item.of_json) if isinstance(value, list) else super().of_json(value)

    def of_typed(self, value: Any) -> Reading:
        return self._of_items(value, self.item.of_typed) if isinstance(value, list) else super().of_typed(value)

    def _of_items(self, value: list[Any], read: Callable[[Any], Reading]) -> Reading:
        readings = [read(item) for item in value]
        combined = [list(found) for found in itertools.islice(itertools.product(*(one.accepted for one in readings)), 64)]
        return Reading(tuple(combined), plain=all(one.plain for one in readings))


@dataclass(frozen=True)
class Struct(Kind):
    fields: tuple[tuple[str, Kind], ...] = ()

    def of_text(self, text: str) -> Reading:
        return _nested_text(self, text)

    def of_json(self, value: Any) -> Reading:
        return (
            self._of_fields(value, lambda kind, part: kind.of_json(part)) if isinstance(value, dict) else super().of_json(value)
        )

    def of_typed(self, value: Any) -> Reading:
        return (
            self._of_fields(value, lambda kind, part: kind.of_typed(part)) if isinstance(value, dict) else super().of_typed(value)
        )

    def _of_fields(self, value: Mapping[str, Any], read: Callable[[Kind, Any], Reading]) -> Reading:
        """A field that is not delivered is null; one that is not promised is judged by `trial`, which sees the report."""
        readings = [(key, read(kind, value.get(key))) for key, kind in self.fields]
        products = itertools.islice(itertools.product(*(one.accepted for _, one in readings)), 64)
        combined = tuple(dict(zip((key for key, _ in readings), found, strict=True)) for found in products)
        known = value.keys() <= {key for key, _ in self.fields}
        return Reading(combined, plain=known and all(one.plain for _, one in readings))


def _nested_text(kind: Kind, text: str) -> Reading:
    """Lists and structs in text are not asked for, but where they land they are what the JSON in the text says."""
    try:
        value = json.loads(text, parse_int=Number, parse_float=Number)
    except ValueError:
        return NOTHING
    if value is None:
        return doubtful(NULL)
    return doubtful(kind.of_json(value)) if isinstance(value, list | dict) else NOTHING


def unknown_fields(kind: Kind, value: Any) -> set[str]:
    """Names of fields, at any depth, that a struct of the contract does not promise."""
    if isinstance(kind, ListOf) and isinstance(value, list):
        return set().union(*(unknown_fields(kind.item, item) for item in value))
    if isinstance(kind, Struct) and isinstance(value, dict):
        promised = dict(kind.fields)
        inner = (unknown_fields(promised[key], item) for key, item in value.items() if key in promised)
        return set(value) - set(promised) | set().union(*inner)
    return set()
