"""Numbers of a contract, in plain Python: whole ones, decimals and binary ones, and what a delivered thing means for them."""

from __future__ import annotations

import math
import re
import struct
from abc import abstractmethod
from dataclasses import dataclass, replace
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np
from tests.helpers.fuzz.reading import NOTHING, Kind, Number, Reading

# Enough digits that no arithmetic of the oracle rounds.
_EXACT = Context(prec=200, Emin=-99999, Emax=99999)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,6})?")
PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
_UNDERSCORED = re.compile(r"[+-]?[0-9]+(_[0-9]+)+(\.[0-9]*)?")
_SPECIAL = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}


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
class _Numeric(Kind):
    @abstractmethod
    def fitting(self, value: Decimal) -> tuple[Any, ...]:
        """The values of this type that a number may become."""

    def of_text(self, text: str) -> Reading:
        value = number(text)
        if value is not None:
            return Reading(self.fitting(value), plain=bool(PLAIN_NUMBER.fullmatch(text) and self._is_kept(value)))
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
