"""Values that fit, as programs write them: Python's csv and json, pandas and pyarrow. All of it has to land, and unchanged."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.helpers.fuzz import shapes
from tests.helpers.fuzz.columns import NATURAL
from tests.helpers.fuzz.oracle import ListOf, Struct
from tests.helpers.fuzz.reading import Kind, Reading
from tests.helpers.fuzz.trial import File, Row

_EPOCH_DAY, _EPOCH = date(1970, 1, 1), datetime(1970, 1, 1)  # noqa: DTZ001
_ASCII = st.text("abc XYZ09,;'\"-_", min_size=1, max_size=8)
_TEXT = st.text(st.sampled_from("abcäß€😀 ,;|\"'\\\t[]{}:0"), min_size=1, max_size=8)


def _cents(digits: int, scale: int) -> SearchStrategy[Decimal]:
    top = 10**digits - 1
    return st.one_of(st.integers(-9999, 9999), st.integers(-top, top)).map(lambda n: Decimal(n).scaleb(-scale))


_LEAVES: Mapping[str, SearchStrategy[Any]] = {
    "smallint": st.integers(-(1 << 15), (1 << 15) - 1),
    "integer": st.integers(-(1 << 31), (1 << 31) - 1),
    "bigint": st.integers(-(1 << 63), (1 << 63) - 1),
    "decimal(12,2)": _cents(12, 2),
    "decimal(18,8)": _cents(18, 8),
    "decimal(38,10)": _cents(27, 10),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False).map(np.float32),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "varchar": _TEXT,
    "date": st.dates(date(1700, 1, 1), date(9990, 1, 1)),
    "timestamp": st.datetimes(datetime(1700, 1, 1), datetime(9990, 1, 1)),  # noqa: DTZ001
    "blob": _ASCII.map(str.encode),
}


def values(kind: Kind) -> SearchStrategy[Any]:
    """Values of a type as Python has them."""
    if isinstance(kind, ListOf):
        return st.lists(st.none() | values(kind.item), max_size=2)
    if isinstance(kind, Struct):
        return st.fixed_dictionaries({name: st.none() | values(child) for name, child in kind.fields})
    return _LEAVES[kind.sql]


RECORDS: SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries({name: st.none() | values(kind) for name, kind in shapes.COLUMNS.items()}), min_size=1, max_size=4
)


def landed(value: Any) -> Any:
    """A value in the form in which the oracle compares."""
    if isinstance(value, datetime):
        since = value - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, date):
        return (value - _EPOCH_DAY).days
    if isinstance(value, dict):
        return {key: landed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [landed(item) for item in value]
    return float(value) if isinstance(value, np.float32) else value


@dataclass(frozen=True)
class Writer:
    """A program that writes files: `columns` are those that it can write."""

    name: str
    format: str
    columns: Sequence[str]
    write: Callable[[Sequence[Mapping[str, Any]]], bytes]

    def file(self, number: int, records: Sequence[Mapping[str, Any]]) -> File:
        """The records as a file; columns that the writer cannot write are null."""
        kept = [{name: record[name] if name in self.columns else None for name in shapes.COLUMNS} for record in records]
        named = {f"k{number}x{place}x": record for place, record in enumerate(kept)}
        rows = tuple(Row(name, self.name, "all", repr(record), _readings(record)) for name, record in named.items())
        data = self.write([{"id": name, **record} for name, record in named.items()])
        return File(f"{number}.{self.format}", data, rows)


def _readings(record: Mapping[str, Any]) -> dict[str, Reading]:
    return {name: Reading((landed(value),), plain=True) for name, value in record.items()}


def _with_csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(shapes.CONTRACT)
    writer.writerows([[_cell(record[name]) for name in shapes.CONTRACT] for record in records])
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _with_pandas_csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Small integers with gaps become floats, as they do for everyone; what pandas would round stays an object."""
    guessed = {"small", "whole", "moment", "flag"}
    columns = {
        name: pd.Series([_cell(record[name]) for record in records], dtype=None if name in guessed else object)
        for name in shapes.CONTRACT
    }
    return str(pd.DataFrame(columns).to_csv(index=False)).encode()


def _arrow(kind: Kind) -> pa.DataType:
    if isinstance(kind, ListOf):
        return pa.list_(_arrow(kind.item))
    if isinstance(kind, Struct):
        return pa.struct([(name, _arrow(child)) for name, child in kind.fields])
    return NATURAL[kind.sql].type


def _table(records: Sequence[Mapping[str, Any]], *, flat: bool) -> pa.Table:
    kinds = shapes.FLAT if flat else shapes.COLUMNS
    schema = pa.schema([("id", pa.string()), *((name, _arrow(kind)) for name, kind in kinds.items())])
    return pa.Table.from_pylist([{name: record[name] for name in schema.names} for record in records], schema)


def _with_arrow_csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    table = _table(records, flat=True)
    table = table.set_column(table.schema.get_field_index("raw"), "raw", table["raw"].cast(pa.string()))
    for name in shapes.COLUMNS:
        if name not in shapes.FLAT:
            table = table.append_column(name, pa.nulls(len(records), pa.string()))
    out = io.BytesIO()
    pacsv.write_csv(table, out)
    return out.getvalue()


def _with_json(records: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(
        json.dumps(record, default=_plain, ensure_ascii=bool(place % 2)) + "\n" for place, record in enumerate(records)
    ).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, np.float32):
        return float(str(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        short = len(value.as_tuple().digits) <= 15 and value == Decimal(repr(float(value)))
        return float(value) if short else str(value)
    return value.decode()


def _with_arrow_parquet(records: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(_table(records, flat=False), out)
    return out.getvalue()


def _with_pandas_parquet(records: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.BytesIO()
    _table(records, flat=True).to_pandas(types_mapper=pd.ArrowDtype).assign(
        **{
            name: pd.Series([None] * len(records), dtype=pd.ArrowDtype(_arrow(kind)))
            for name, kind in shapes.COLUMNS.items()
            if name not in shapes.FLAT
        }
    ).to_parquet(out, index=True)
    return out.getvalue()


FLAT, ALL = list(shapes.FLAT), list(shapes.COLUMNS)
WRITERS = (
    Writer("csv", "csv", FLAT, _with_csv),
    Writer("pandas to CSV", "csv", FLAT, _with_pandas_csv),
    Writer("pyarrow to CSV", "csv", FLAT, _with_arrow_csv),
    Writer("json", "json", ALL, _with_json),
    Writer("pyarrow to Parquet", "parquet", ALL, _with_arrow_parquet),
    Writer("pandas to Parquet", "parquet", FLAT, _with_pandas_parquet),
)
