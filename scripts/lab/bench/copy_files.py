"""Baseline of (a): DuckDB copies each feed's files to one Parquet file. Arguments: feeds file, target folder."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import yaml

from sluice.lake.contracts import load_contracts

feeds = yaml.safe_load(Path(sys.argv[1]).read_text())["feeds"]
target = Path(sys.argv[2])
target.mkdir(parents=True)
contracts = load_contracts(Path())
connection = duckdb.connect()
connection.execute("set memory_limit = '2GB'")
for feed in feeds:
    columns = {column.name: column.type for column in contracts[f"{feed['source']}.{feed['table']}"].columns}
    if feed["format"] == "csv":
        source = f"read_csv('{feed['path']}', columns = {columns}, header = true, auto_detect = false, delim = ',', quote = '\"')"
    else:
        source = f"read_parquet('{feed['path']}')"
    connection.execute(f"copy (from {source}) to '{target / feed['table']}.parquet' (format parquet)")
