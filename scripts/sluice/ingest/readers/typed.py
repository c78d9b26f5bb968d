"""Columns that come with types, as Parquet files and databases give them: their fit with a contract, and their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, parse_type
from sluice.ingest.casts import Cast, cast_typed, fields
from sluice.ingest.rows import as_json, column_faults, raise_faults, refusal, refused_rows
from sluice.lake.contracts import Contract

Columns = tuple[tuple[str, str], ...]
Casts = Sequence[tuple[str, Cast, str]]


def describe(connection: duckdb.DuckDBPyConnection, relation: str) -> Columns:
    """Names and DuckDB types of a relation's columns."""
    found = connection.execute(f"describe select * from {relation}").fetchall()
    return tuple((str(name), str(kind)) for name, kind, *_ in found)


def casts(contract: Contract, found: Columns) -> list[tuple[str, Cast, str]]:
    """(column, cast, text of the value) for each promised column.

    Raises SluiceError for a promised column that is missing or of another kind of type, or a struct with a foreign field.
    """
    raise_faults(column_faults(contract, [name for name, _ in found]) + type_faults(contract, found))
    types, fitting = dict(found), []
    for column in contract.columns:
        name = identifier(column.name)
        cast = cast_typed(name, parse_type(types[column.name]), parse_type(column.type, contract.name))
        assert cast is not None, column
        fitting.append((column.name, cast, f"{name}::varchar"))
    return fitting


def type_faults(contract: Contract, found: Columns) -> list[str]:
    """The columns whose types have nothing in common with what is promised."""
    types = dict(found)
    pairs = ((column, parse_type(types[column.name])) for column in contract.columns if column.name in types)
    return [
        f"column {path} {why}"
        for column, kind in pairs
        for path, why in _unlike(column.name, kind, parse_type(column.type, contract.name), column.type)
    ]


def is_time(contract: Contract, name: str) -> bool:
    """Whether the contract promises a day or a time by this name."""
    return name in contract.names and contract.types[name].id in ("date", "timestamp")


def _unlike(path: str, found: DuckDBPyType, target: DuckDBPyType, promised: str) -> Iterator[tuple[str, str]]:
    """Where a type has nothing in common with the promised one, at any depth, and why."""
    if found.id == target.id == "struct":
        wanted = dict(fields(target))
        for name, kind in fields(found):
            if name not in wanted:
                yield f"{path}.{name}", "is not in the contract"
            else:
                yield from _unlike(f"{path}.{name}", kind, wanted[name], str(wanted[name]))
    elif found.id == target.id == "list":
        ((_, inside),), ((_, kind),) = fields(found), fields(target)
        yield from _unlike(f"{path}[]", inside, kind, str(kind))
    elif cast_typed("x", found, target) is None:
        yield path, f"is {found}, the contract promises {promised}"


def good_sql(contract: Contract, found: Columns, fresh: Sequence[str], source: str, *, proven: bool = False) -> str:
    """SQL of the rows of `source` (with __file and __position) that keep the contract; all of them where that is proven.

    `fresh` are new columns, which are landed as text, and null where `source` does not have them.
    """
    return selected(contract, casts(contract, found), found, fresh, source, proven=proven)


def refused_sql(contract: Contract, found: Columns, source: str) -> str:
    """SQL of the rows of `source` (with __file and __position) that break the contract, shown as JSON."""
    return rejected(contract, casts(contract, found), [name for name, _ in found], source)


def selected(contract: Contract, known: Casts, found: Columns, fresh: Sequence[str], source: str, *, proven: bool = False) -> str:
    """As `good_sql`, with the casts of all promised columns."""
    present = dict(found)
    values = [f"{cast.value} as {identifier(name)}" for name, cast, _ in known]
    values += [f"{identifier(name) if name in present else 'null'}::varchar as {identifier(name)}" for name in fresh]
    where = "" if proven else f" where ({refusal(contract, known)}) is null"
    return f"select {', '.join(values)}, __file, __position from {source}{where}"


def rejected(contract: Contract, known: Casts, names: Sequence[str], source: str) -> str:
    """As `refused_sql`, with the casts of all promised columns; a row is shown by the columns `names`."""
    reason, text = refusal(contract, known), as_json(names)
    return refused_rows(f"(select *, {reason} as __refusal, {text} as __text from {source})", "__text")
