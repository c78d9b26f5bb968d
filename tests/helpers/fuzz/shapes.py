"""The contract that deliveries are broken against: a column of every type, alone and nested, and a plain value for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.helpers.fuzz.numbers import Binary, Exact, Integer
from tests.helpers.fuzz.oracle import Blob, Boolean, Date, ListOf, Struct, Text, Timestamp
from tests.helpers.fuzz.reading import Kind, Number

SMALL, WHOLE, BIG = Integer("smallint", 16), Integer("integer", 32), Integer("bigint", 64)
MONEY, RATE, WIDE = Exact("decimal(12,2)", 12, 2), Exact("decimal(18,8)", 18, 8), Exact("decimal(38,10)", 38, 10)
SINGLE, DOUBLE = Binary("float", 32), Binary("double", 64)


def list_of(item: Kind) -> ListOf:
    return ListOf(f"{item.sql}[]", item)


def struct_of(**fields: Kind) -> Struct:
    return Struct(f"struct({', '.join(f'{name} {kind.sql}' for name, kind in fields.items())})", tuple(fields.items()))


LINE = struct_of(sku=Text(), qty=WHOLE, price=MONEY, sold_at=Timestamp())
COLUMNS: Mapping[str, Kind] = {
    "small": SMALL,
    "whole": WHOLE,
    "big": BIG,
    "money": MONEY,
    "rate": RATE,
    "wide": WIDE,
    "single": SINGLE,
    "double": DOUBLE,
    "flag": Boolean(),
    "note": Text(),
    "day": Date(),
    "moment": Timestamp(),
    "raw": Blob(),
    "wholes": list_of(WHOLE),
    "moneys": list_of(MONEY),
    "moments": list_of(Timestamp()),
    "line": LINE,
    "lines": list_of(LINE),
    "deep": struct_of(part=struct_of(days=list_of(Date()), ratio=DOUBLE), tags=list_of(Text())),
}
FLAT = {name: kind for name, kind in COLUMNS.items() if not isinstance(kind, ListOf | Struct)}
CONTRACT = {"id": "varchar!", **{name: kind.sql for name, kind in COLUMNS.items()}}

# A plain text for each type, for the cells beside the one that is tried.
PLAIN_TEXT = {
    "small": "7", "whole": "70000", "big": "5000000000", "money": "12.50", "rate": "0.00000001", "wide": "1234567890123.5",
    "single": "0.5", "double": "0.1", "flag": "true", "note": "plain", "day": "2025-03-01", "moment": "2025-03-01 10:11:12",
    "raw": "bytes",
}  # fmt: skip
PLAIN_JSON: Mapping[str, Any] = {
    **{name: Number(text) if name in list(PLAIN_TEXT)[:8] else text for name, text in PLAIN_TEXT.items()},
    "flag": True,
    "wholes": [Number("1"), Number("2")],
    "moneys": [Number("1.50")],
    "moments": ["2025-03-01T10:11:12Z"],
    "line": {"sku": "A", "qty": Number("2"), "price": Number("12.5"), "sold_at": None},
    "lines": [{"sku": "v1.5", "qty": Number("1"), "price": Number("3")}],
    "deep": {"part": {"days": ["2025-03-01"], "ratio": Number("0.25")}, "tags": ["a"]},
}


def placed(kind: Kind, leaf: Any) -> Iterator[tuple[str, Any]]:
    """`leaf` at each place of a type where a single value stands, with the path to it; everything around it is absent."""
    if isinstance(kind, ListOf):
        yield from ((f"[]{path}", [value]) for path, value in placed(kind.item, leaf))
    elif isinstance(kind, Struct):
        for name, child in kind.fields:
            yield from ((f".{name}{path}", {name: value}) for path, value in placed(child, leaf))
    else:
        yield "", leaf
