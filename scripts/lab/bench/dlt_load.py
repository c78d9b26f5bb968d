"""Baseline of (g), in dlt's own environment: CSV files into a Delta table by way of Arrow, which is dlt's fastest.

Arguments: folder of the files, folder of the table, columns as JSON (name to DuckDB type).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.destinations import filesystem

files, target, columns = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])


@dlt.resource(name="rows", table_format="delta", write_disposition="append")
def rows() -> Iterator[Any]:
    """Typed Arrow batches of all files."""
    connection = duckdb.connect()
    connection.execute("set memory_limit = '2GB'")
    found = connection.sql(f"from read_csv('{files}/*.csv', columns = {columns}, header = true, auto_detect = false)")
    yield from found.to_arrow_reader(100_000)


pipeline = dlt.pipeline("bench", destination=filesystem(bucket_url=target.as_uri()), pipelines_dir=str(target / "state"))
print(pipeline.run(rows()))
