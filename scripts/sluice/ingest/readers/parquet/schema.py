"""What a Parquet file's own schema says that DuckDB's types do not: digits and nanoseconds that DuckDB would drop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from sluice.core.duck import listing
from sluice.core.errors import SluiceError
from sluice.ingest.files import Delivery

# DuckDB's widest decimal; it reads a wider one as garbage.
_WIDEST = 38


@dataclass(frozen=True)
class Node:
    """A column, or a field inside one: `path` begins with the column."""

    path: tuple[str, ...]
    kind: str
    precision: int
    logical: str

    @property
    def drops_nanoseconds(self) -> bool:
        """Whether DuckDB reads it as microseconds though it may hold nanoseconds."""
        return self.kind == "INT96" or ("isAdjustedToUTC=1" in self.logical and "NanoSeconds()" in self.logical)


Schema = tuple[Node, ...]


def read(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> dict[str, Schema]:
    """The schema of each file by path; equal ones are equal."""
    rows = connection.execute(f"""
        select file_name, name, coalesce(type, ''), coalesce(num_children, 0), coalesce(precision, 0), coalesce(logical_type, '')
        from parquet_schema({listing(paths)})
    """).fetchall()
    nodes: dict[str, list[tuple[Any, ...]]] = {}
    for path, *node in rows:
        nodes.setdefault(path, []).append(tuple(node))
    return {path: tuple(_leaves(iter(listed))) for path, listed in nodes.items()}


def _leaves(nodes: Iterator[tuple[Any, ...]], above: tuple[str, ...] | None = None) -> Iterator[Node]:
    """The nodes below the next one, which are listed depth first."""
    name, kind, children, precision, logical = next(nodes)
    path = () if above is None else (*above, str(name))
    if not children and path:
        yield Node(path, str(kind), int(precision), str(logical))
    for _ in range(int(children)):
        yield from _leaves(nodes, path)


def faults(schema: Schema) -> list[str]:
    """Why a file of this schema cannot be read."""
    wide = [
        f"column {'.'.join(node.path)} is a decimal of {node.precision} digits, and no more than {_WIDEST} can be read"
        for node in schema
        if node.precision > _WIDEST
    ]
    names = list(dict.fromkeys(node.path[0] for node in schema))
    lowered = [name.lower() for name in names]
    doubled = [name for name in names if lowered.count(name.lower()) > 1]
    return wide + ([f"columns {', '.join(doubled)} differ in case only"] if doubled else [])


def null_columns(schema: Schema) -> set[str]:
    """Columns without a type, which their writer knew to hold nothing but nulls."""
    return {node.path[0] for node in schema if len(node.path) == 1 and node.logical.startswith("NullType")}


def with_exact_times(file: Delivery, schema: Schema, folder: Path) -> Delivery:
    """The file, or a copy in `folder` from which DuckDB reads the nanoseconds that it would drop of the file itself.

    Raises SluiceError for a file that holds nanoseconds beside times that are too far for them.
    """
    columns = sorted({node.path[0] for node in schema if node.drops_nanoseconds})
    if not columns:
        return file
    from sluice.ingest.readers import nanoseconds  # it needs pyarrow.parquet, which few files do

    kinds = nanoseconds.found(file.readable, columns)
    if not kinds.nanoseconds:
        return file
    if kinds.far:
        raise SluiceError(f"columns {', '.join(columns)} hold nanoseconds beside times before 1678 or after 2261")
    target = folder / f"{file.content.digest}.nanoseconds.parquet"
    nanoseconds.rewrite(file.readable, target)
    return replace(file, readable=target)
