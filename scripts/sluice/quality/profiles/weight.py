"""How much room each table takes in a DuckDB file."""

from __future__ import annotations

import duckdb

from sluice.core.duck import identifier, literal

_SIZES = """
    with segments as ({segments}),
    sizes as (
        select
            relation,
            -- A segment ends where the next one of its block begins: small tables share blocks.
            lead(block_offset, 1, {block}) over (partition by block_id order by block_offset) - block_offset
            + {block} * len(additional_block_ids) as bytes
        from segments
    )
    select relation, sum(bytes)::bigint from sizes group by relation
"""


def of_tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """Bytes of the compressed columns of each table of an attached file, by `schema.table`; views are not in it."""
    here = f"where database_name = {literal(database)}"
    tables = connection.execute(f"select schema_name, table_name from duckdb_tables() {here}").fetchall()
    block = connection.execute(f"select block_size from pragma_database_size() {here}").fetchone()
    if not tables or block is None:
        return {}
    segments = " union all ".join(_segments(database, schema, table) for schema, table in tables)
    sizes = dict(connection.execute(_SIZES.format(segments=segments, block=block[0])).fetchall())
    return {f"{schema}.{table}": sizes.get(f"{schema}.{table}", 0) for schema, table in tables}


def _segments(database: str, schema: str, table: str) -> str:
    place = ".".join(map(identifier, (database, schema, table)))
    return (
        f"select {literal(f'{schema}.{table}')} as relation, block_id, block_offset, additional_block_ids "
        f"from pragma_storage_info({literal(place)}) where block_id >= 0"
    )
