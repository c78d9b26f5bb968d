"""SQL for the readers of a release: names without a database, and only of tables that they have."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from sluice.core.manifest import folded


def for_readers(sql: str, known: Collection[str]) -> str | None:
    """A query that names relations as `schema.table`; None where it reads what readers do not have, or is not a query.

    `known` are the relations of the release, folded.
    """
    try:
        query = parse_one(sql, read="duckdb")
    except SqlglotError:
        return None
    if not isinstance(query, exp.Query):
        return None
    own = {folded(one.alias) for one in query.find_all(exp.CTE)}
    if not all(_is_read(table, own, known) for table in query.find_all(exp.Table)):
        return None
    for named in query.find_all(exp.Table, exp.Column):
        named.set("catalog", None)
    return query.sql(dialect="duckdb", comments=False)


def _is_read(table: exp.Table, own: Collection[str], known: Collection[str]) -> bool:
    """Whether readers have a table: `own` are names that the query itself gives."""
    if not isinstance(table.this, exp.Identifier):
        # unnest and range read nothing; read_csv and delta_scan read what is elsewhere.
        return isinstance(table.this, exp.Unnest | exp.GenerateSeries)
    return folded(f"{table.db}.{table.name}") in known if table.db else folded(table.name) in own
