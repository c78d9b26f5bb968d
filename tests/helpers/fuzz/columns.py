"""Parquet files, written by pyarrow: in each one column comes in a type of another program, with values at its edges."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.helpers.fuzz import shapes
from tests.helpers.fuzz.oracle import ListOf, Struct, unknown_fields
from tests.helpers.fuzz.reading import Day, Kind, Nanoseconds
from tests.helpers.fuzz.trial import File, Row


@dataclass(frozen=True)
class Source:
    """A type of a delivered column: values as pyarrow takes them, and what the oracle calls them."""

    kind: str
    type: pa.DataType
    values: SearchStrategy[Any]
    meaning: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _whole(bits: int, *, signed: bool = True) -> Source:
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    kind = getattr(pa, f"{'' if signed else 'u'}int{bits}")()
    edges = [value for value in (low, low + 1, -1, 0, 1, 200, 1 << 15, 1 << 31, (1 << 53) + 1, high) if low <= value <= high]
    return Source(f"{kind}", kind, st.one_of(st.sampled_from(edges), st.integers(low, high)), _same)


def _decimal(digits: int, scale: int) -> Source:
    kind = (pa.decimal128 if digits <= 38 else pa.decimal256)(digits, scale)
    top = 10**digits - 1
    numbers = st.one_of(st.integers(-999, 9999), st.integers(-top, top), st.integers(0, 9999).map(lambda n: n * 10**scale))
    return Source(f"{kind}", kind, numbers.filter(lambda n: abs(n) <= top).map(lambda n: Decimal(f"{n}e{-scale}")), _same)


def _time(unit: str, zone: str | None) -> Source:
    size = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}[unit]
    far = ((1 << 63) - 1) // 10**9 if unit in ("s", "ms") else ((1 << 63) - 1) * size // 10**9
    near = st.integers(-4_000_000_000, 8_000_000_000).map(lambda seconds: seconds * (10**9 // size))
    fine = st.integers(0, 4_000_000_000 * 10**9 // size)
    edge = st.sampled_from([0, -1, 1, 86_400 * 10**9 // size, min(far, 253_402_300_800) * (10**9 // size), -(1 << 62) // size])
    return Source(
        f"timestamp in {unit}{', zoned' if zone else ''}",
        pa.timestamp(unit, zone),
        near | fine | edge,
        lambda n: Nanoseconds(n * size),
    )


def _floats(bits: Literal[32, 64]) -> Source:
    kind = pa.float64() if bits == 64 else pa.float32()
    whole = st.integers(-99999, 99999).map(float)
    cents = st.integers(-9999, 9999).map(lambda n: n / 100 if bits == 64 else float(n) / 4)
    return Source(f"{kind}", kind, st.one_of(whole, cents, st.floats(width=bits)), _same)


_TEXTS = st.one_of(st.sampled_from(["", "1", "1.5", "2025-01-01", "true", "epoch", "é😀", "NaN", "a\0b"]), st.text(max_size=6))
NATURAL: dict[str, Source] = {
    "smallint": _whole(16),
    "integer": _whole(32),
    "bigint": _whole(64),
    "decimal(12,2)": _decimal(12, 2),
    "decimal(18,8)": _decimal(18, 8),
    "decimal(38,10)": _decimal(38, 10),
    "float": _floats(32),
    "double": _floats(64),
    "boolean": Source("bool", pa.bool_(), st.booleans(), _same),
    "varchar": Source("string", pa.string(), _TEXTS, _same),
    "date": Source(
        "date32",
        pa.date32(),
        st.one_of(st.integers(-99_999, 99_999), st.sampled_from([-(1 << 31) + 2, -719_529, 2_932_896, 2_932_897, (1 << 31) - 2])),
        Day,
    ),
    "timestamp": _time("us", None),
    "blob": Source("binary", pa.binary(), st.binary(max_size=6), _same),
}
OTHERS = (
    _whole(8),
    *(_whole(bits, signed=False) for bits in (8, 16, 32, 64)),
    *(_decimal(*size) for size in ((4, 4), (9, 0), (15, 3), (20, 5), (38, 0), (38, 20), (40, 2), (60, 30))),
    *(_time(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Europe/Berlin")),
    Source("date64", pa.date64(), st.integers(-99_999, 99_999).map(lambda day: day * 86_400_000), lambda n: Day(n // 86_400_000)),
    Source("dictionary", pa.dictionary(pa.int32(), pa.string()), _TEXTS, _same),
    Source("large_string", pa.large_string(), _TEXTS, _same),
    Source("fixed bytes", pa.binary(4), st.binary(min_size=4, max_size=4), _same),
    Source("null", pa.null(), st.none(), _same),
)


@dataclass(frozen=True)
class Plan:
    """One file: the column that is odd, the type it comes in, its values, and how the file is written."""

    column: str
    path: str
    source: Source
    values: tuple[Any, ...]
    surplus: bool
    options: tuple[tuple[str, Any], ...]


def leaves(kind: Kind, path: str = "") -> Iterator[tuple[str, Kind]]:
    """The single values inside a type, with their paths."""
    if isinstance(kind, ListOf):
        yield from leaves(kind.item, f"{path}[]")
    elif isinstance(kind, Struct):
        for name, child in kind.fields:
            yield from leaves(child, f"{path}.{name}")
    else:
        yield path, kind


PLACES = [(column, path, leaf) for column, kind in shapes.COLUMNS.items() for path, leaf in leaves(kind)]
_OPTIONS = st.sampled_from(
    [
        (),
        (),
        (("use_deprecated_int96_timestamps", True),),
        (("use_dictionary", False), ("write_statistics", False)),
        (("compression", "zstd"),),
    ]
)


@st.composite
def _plan(draw: Callable[[SearchStrategy[Any]], Any], place: tuple[str, str, Kind]) -> Plan:
    column, path, leaf = place
    near = [source for source in (*NATURAL.values(), *OTHERS) if family(leaf, source)]
    source = draw(st.sampled_from([NATURAL[leaf.sql], *near, *OTHERS]))
    values = draw(st.lists(st.none() | source.values, min_size=1, max_size=6))
    return Plan(column, path, source, tuple(values), "." in path and draw(st.booleans()), draw(_OPTIONS))


# For each place of the contract, perhaps a file in which it is odd.
DECKS: SearchStrategy[list[Plan]] = st.tuples(*(st.none() | _plan(place) for place in PLACES)).map(
    lambda plans: [plan for plan in plans if plan is not None]
)


def family(leaf: Kind, source: Source) -> bool:
    """Whether a column of this type may be expected to be read as the promised type."""
    checks = {
        "numbers": lambda kind: pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind),
        "times": lambda kind: pa.types.is_date(kind) or pa.types.is_timestamp(kind),
        "varchar": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind),
        "boolean": pa.types.is_boolean,
        "blob": lambda kind: pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind),
    }
    name = "times" if leaf.sql in ("date", "timestamp") else leaf.sql if leaf.sql in checks else "numbers"
    return bool(checks[name](source.type))


def rows_of(plan: Plan, number: int) -> list[tuple[Row, Any]]:
    """Each value as a row, with the value as pyarrow takes it."""
    kind = shapes.COLUMNS[plan.column]
    label = f"{plan.source.kind} for {dict(leaves(kind))[plan.path].sql}"
    rows = []
    for place, value in enumerate(plan.values):
        written = _wrapped(kind, plan.path, value, plan.surplus)
        meaning = _wrapped(kind, plan.path, None if value is None else plan.source.meaning(value), plan.surplus)
        surplus = frozenset(unknown_fields(kind, meaning))
        reading = kind.of_typed(meaning)
        if pa.types.is_decimal256(plan.source.type):
            reading = replace(reading, plain=False)
        row = Row(f"k{number}x{place}x", label, kind.sql, repr(written), {plan.column: reading}, surplus)
        rows.append((row, written))
    return rows


def _wrapped(kind: Kind, path: str, leaf: Any, surplus: bool) -> Any:
    """A value of a nested type with `leaf` at `path`, its other fields null, and perhaps a field more."""
    if isinstance(kind, ListOf):
        return [_wrapped(kind.item, path.removeprefix("[]"), leaf, surplus)]
    if isinstance(kind, Struct):
        name, rest = _first(path)
        inner = {key: _wrapped(child, rest, leaf, surplus) if key == name else None for key, child in kind.fields}
        return {**inner, **({"extra_q": 1} if surplus else {})}
    return leaf


def _first(path: str) -> tuple[str, str]:
    name = path[1:].split(".")[0].split("[")[0]
    return name, path[1 + len(name) :]


def _arrow(kind: Kind, path: str | None, plan: Plan) -> pa.DataType:
    """The type of the column: the odd one at `path`, the contract's own elsewhere."""
    if isinstance(kind, ListOf):
        return pa.list_(_arrow(kind.item, None if path is None else path.removeprefix("[]"), plan))
    if isinstance(kind, Struct):
        name, rest = _first(path) if path is not None else ("", "")
        parts = [(key, _arrow(child, rest if key == name else None, plan)) for key, child in kind.fields]
        return pa.struct([*parts, *([("extra_q", pa.int32())] if path is not None and plan.surplus else [])])
    return NATURAL[kind.sql].type if path is None else plan.source.type


def parquet_file(name: str, plan: Plan, rows: Sequence[tuple[Row, Any]]) -> File:
    kind, count = shapes.COLUMNS[plan.column], len(rows)
    arrays = {"id": pa.array([row.id for row, _ in rows], pa.string())}
    for column, other in shapes.COLUMNS.items():
        is_odd = column == plan.column
        values = [written for _, written in rows] if is_odd else [None] * count
        arrays[column] = pa.array(values, _arrow(other, plan.path if is_odd else None, plan))
    out = io.BytesIO()
    pq.write_table(pa.table(arrays), out, **dict(plan.options))
    leaf = dict(leaves(kind))[plan.path]
    refusable = not (family(leaf, plan.source) and all(row.plain for row, _ in rows))
    return File(name, out.getvalue(), tuple(row for row, _ in rows), refusable=refusable)
