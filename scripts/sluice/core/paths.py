"""Where state lives on disk: the lake, the warehouse, DuckDB's extensions. Environment variables move each of them."""

from __future__ import annotations

import os
from pathlib import Path


def lake_root() -> Path:
    """Folder of the Delta tables: SLUICE_LAKE, by default `lake` in the current folder."""
    return Path(os.environ.get("SLUICE_LAKE", "lake"))


def warehouse_root() -> Path:
    """Folder of the DuckDB files: SLUICE_WAREHOUSE, by default `warehouse` in the current folder."""
    return Path(os.environ.get("SLUICE_WAREHOUSE", "warehouse"))


def extensions_root() -> Path:
    """DuckDB's extension directory: SLUICE_EXTENSIONS, by default `.duckdb/extensions` in the current folder."""
    return Path(os.environ.get("SLUICE_EXTENSIONS", ".duckdb/extensions"))
