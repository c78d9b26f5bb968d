"""`.venv/bin/duckdb`, which summaries name, is the release of DuckDB that the library is: it opens what a build wrote."""

from __future__ import annotations

import subprocess
from pathlib import Path

import duckdb
from tests.helpers.preloaded import BIN


def test_the_shell_reads_what_the_library_wrote(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("create schema core; create table core.orders as select 42 as order_id")
    command = [
        str(BIN / "duckdb"),
        "-readonly",
        "-csv",
        str(tmp_path / "a.duckdb"),
        "-c",
        "select version(), order_id from core.orders",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[1:] == [f"v{duckdb.__version__},42"], done.stderr
