"""Columns that come with types, as Parquet files and databases give them: their fit with a contract, and their rows."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from sluice.core.duck import identifier, parse_type
from sluice.core.errors import SluiceError
from sluice.ingest.casts import Cast, cast_typed
from sluice.ingest.rows import as_json, check_columns, refusal, refused_rows
from sluice.lake.contracts import Contract

Columns = tuple[tuple[str, str], ...]


def describe(connection: duckdb.DuckDBPyConnection, relation: str) -> Columns:
    """Names and DuckDB types of a relation's columns."""
    found = connection.execute(f"describe select * from {relation}").fetchall()
    return tuple((str(name), str(kind)) for name, kind, *_ in found)


def casts(contract: Contract, found: Columns) -> list[tuple[str, Cast, str]]:
    """(column, cast, text of the value) for each promised column.

    Raises SluiceError for a promised column that is missing or of another kind of type.
    """
    check_columns(contract, [name for name, _ in found])
    types, fitting = dict(found), []
    for column in contract.columns:
        name, kind = identifier(column.name), types[column.name]
        cast = cast_typed(name, parse_type(kind), parse_type(column.type, contract.name))
        if cast is None:
            raise SluiceError(f"column {column.name} is {kind}, the contract promises {column.type}")
        fitting.append((column.name, cast, f"{name}::varchar"))
    return fitting


def good_sql(contract: Contract, found: Columns, fresh: Sequence[str], source: str, *, proven: bool = False) -> str:
    """SQL of the rows of `source` (with __file and __position) that keep the contract; all of them where that is proven.

    `fresh` are new columns, which are landed as text, and null where `source` does not have them.
    """
    known, present = casts(contract, found), dict(found)
    values = [f"{cast.value} as {identifier(name)}" for name, cast, _ in known]
    values += [f"{identifier(name) if name in present else 'null'}::varchar as {identifier(name)}" for name in fresh]
    where = "" if proven else f" where ({refusal(contract, known)}) is null"
    return f"select {', '.join(values)}, __file, __position from {source}{where}"


def refused_sql(contract: Contract, found: Columns, source: str) -> str:
    """SQL of the rows of `source` (with __file and __position) that break the contract, shown as JSON."""
    reason, text = refusal(contract, casts(contract, found)), as_json([name for name, _ in found])
    return refused_rows(f"(select *, {reason} as __refusal, {text} as __text from {source})", "__text")
