"""Shared fixtures: a temporary lake with one feed, rows in and result out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.lake import LakeOfOneFeed, contract
from tests.helpers.project import REAL_DATA

from sluice.core.duck import connect, link_extensions
from sluice.ingest.readers import READERS
from sluice.ingest.readers.file_feed import FileFeed


@pytest.fixture(scope="session", autouse=True)
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """DuckDB's extensions in a folder of this test run, for connections and for the processes that tests start."""
    os.environ.pop("COLUMNS", None)  # xdist sets it, and tables would wrap; a test of widths sets its own
    root = tmp_path_factory.mktemp("extensions")
    link_extensions(root)
    before = os.environ.get("SLUICE_EXTENSIONS")
    os.environ["SLUICE_EXTENSIONS"] = str(root)
    yield root
    if before is None:
        del os.environ["SLUICE_EXTENSIONS"]
    else:
        os.environ["SLUICE_EXTENSIONS"] = before


@pytest.fixture
def lake_of(tmp_path: Path) -> Any:
    """A maker of lakes with one feed: columns with their types, the format, the feed's other keys."""

    def make(columns: Mapping[str, str], format: str = "csv", key: tuple[str, ...] = (), **feed: Any) -> LakeOfOneFeed:
        (tmp_path / "in").mkdir(exist_ok=True)
        kind = READERS[format]
        files = {"path": str(tmp_path / "in" / "**" / "*")} if issubclass(kind, FileFeed) else {}
        return LakeOfOneFeed(tmp_path, contract(columns, key), kind("test", "rows", **{**files, **feed}))

    return make


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets; skips, saying so, where it is not there."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data is not at {REAL_DATA} (SLUICE_SHARED_DATA)")
    return REAL_DATA


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory, in UTC."""
    with connect() as connection:
        yield connection
