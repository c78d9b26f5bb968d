"""Nanoseconds in Parquet files of which DuckDB reads microseconds only: INT96, and times with nanoseconds in UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_ROWS = 65_536
# Beyond these microseconds since 1970 a time has no nanoseconds in 64 bits.
_FAR = 2**63 // 1000 - 1


@dataclass(frozen=True)
class Found:
    """Whether a file holds times with nanoseconds, and times that are too far from 1970 to have any."""

    nanoseconds: bool
    far: bool


def found(path: Path, columns: Sequence[str]) -> Found:
    """What the times of these columns are, at any depth."""
    nanoseconds = far = False
    coarse = pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
    fine = pq.ParquetFile(path)
    pairs = zip(*(file.iter_batches(_ROWS, columns=list(columns)) for file in (coarse, fine)), strict=True)
    for one, other in pairs:
        for micros, nanos in zip(_times(one), _times(other), strict=True):
            whole = micros.cast(pa.int64())
            whole = whole if micros.type.unit == "us" else pc.divide(whole, 1000)
            far = far or bool(pc.any(pc.greater(pc.abs(whole), _FAR)).as_py())
            left = pc.subtract(nanos.cast(pa.int64()), pc.multiply(whole, 1000))
            nanoseconds = nanoseconds or bool(pc.any(pc.not_equal(left, 0)).as_py())
    return Found(nanoseconds, far)


def rewrite(path: Path, target: Path) -> None:
    """Write the file again with every time as nanoseconds in UTC without a zone, which DuckDB reads as they are."""
    file = pq.ParquetFile(path)
    schema = pa.schema([field.with_type(_without_zone(field.type)) for field in file.schema_arrow])
    with pq.ParquetWriter(target, schema, version="2.6") as writer:
        for batch in file.iter_batches(_ROWS):
            writer.write_batch(batch.cast(schema))


def _times(batch: pa.RecordBatch) -> Iterator[pa.Array]:
    """The arrays of times in a batch, those inside of structs and lists included."""
    for column in batch.columns:
        yield from _within(column)


def _within(array: pa.Array) -> Iterator[pa.Array]:
    if pa.types.is_timestamp(array.type):
        yield array
    elif pa.types.is_struct(array.type):
        for child in array.flatten():
            yield from _within(child)
    elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        yield from _within(array.flatten())


def _without_zone(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit) if kind.unit == "ns" else kind
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_zone(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_zone(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_without_zone(kind.value_type)))
    return kind
