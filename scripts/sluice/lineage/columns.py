"""Column lineage of one query, from its SQL: what each column is made of, and what decides about its rows.

One walk through the query follows all its columns. A value flows directly; what is in joins, filters, groups, windows, orders
and conditions has an influence, on the columns that depend on it or on which rows there are. Where the SQL leaves it open, this
says too much, never too little. What cannot be followed raises NotTracedError, and the caller falls back to whole models.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from sluice.lineage.influence import EVERY, ROWS, Leaf, Traced
from sluice.lineage.queries import Queries
from sluice.lineage.relation import Key, NotTracedError, Relation
from sluice.lineage.tables import Tables

__all__ = ["EVERY", "ROWS", "Leaf", "NotTracedError", "Query", "Tables", "Traced", "trace"]


@dataclass(frozen=True)
class Query:
    """A model's lineage: its columns in order, its rows, and sets of columns in which no two rows are equal."""

    columns: Mapping[str, Traced]
    rows: Traced
    keys: tuple[Key, ...] = ()


def trace(sql: str, tables: Tables, *, texts: bool = False) -> Query:
    """The lineage of a query; with `texts`, also the texts of its expressions, to compare two versions."""
    parsed = _parsed(tables.put_in(sql))
    try:
        found = Queries(tables, texts=texts).relation(parsed, None)
    except RecursionError as error:
        raise NotTracedError("it is nested too deeply") from error
    if not found.columns or _is_unknown(found):
        raise NotTracedError("its columns have no names, or select * reads something whose columns are not known")
    return Query(found.columns, found.rows, tuple(found.keys))


def _is_unknown(found: Relation) -> bool:
    """Whether a star passes on columns of which not one is known."""
    return any(not inner.columns or _is_unknown(inner) for inner, _ in found.passes_on)


def _parsed(sql: str) -> exp.Query:
    """The parsed query. Every error of sqlglot becomes a NotTracedError."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        parsed = parse_one(sql, read="duckdb")
    except (SqlglotError, RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise NotTracedError(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    if not isinstance(parsed, exp.Query):
        raise NotTracedError("it is not a query")
    return parsed
