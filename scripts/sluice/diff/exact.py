"""SQL that compares values of two types without losing a digit, and reckons their differences.

Two numbers are equal if they are the same number; a DOUBLE or FLOAT is the shortest decimal that reads back as it, and beyond
2^53 (2^24), where it has no fraction, the integer that it is. A date is its midnight. Nested values are equal part by part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, literal
from sluice.core.manifest import folded

INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
HUGE = {"HUGEINT", "UHUGEINT"}
FLOATS = {"FLOAT", "DOUBLE"}
TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
_NESTED = {"struct": "struct", "list": "list", "array": "list", "map": "map"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_WITHOUT_FRACTION = {"FLOAT": 2**24, "DOUBLE": 2**53}
# A number beyond DuckDB's own sums is added up in two parts: value = high * LIMB + low.
LIMB = 10**19


def is_number(kind: str) -> bool:
    """Whether a type of DuckDB is numeric."""
    return kind in INTEGERS | HUGE | FLOATS or bool(_DECIMAL.fullmatch(kind))


def digits(kind: str) -> tuple[int, int]:
    """Digits before and after the point of an exact type."""
    found = _DECIMAL.fullmatch(kind)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else (39 if kind in HUGE else 20, 0)


def comparable(value: str, before: str, after: str, side: str, depth: int = 0) -> str:
    """`value`, of type `before` on side `a` or `after` on side `b`, as SQL that is equal on both sides if the values are."""
    own, other = (before, after) if side == "a" else (after, before)
    if own == other:
        return value
    if is_number(own) and is_number(other):
        return _number(value, own, other)
    if {own, other} <= TIMES:
        return _time(value, own, other)
    return _nested(value, before, after, side, depth) or f"cast({value} as VARCHAR)"


def number_type(before: str, after: str) -> str:
    """The type in which two types of numbers are compared; VARCHAR if none has all their digits, or they are not numbers."""
    types = {before, after}
    if not all(map(is_number, types)):
        return after if before == after else "VARCHAR"
    if types <= FLOATS:
        return "DOUBLE"
    if types <= INTEGERS | {"HUGEINT"}:
        return "HUGEINT"
    whole, scale = (max(pair) for pair in zip(digits(before), digits(after), strict=True))
    return "VARCHAR" if types & FLOATS or whole + scale > 38 else f"DECIMAL({whole + scale},{scale})"


def _number(value: str, own: str, other: str) -> str:
    kind = number_type(own, other)
    if kind != "VARCHAR":
        return f"cast({value} as {kind})"
    if own not in FLOATS:
        return _trimmed(value, digits(own)[1])
    scale = digits(other)[1]
    integers = f"try_cast({value} as HUGEINT)", f"try_cast({value} as UHUGEINT)"
    large = ", ".join(f"cast({part} as VARCHAR)" for part in (*integers, value))
    small = f"coalesce({_trimmed(_shortest(value, own, scale), scale)}, '~' || cast({value} as VARCHAR))"
    return f"case when abs({value}) >= {_WITHOUT_FRACTION[own]} then coalesce({large}) else {small} end"


def _trimmed(value: str, scale: int) -> str:
    """An exact number as text, without zeros at the end of its fraction."""
    text = f"cast({value} as VARCHAR)"
    return f"rtrim(rtrim({text}, '0'), '.')" if scale else text


def _shortest(value: str, own: str, scale: int) -> str:
    """The decimal that a small float stands for; null if that has more than `scale` digits after the point."""
    exact = f"try_cast(cast({value} as VARCHAR) as DECIMAL(38,{scale}))"
    return f"case when cast(cast({exact} as VARCHAR) as {own}) = {value} then {exact} end"


def _time(value: str, own: str, other: str) -> str:
    if {own, other} == {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}:
        return f"cast({value} as TIMESTAMP)"
    if own == "DATE":  # those of five million years have no midnight
        return f"coalesce(cast(try_cast({value} as TIMESTAMP) as VARCHAR), cast({value} as VARCHAR))"
    return f"cast({f'cast({value} as TIMESTAMP)' if own == 'TIMESTAMP WITH TIME ZONE' else value} as VARCHAR)"


def _nested(value: str, before: str, after: str, side: str, depth: int) -> str | None:
    """None if the two are not nested in the same way."""
    old, new = _type(before), _type(after)
    if old is None or new is None or (form := _NESTED.get(old.id)) is None or form != _NESTED.get(new.id):
        return None
    if form == "struct":
        made = _struct(value, old, new, side, depth)
    elif form == "list":
        item = f"x{depth}"
        part = comparable(item, str(old.children[0][1]), str(new.children[0][1]), side, depth + 1)
        own = old if side == "a" else new
        rows = f"cast({value} as {own.children[0][1]}[])" if own.id == "array" else value
        made = f"list_transform({rows}, lambda {item}: {part})"
    else:
        item = f"x{depth}"
        parts = [
            comparable(f"{item}.{name}", str(old.children[n][1]), str(new.children[n][1]), side, depth + 1)
            for n, name in enumerate(("key", "value"))
        ]
        made = f"list_transform(map_entries({value}), lambda {item}: struct_pack(k := {parts[0]}, v := {parts[1]}))"
    return f"case when {value} is not null then {made} end"


def _type(kind: str) -> DuckDBPyType | None:
    if not kind.endswith(("]", ")")):
        return None
    try:
        return duckdb.sqltype(kind)
    except duckdb.Error:
        return None


def _struct(value: str, old: DuckDBPyType, new: DuckDBPyType, side: str, depth: int) -> str:
    """Field by field; one that a side does not have is null there."""
    fields: tuple[Mapping[str, tuple[str, str]], ...] = tuple(
        {folded(name): (name, str(kind)) for name, kind in one.children} for one in (old, new)
    )
    own = fields[0 if side == "a" else 1]
    parts = []
    for name in [*fields[1], *(name for name in fields[0] if name not in fields[1])]:
        before, after = (one.get(name, next(other[name] for other in fields if name in other))[1] for one in fields)
        inner = f"struct_extract({value}, {literal(own[name][0])})" if name in own else f"cast(null as {before})"
        part = comparable(inner, before, after, side, depth) if name in own else inner
        parts.append(f"{identifier(name)} := {part}")
    return f"struct_pack({', '.join(parts)})"


@dataclass(frozen=True)
class Reckoned:
    """How differences from a number of one type to one of another are reckoned.

    `way`: plain in `type`; in limbs, of integers at `scale` digits; or near, in DOUBLE, which no exact type can replace.
    """

    way: str
    type: str
    scale: int = 0


def reckoned(before: str, after: str) -> Reckoned:
    """The way that loses no digit, if there is one."""
    types = {before, after}
    if types <= FLOATS:
        return Reckoned("plain", "DOUBLE")
    if types <= INTEGERS:
        return Reckoned("plain", "HUGEINT")
    scale = max(digits(kind)[1] for kind in types - FLOATS)
    if types & FLOATS:
        return Reckoned("near", "DOUBLE", scale)
    whole = max(digits(kind)[0] for kind in types)
    if whole + scale <= 28:  # a sum of 10**10 of them still fits
        return Reckoned("plain", f"DECIMAL(38,{scale})", scale)
    if whole + scale <= 38 or scale == 0:
        return Reckoned("limbs", "", scale)
    return Reckoned("near", "DOUBLE", scale)


def step(old: str, new: str, before: str, after: str) -> str:
    """The difference of two numbers; of the way limbs a struct of `h` and `l`, where l is not negative."""
    how = reckoned(before, after)
    if how.way == "plain":
        return f"cast({new} as {how.type}) - cast({old} as {how.type})"
    if how.way == "near":
        exact = decimal_step(old, new, before, after)
        return f"coalesce({exact}, cast({new} as DOUBLE) - cast({old} as DOUBLE))"
    (old_high, old_low), (new_high, new_low) = limbs(old, before, how.scale), limbs(new, after, how.scale)
    low = f"({new_low} - {old_low})"
    rest = f"((({low} % {LIMB}::hugeint) + {LIMB}::hugeint) % {LIMB}::hugeint)"
    return f"struct_pack(h := {new_high} - {old_high} + ({low} - {rest}) // {LIMB}::hugeint, l := {rest})"


def decimal_step(old: str, new: str, before: str, after: str) -> str:
    """The difference of two numbers of which one is a float, as decimals; null where one of them is too long."""
    scale = reckoned(before, after).scale
    return f"cast(try({_decimal(new, after, scale)} - {_decimal(old, before, scale)}) as DOUBLE)"


def _decimal(value: str, kind: str, scale: int) -> str:
    if kind not in FLOATS:
        return f"try_cast({value} as DECIMAL(38,{scale}))"
    large = f"try_cast(try_cast({value} as HUGEINT) as DECIMAL(38,{scale}))"
    return f"(case when abs({value}) >= {_WITHOUT_FRACTION[kind]} then {large} else {_shortest(value, kind, scale)} end)"


def limbs(value: str, kind: str, scale: int) -> tuple[str, str]:
    """High and low part of a number, as an integer of its smallest unit."""
    unit = value
    if scale or kind.startswith("DECIMAL"):
        unit = f"cast(replace(cast(cast({value} as DECIMAL(38,{scale})) as VARCHAR), '.', '') as HUGEINT)"
    limb = f"{LIMB}::{'uhugeint' if kind == 'UHUGEINT' else 'hugeint'}"
    unit = unit if kind in HUGE else f"cast({unit} as HUGEINT)"
    return f"cast({unit} // {limb} as HUGEINT)", f"cast({unit} % {limb} as HUGEINT)"


def whole(found: Any, scale: int) -> Any:
    """The number that limbs stand for; anything else as it is."""
    if not isinstance(found, dict) or "h" not in found:
        return found
    if found["h"] is None:
        return None
    unit = found["h"] * LIMB + found["l"]
    return Decimal(f"{unit}E-{scale}") if scale else int(unit)
