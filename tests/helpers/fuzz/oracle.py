"""What a delivered thing means for a type of a contract, in plain Python: which values may land, and whether one must.

Landed values are compared in this form: whole numbers for integers, days since 1970 for dates and microseconds since 1970 for
timestamps; Decimal; float; bool; str; bytes; list; dict; None.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np
from tests.helpers.fuzz import times

# Enough digits that no arithmetic of the oracle rounds.
_EXACT = Context(prec=200, Emin=-99999, Emax=99999)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,6})?")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
_UNDERSCORED = re.compile(r"[+-]?[0-9]+(_[0-9]+)+(\.[0-9]*)?")
_TRUE = {"true", "t", "1", "yes", "y", "on"}
_FALSE = {"false", "f", "0", "no", "n", "off"}
_SPECIAL = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}


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


def number(text: str) -> Decimal | None:
    """The number that a text is in everyday or scientific notation."""
    return Decimal(text.strip()) if _NUMBER.fullmatch(text.strip()) else None


def _odd_number(text: str) -> Decimal | None:
    """Also spellings that a program may take for a number, though few people would."""
    text = text.strip()
    if _HEX.fullmatch(text):
        return Decimal(int(text, 16))
    return Decimal(text.replace("_", "")) if _UNDERSCORED.fullmatch(text) else None


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
        return _doubtful(self.of_text(value)) if isinstance(value, str) else NOTHING


def _doubtful(reading: Reading) -> Reading:
    return Reading(reading.accepted, False, reading.also)


@dataclass(frozen=True)
class _Numeric(Kind):
    @abstractmethod
    def fitting(self, value: Decimal) -> tuple[Any, ...]:
        """The values of this type that a number may become."""

    def of_text(self, text: str) -> Reading:
        value = number(text)
        if value is not None:
            return Reading(self.fitting(value), plain=bool(_PLAIN_NUMBER.fullmatch(text) and self._is_kept(value)))
        odd = _odd_number(text)
        return NOTHING if odd is None else Reading(self.fitting(odd))

    def _is_kept(self, value: Decimal) -> bool:
        return bool(self.fitting(value))

    def of_json(self, value: Any) -> Reading:
        return self.of_text(value.digits) if isinstance(value, Number) else super().of_json(value)

    def of_typed(self, value: Any) -> Reading:
        if isinstance(value, bool):
            return NOTHING
        if isinstance(value, int | Decimal):
            return self._of_number(Decimal(value), plain=True)
        if isinstance(value, float):
            if not math.isfinite(value):
                return NOTHING
            shortest = Decimal(repr(value))
            plain = len(shortest.as_tuple().digits) <= 15 and abs(shortest.adjusted()) < 15
            exact = self.fitting(Decimal(value)) if value == int(value) else ()
            return Reading((*self.fitting(shortest), *exact), plain=plain and self._is_kept(shortest))
        return super().of_typed(value)

    def _of_number(self, value: Decimal, *, plain: bool) -> Reading:
        if not value.is_finite():
            return NOTHING
        return Reading(self.fitting(value), plain=plain and self._is_kept(value))


@dataclass(frozen=True)
class Integer(_Numeric):
    bits: int = 64

    def fitting(self, value: Decimal) -> tuple[Any, ...]:
        if value.adjusted() > 40 or value != value.to_integral_value(context=_EXACT):
            return ()
        return (int(value),) if -(1 << (self.bits - 1)) <= value < 1 << (self.bits - 1) else ()


@dataclass(frozen=True)
class Exact(_Numeric):
    """A decimal of `digits` digits, `scale` of them after the point."""

    digits: int = 18
    scale: int = 3

    def fitting(self, value: Decimal) -> tuple[Any, ...]:
        if value.adjusted() > 40:
            return ()
        try:
            kept = value.quantize(Decimal(1).scaleb(-self.scale), context=_EXACT)
        except InvalidOperation:
            return ()
        fits = kept == value and abs(kept) < Decimal(10) ** (self.digits - self.scale)
        return (kept + Decimal(0).scaleb(-self.scale),) if fits else ()


def nearest_single(value: Decimal) -> float | None:
    """The 32-bit float that is nearest to a number, ties to even; None where it is beyond all of them."""
    try:
        (start,) = struct.unpack("<I", struct.pack("<f", float(value)))
    except OverflowError:
        return None
    around = [bits for bits in (start - 1, start, start + 1) if bits >= 0 and (bits >> 23) & 0xFF != 0xFF]
    singles = [(struct.unpack("<f", struct.pack("<I", bits))[0], bits) for bits in around]
    exact = Fraction(value)
    found: float = min(singles, key=lambda one: (abs(Fraction(one[0]) - exact), one[1] & 1))[0]
    return found


@dataclass(frozen=True)
class Binary(_Numeric):
    """A float of 32 or 64 bits. A fraction may land as the nearest one; a whole number only as itself."""

    bits: int = 64

    def fitting(self, value: Decimal) -> tuple[Any, ...]:
        nearest = self.nearest(value)
        if nearest is None:
            return ()
        kept = self.shortest(nearest) == value
        whole = value == value.to_integral_value(context=_EXACT)
        underflows = nearest == 0 and value != 0
        if (whole and not kept and Decimal(nearest) != value) or underflows:
            return ()
        return (nearest,) if nearest or not str(value).startswith("-") else (nearest, 0.0)

    def _is_kept(self, value: Decimal) -> bool:
        """A whole number in digits may be an identifier: it is kept only where the float is exactly it."""
        nearest = self.nearest(value)
        if nearest is None or self.shortest(nearest) != value:
            return False
        return Decimal(nearest) == value or value.as_tuple().exponent != 0

    def nearest(self, value: Decimal) -> float | None:
        """The float that is nearest to a number; None where it is beyond all of them."""
        if value.adjusted() > 320:
            return None
        if value.adjusted() < -400:
            return math.copysign(0.0, value)
        double = float(value)
        if self.bits == 64 or not math.isfinite(double):
            return double if math.isfinite(double) else None
        return nearest_single(value)

    def shortest(self, value: float) -> Decimal:
        """The number of fewest digits that reads as this float."""
        return Decimal(repr(value)) if self.bits == 64 else shortest_single(value)

    def of_text(self, text: str) -> Reading:
        name = text.strip().lower()
        special = _SPECIAL.get(name.lstrip("+-"))
        if special is not None:
            return Reading((-special if name.startswith("-") else special,))
        reading, value = super().of_text(text), number(text)
        nearest = self.nearest(value) if value and "e" in name else None
        # In scientific notation, nobody writes an identifier.
        return replace(reading, accepted=(*reading.accepted, nearest)) if nearest else reading

    def of_typed(self, value: Any) -> Reading:
        if isinstance(value, float):
            fits = self.bits == 64 or not math.isfinite(value) or nearest_single(Decimal(value)) == value
            return Reading((value,), plain=math.isfinite(value)) if fits else NOTHING
        return super().of_typed(value)


def shortest_single(value: float) -> Decimal:
    """The number of fewest digits that reads as this 32-bit float."""
    return Decimal(str(np.float32(value)))


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
        return _doubtful(self.of_text(value.digits)) if isinstance(value, Number) else super().of_json(value)

    def of_typed(self, value: Any) -> Reading:
        return Reading((value,), plain=True) if isinstance(value, bool) else super().of_typed(value)


@dataclass(frozen=True)
class Text(Kind):
    sql: str = "varchar"

    def of_text(self, text: str) -> Reading:
        return Reading((text,), plain="\0" not in text)

    def of_json(self, value: Any) -> Reading:
        if isinstance(value, Number):
            return Reading((value.digits,), plain=bool(_PLAIN_NUMBER.fullmatch(value.digits)))
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
        return _doubtful(NULL)
    return _doubtful(kind.of_json(value)) if isinstance(value, list | dict) else NOTHING


def unknown_fields(kind: Kind, value: Any) -> set[str]:
    """Names of fields, at any depth, that a struct of the contract does not promise."""
    if isinstance(kind, ListOf) and isinstance(value, list):
        return set().union(*(unknown_fields(kind.item, item) for item in value))
    if isinstance(kind, Struct) and isinstance(value, dict):
        promised = dict(kind.fields)
        inner = (unknown_fields(promised[key], item) for key, item in value.items() if key in promised)
        return set(value) - set(promised) | set().union(*inner)
    return set()
