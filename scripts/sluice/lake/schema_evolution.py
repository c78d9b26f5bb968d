"""Delta tables that gain columns: made where they are absent, extended where what is written to them has grown."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.schema import ArrayType, StructType

from sluice.core.duck import identifier, parse_type
from sluice.core.errors import SluiceError
from sluice.lake.opening import open_table

TRIES = 20
T = TypeVar("T")


def schema_of(columns: Mapping[str, str]) -> pa.Schema:
    """The Arrow schema of columns that are given with DuckDB's types. Raises SluiceError for an unknown type."""
    values = ", ".join(f"null::{parse_type(kind)} as {identifier(name)}" for name, kind in columns.items())
    with duckdb.connect() as connection:
        schema: pa.Schema = connection.execute(f"select {values}").to_arrow_table().schema
    return schema


def grow(path: Path, wanted: pa.Schema, wants: str) -> DeltaTable:
    """The Delta table at `path` with every wanted column, and every wanted field of a struct.

    Columns that only the table has stay. Raises SluiceError where the table holds a column in another type; `wants` says
    in that error who asks for the wanted type, such as "the contract promises". Raises it also for a damaged table.
    """
    return committed(lambda: _grown(path, Schema.from_arrow(wanted), wants))


def committed(change: Callable[[], T]) -> T:
    """What `change` returns; it is called again where another process changes the same table at the same moment."""
    for _ in range(TRIES - 1):
        try:
            return change()
        except CommitFailedError:
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311  (no secret)
    return change()


def _grown(path: Path, wanted: Schema, wants: str) -> DeltaTable:
    try:
        delta = open_table(path)
    except TableNotFoundError:
        return DeltaTable.create(str(path), schema=wanted, mode="ignore")
    present, asked = _parts(delta.schema()), _parts(wanted)
    for name, kind in asked.items():
        if present.get(name, kind) != kind:
            raise SluiceError(
                f"the lake holds column {'.'.join(name)} as {present[name]}, {wants} {kind}",
                where=str(path),
                hint="keep the type that was landed and cast it in staging",
            )
    missing = {name[0] for name in asked.keys() - present.keys()}
    if missing:
        delta.alter.add_columns([Field(field.name, field.type) for field in wanted.fields if field.name in missing])
    return delta


def _parts(kind: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Every column, element and field within a type, by its path, with the name of its own type."""
    if isinstance(kind, StructType | Schema):
        inner = {name: part for field in kind.fields for name, part in _parts(field.type, (*path, field.name)).items()}
        return {path: "struct", **inner}
    if isinstance(kind, ArrayType):
        return {path: "list", **_parts(kind.element_type, (*path, "[]"))}
    return {path: str(getattr(kind, "type", kind))}
