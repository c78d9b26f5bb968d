"""Values of DuckDB's types: how they are written in SQL, and what makes two of them equal.

A number is a Fraction, or a float where the type is FLOAT or DOUBLE; a time is nanoseconds since 1970, or a text for what has
none; text is text; a list is a tuple, a struct and a map are tuples of pairs. None is null.
"""

from __future__ import annotations

import math
import random
import struct
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

RANGES = {"INTEGER": 2**31, "BIGINT": 2**63, "UBIGINT": 2**64, "HUGEINT": 2**127, "UHUGEINT": 2**128}
DECIMALS = {"DECIMAL(10,2)": (10, 2), "DECIMAL(19,2)": (19, 2), "DECIMAL(38,0)": (38, 0), "DECIMAL(38,10)": (38, 10)}
FLOATS = {"FLOAT": 2**24, "DOUBLE": 2**53}
NUMBERS = (*RANGES, *DECIMALS, *FLOATS)
TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")
TICKS = {"DATE": 86_400 * 10**9, "TIMESTAMP_S": 10**9, "TIMESTAMP_MS": 10**6, "TIMESTAMP_NS": 1}
WORDS = ("VARCHAR", "VARCHAR COLLATE nocase", "ENUM('a', 'A', 'b', '7')")
LISTS = ("INTEGER[]", "BIGINT[]", "DOUBLE[]")
STRUCTS = ("STRUCT(n INTEGER, w VARCHAR)", "STRUCT(n BIGINT, w VARCHAR)", "STRUCT(w VARCHAR, n DOUBLE)")
MAPS = ("MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, DOUBLE)")
KINDS = {"number": NUMBERS, "time": TIMES, "word": WORDS, "list": LISTS, "struct": STRUCTS, "map": MAPS}
FAR = "5881580-07-10"
_POOL = [
    Fraction(n)
    for n in ("0", "1", "-1", "7", "2.5", "0.1", "-0.75", "1.005", "9007199254740993", "9007199254740992", "16777217", "1000000",
              "12345678901234567.89", "-9223372036854775807", "18446744073709551615", "99999999999999999999999999999999999999",
              "-99999999999999999999999999999999999998", "123456789.0123456789", "170141183460469231731687303715884105727")
]  # fmt: skip
_FLOATS = [0.0, -0.0, 0.1, 0.1 + 0.2, 1.5, -2.0, 1e16, 2.0**53, 2.0**24, 2.0**63, 1e300, 1e-300, math.nan, math.inf, -math.inf]
_MOMENTS = ["2025-01-01", "2025-01-01 10:00:00", "2025-01-01 10:00:00.5", "2024-02-29 23:59:59.999999", "1969-12-31 23:00:00"]
_START = datetime(1970, 1, 1)  # noqa: DTZ001  # as DuckDB, without a zone
_TEXTS = ["", "a", "A", "b", "ä", "Ä", "it's", "null", "7", " a", "a\nb"]


def kind_of(type: str) -> str:
    """number, time, word, list, struct or map."""
    return next(kind for kind, types in KINDS.items() if type in types)


def drawn(type: str, dice: random.Random) -> Any:
    """A value of a type."""
    if dice.random() < 0.15:
        return None
    kind = kind_of(type)
    if kind == "number":
        return fitted(dice.choice(_FLOATS if type in FLOATS and dice.random() < 0.5 else _POOL), type)
    if kind == "time":
        odd = [*(["infinity", "-infinity"] if type != "TIMESTAMP_NS" else []), *([FAR] if type == "DATE" else [])]
        if odd and dice.random() < 0.2:
            return dice.choice(odd)
        past = datetime.fromisoformat(dice.choice(_MOMENTS)) - _START
        return fitted(past // timedelta(microseconds=1) * 1000 + dice.choice([0, 0, 1]), type)
    if kind == "word":
        return fitted(dice.choice(_TEXTS), type)
    number = {"list": "INTEGER", "struct": "INTEGER", "map": "INTEGER"}[kind]
    numbers = [drawn(number, dice) for _ in range(dice.randint(0, 3))]
    if kind == "list":
        return fitted(tuple(numbers), type)
    if kind == "map":
        return fitted(tuple((f"k{n}", value) for n, value in enumerate(numbers)), type)
    return fitted((("n", drawn(number, dice)), ("w", dice.choice(["", "a", "A"]))), type)


def fitted(value: Any, type: str) -> Any:
    """The value as near as the type can have it; null if it cannot."""
    kind = kind_of(type)
    if value is None:
        return None
    if kind == "number":
        return _number(value, type)
    if kind == "time":
        if isinstance(value, str):
            return value if type == "DATE" or (value != FAR and type != "TIMESTAMP_NS") else None
        return value - value % TICKS.get(type, 1000)
    if kind == "word":
        return value if not type.startswith("ENUM") or value in ("a", "A", "b", "7") else None
    inner = inner_of(type)
    if kind == "list":
        return tuple(_number(part, inner) if part is not None else None for part in value)
    return tuple((name, _number(part, inner) if part is not None and name != "w" else part) for name, part in value)


def inner_of(type: str) -> str:
    """The type of the numbers in a nested one."""
    return next(inner for inner in ("DOUBLE", "BIGINT", "INTEGER") if inner in type)


def _number(value: Any, type: str) -> Any:
    if type in FLOATS:
        number = float(value)
        if type == "FLOAT" and math.isfinite(number):
            return struct.unpack("f", struct.pack("f", number))[0] if abs(number) < 3e38 else None
        return number
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = Fraction(value)
    if type in RANGES:
        low = 0 if type.startswith("U") else -RANGES[type] + (type == "HUGEINT")
        return Fraction(round(value)) if low <= round(value) < RANGES[type] else None
    digits, scale = DECIMALS[type]
    unit = round(value * 10**scale)
    return Fraction(unit, 10**scale) if abs(unit) < 10**digits else None


def sql(value: Any, type: str) -> str:
    """The value in SQL."""
    if value is None:
        return f"null::{type.replace(' COLLATE nocase', '')}"
    kind = kind_of(type)
    if kind == "word":
        quoted = "'" + value.replace("'", "''") + "'"
        return f"{quoted}::{type.replace(' COLLATE nocase', '')}"
    if kind == "number":
        return f"'{text(value)}'::{type}"
    if kind == "time":
        return f"'{moment(value, type)}'::{type}"
    if kind == "list":
        return f"[{', '.join('null' if part is None else _inner(part) for part in value)}]::{type}"
    if kind == "map":
        keys, parts = [f"'{name}'" for name, _ in value], ["null" if part is None else _inner(part) for _, part in value]
        return f"map([{', '.join(keys)}], [{', '.join(parts)}])::{type}"
    named = dict(value)
    fields = {"n": "null" if named["n"] is None else _inner(named["n"]), "w": "'" + named["w"] + "'"}
    order = ("w", "n") if type.index("w ") < type.index("n ") else ("n", "w")
    inside = ", ".join(f"'{name}': {fields[name]}" for name in order)
    return f"{{{inside}}}::{type}"


def _inner(value: Any) -> str:
    return f"'{value!r}'::double" if isinstance(value, float) else f"{value.numerator}"


def text(value: Any) -> str:
    """A number as text, with every digit."""
    if isinstance(value, float):
        return repr(value)
    scale = next(n for n in range(40) if value * 10**n % 1 == 0)
    unit = int(value * 10**scale)
    return f"{Decimal(f'{unit}E-{scale}'):f}"


def moment(value: Any, type: str) -> str:
    """A time as text; with a zone at an offset, by turns."""
    if isinstance(value, str):
        return value
    is_zoned = type == "TIMESTAMP WITH TIME ZONE"
    shift = timedelta(hours=2) if is_zoned and value % 2000 == 0 else timedelta()
    when = _START + timedelta(microseconds=value // 1000) + shift
    if type == "DATE":
        return f"{when:%Y-%m-%d}"
    zone = ("+02" if shift else "+00") if is_zoned else ""
    return (
        f"{when:%Y-%m-%d %H:%M:%S.%f}{value % 1000:03d}{zone}" if type == "TIMESTAMP_NS" else f"{when:%Y-%m-%d %H:%M:%S.%f}{zone}"
    )


def same(value: Any, own: str, other: str) -> Any:
    """What is equal for two values of two types if the values are."""
    if value is None:
        return None
    kind = kind_of(own)
    if kind != kind_of(other):
        return text(value) if kind == "number" else value
    if kind == "number":
        return _same_number(value, own, other)
    if kind in ("time", "word"):
        return value
    parts = [inner_of(type) for type in (own, other)]
    if kind == "list":
        return tuple(same(part, *parts) for part in value)
    return tuple((name, same(part, *parts) if name != "w" else part) for name, part in value)


def _same_number(value: Any, own: str, other: str) -> Any:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return str(value)
    if {own, other} <= set(FLOATS) or abs(value) >= FLOATS[own]:
        return Fraction(value)
    return Fraction(shortest(value, own))


def shortest(value: float, type: str) -> str:
    """The shortest decimal that reads back as the float."""
    if type == "DOUBLE":
        return repr(value)
    return next(said for n in range(1, 10) if struct.pack("f", float(said := f"{value:.{n}g}")) == struct.pack("f", value))
