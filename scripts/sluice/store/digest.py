"""The digest of a relation: equal for equal rows whatever their order, and of a warehouse: equal for equal relations.

It uses DuckDB's hash(), which may change between versions of DuckDB, and the way it is used here has changed, too: digests are
comparable within one version of each. The record of a release names both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.progress import Tell, silent
from sluice.core.row_hash import hashed
from sluice.store.record import Relation

# How digests are made now. Version 1 gave hash() every value as it is, and was blind to what core/row_hash.py lists.
VERSION: Literal[1, 2] = 2

_RELATIONS = """
    select schema_name, relation from (
        select schema_name, table_name as relation, internal, temporary, database_name from duckdb_tables()
        union all
        select schema_name, view_name, internal, temporary, database_name from duckdb_views()
    )
    where database_name = {database} and not internal and not temporary
    order by all
"""


def listed(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str]]:
    """(schema, name) of every table and view of an attached database."""
    return connection.execute(_RELATIONS.format(database=literal(database))).fetchall()


def of_all(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    only: Sequence[str] | None = None,
    tell: Tell = silent,
    version: int = VERSION,
) -> dict[str, Relation]:
    """Every relation of an attached database, or `only` some, as `schema.name`. Reads all rows."""
    found = [(schema, name) for schema, name in listed(connection, database) if only is None or f"{schema}.{name}" in only]
    digests = {}
    for number, (schema, name) in enumerate(found):
        tell(f"{schema}.{name}", number / len(found))
        place = f"{identifier(database)}.{identifier(schema)}.{identifier(name)}"
        digests[f"{schema}.{name}"] = of(connection, place, version)
    return digests


def of(connection: duckdb.DuckDBPyConnection, relation: str, version: int = VERSION) -> Relation:
    """A relation, named as in SQL: column names and types, number of rows, sum and xor of the rows' hashes."""
    described = connection.execute(f"describe select * from {relation}").fetchall()
    columns = tuple((str(name), str(kind)) for name, kind, *_ in described)
    named = ((identifier(name), kind) for name, kind in columns)
    values = ", ".join(name if version == 1 else hashed(name, kind) for name, kind in named)
    row = connection.execute(f"""
        select count(*), coalesce(sum(row_hash), 0)::hugeint, coalesce(bit_xor(row_hash), 0)
        from (select hash({values}) as row_hash from {relation})
    """).fetchone()
    assert row is not None
    rows, total, mixed = row
    return Relation(int(rows), columns, _sha256(json.dumps([columns, rows, str(total), str(mixed)])))


def combined(relations: Mapping[str, Relation]) -> str:
    """The digest of a warehouse: over its relations by name."""
    return _sha256(json.dumps({name: relation.digest for name, relation in relations.items()}, sort_keys=True))


def of_file(file: Path) -> str:
    """The sha256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
