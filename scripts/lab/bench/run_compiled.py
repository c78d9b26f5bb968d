"""Baseline of (b): the SQL that dbt compiled, run statement by statement in one connection.

Arguments: dbt's target folder, the warehouse that dbt built (for its seeds), the file to build.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sluice.core.dbt import artifact
from sluice.core.duck import connect

target, built, fresh = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
results = artifact(target, "run_results.json")["results"]
nodes = artifact(target, "manifest.json")["nodes"]
with connect(built, read_only=True) as seeds:
    tables = seeds.execute(
        "select schema_name, table_name from duckdb_tables() where schema_name in ('reference', 'state')"
    ).fetchall()
connection = connect(":memory:", extensions=["delta"], memory_limit="4GB")
connection.execute(
    f"attach '{built}' as built (read_only); attach '{fresh}' as dev; use dev; set preserve_insertion_order = false"
)
for schema, table in tables:
    connection.execute(f"create schema if not exists {schema}; create table {schema}.{table} as from built.{schema}.{table}")
connection.execute("detach built; set threads = 2")
for result in results:
    node = nodes.get(result["unique_id"])
    if node is None or not result.get("compiled_code"):
        continue
    if node["resource_type"] == "model":
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        connection.execute(f"create schema if not exists {node['schema']}")
        connection.execute(f"create or replace {kind} {node['schema']}.{node['alias']} as {result['compiled_code']}")
    elif node["resource_type"] == "test":
        connection.execute(f"select count(*) from ({result['compiled_code']})").fetchall()
