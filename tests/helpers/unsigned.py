"""DuckDB without the check of signatures: at each LOAD it hashes the extension's file, 0.2 processor seconds for delta.

The files are those of the packages, whose hashes the lock has. Whatever tests start from .venv still checks them, as
`make build` does in test_make_build_as_a_newcomer.
"""

from __future__ import annotations

from typing import Any

import duckdb

_connect = duckdb.connect


def connect(database: Any = ":memory:", read_only: bool = False, config: dict[str, Any] | None = None) -> Any:
    """Open a database as duckdb.connect does; its extensions are loaded as they are."""
    return _connect(database, read_only, {"allow_unsigned_extensions": True, **(config or {})})


def use() -> None:
    """Let everything in this process connect so."""
    duckdb.connect = connect
