"""The columns of a PostgreSQL table: what the server is asked for, and how it becomes a contract's types without loss.

DuckDB reads a `numeric` without precision, or one that is not a number, as another number, and a time near the end of
PostgreSQL's range as one before Christ. So the server writes such values as text, which is cast like any other text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, literal, parse_type
from sluice.ingest.casts import Cast, cast_text, cast_typed
from sluice.ingest.documents import cast_document, marked
from sluice.ingest.rows import column_faults, raise_faults
from sluice.lake.contracts import Contract

# Types that reach DuckDB as they are, and the types they have there.
_NATIVE = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "float", "float8": "double",
    "bool": "boolean", "bytea": "blob",
}  # fmt: skip
_TEXTS = {"text", "varchar", "bpchar"}
WHOLE_NUMBERS = {"int2", "int4", "int8"}
TIMES = {"date", "timestamp", "timestamptz"}
_NUMBERS = {"numeric", "money", "oid"}
_INTEGERS = {"smallint", "integer", "bigint"}
# From this number on, no number of the type has a fraction.
_LAST_EXACT = {"double": 2**53, "float": 2**24}
# Asked first in a transaction: how the server writes values as text, whatever is usual for it, its database or its user.
SETTINGS = """
    select set_config('DateStyle', 'ISO, YMD', true) as a, set_config('IntervalStyle', 'postgres', true) as b,
        set_config('TimeZone', 'UTC', true) as c, set_config('extra_float_digits', '3', true) as d,
        set_config('bytea_output', 'hex', true) as e, set_config('client_encoding', 'UTF8', true) as f
"""


@dataclass(frozen=True)
class PgColumn:
    """A column: `kind` is its type as PostgreSQL writes it, `base` the name of the type beneath domains."""

    name: str
    kind: str
    base: str
    is_nested: bool

    def selected(self, target: DuckDBPyType | None) -> str:
        """SQL of the server for the value on its way to `target`; None is text, for a column that no contract knows."""
        name, as_text = identifier(self.name), target is None or target.id == "varchar"
        if self.base in _TEXTS or (self.base in _NATIVE and not as_text):
            return name
        if self.is_nested:
            return f"to_json({name})::text"
        if self.base == "timestamptz" and not as_text:
            return f"({name} at time zone 'UTC')::text"
        return f"{name}::numeric::text" if self.base == "money" else f"{name}::text"

    def cast(self, target: DuckDBPyType) -> Cast | None:
        """How to turn what was selected into `target`; None where the types have nothing in common."""
        name, kind = identifier(self.name), target.id
        if kind == "varchar":
            return Cast(name, "false")
        if self.base in _NATIVE:
            return cast_typed(name, parse_type(_NATIVE[self.base]), target)
        if self.base in TIMES and kind in ("timestamp", "date"):
            return _cast_time(name, target)
        if self.base in _NUMBERS and kind in ("double", "float"):
            cast = cast_text(name, target)
            # A float rounds what is behind the point, but not all of it.
            cut = f"abs({cast.value}) >= {_LAST_EXACT[kind]} and regexp_matches({name}, '\\.[0-9]*[1-9]')"
            return Cast(cast.value, f"({cast.misfit} or coalesce({cut}, false))")
        if self.base in _NUMBERS and kind in (*_INTEGERS, "decimal"):
            return cast_text(name, target)
        if kind in ("struct", "list") and (self.is_nested or self.base in ("json", "jsonb")):
            return cast_document(marked(name), target)
        return None


def _cast_time(name: str, target: DuckDBPyType) -> Cast:
    """Of 2025-01-01, perhaps with a time of day. Not all readers can hold infinity or a year after 9999; DuckDB reads no BC."""
    value, is_ordinary = f"try_cast({name} as {target})", f"{name}[5] = '-'"
    is_midnight = f" and (length({name}) = 10 or ends_with({name}, ' 00:00:00'))" if target.id == "date" else ""
    fits = f"case when {is_ordinary} then {value} is not null{is_midnight} else false end"
    return Cast(value, f"({name} is not null and not {fits})")


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[PgColumn, ...]:
    """The columns of a table or view of the server that is attached as pg; none where it does not exist."""
    found = ask(
        connection,
        f"""
        with recursive found as (
            select attnum, attname, format_type(atttypid, atttypmod) as kind, atttypid as oid
            from pg_attribute
            where attrelid = to_regclass({literal(relation)}) and attnum > 0 and not attisdropped
            union all
            select found.attnum, found.attname, found.kind, pg_type.typbasetype
            from found inner join pg_type on pg_type.oid = found.oid
            where pg_type.typtype = 'd'
        )
        select attname::text as name, kind, typname::text as base, typcategory = 'A' or typtype = 'c' as is_nested
        from found inner join pg_type on pg_type.oid = found.oid
        where typtype <> 'd'
        order by attnum
        """,
    )
    return tuple(PgColumn(*row) for row in found)


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query that the server runs."""
    return connection.execute(f"select * from {asked(query)}").fetchall()


def asked(query: str) -> str:
    """SQL of the relation that is the result of a query that the server runs."""
    return f"postgres_query('pg', {literal(query)})"


def casts(contract: Contract, found: Sequence[PgColumn]) -> list[tuple[str, Cast, str]]:
    """(column, cast, text of the value) for each promised column.

    Raises SluiceError that names every promised column that is missing or of another kind of type.
    """
    faults, fitting = column_faults(contract, [column.name for column in found]), []
    by_name = {column.name: column for column in found}
    for promised in contract.columns:
        column = by_name.get(promised.name)
        cast = column.cast(parse_type(promised.type, contract.name)) if column else None
        if column and not cast:
            faults.append(f"column {column.name} is {column.kind}, the contract promises {promised.type}")
        elif cast:
            fitting.append((promised.name, cast, f"{identifier(promised.name)}::varchar"))
    raise_faults(faults)
    return fitting
