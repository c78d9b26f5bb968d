"""Shared fixtures: a temporary lake with one feed, rows in and result out."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from project import REAL_DATA

from sluice.core.duck import connect, link_extensions
from sluice.ingest.feeds import Feed
from sluice.ingest.landing import FeedReport
from sluice.ingest.run import prepare, run
from sluice.lake.contracts import Column, Contract


@pytest.fixture(scope="session", autouse=True)
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """DuckDB's extensions in a folder of this test run, for connections and for the processes that tests start."""
    root = tmp_path_factory.mktemp("extensions")
    link_extensions(root)
    before = os.environ.get("SLUICE_EXTENSIONS")
    os.environ["SLUICE_EXTENSIONS"] = str(root)
    yield root
    if before is None:
        del os.environ["SLUICE_EXTENSIONS"]
    else:
        os.environ["SLUICE_EXTENSIONS"] = before


def contract(columns: Mapping[str, str], key: tuple[str, ...] = ()) -> Contract:
    """The contract of `test.rows`; a type that ends in ! makes the column required."""
    return Contract(
        "test",
        "rows",
        tuple(Column(name, kind.rstrip("!"), kind.endswith("!")) for name, kind in columns.items()),
        key,
    )


@dataclass
class LakeOfOneFeed:
    """A lake, a contract and a feed that belong together."""

    root: Path
    contract: Contract
    feed: Feed

    def deliver(self, name: str, text: str | bytes) -> Path:
        """Put a file into the feed's folder; .gz is compressed on the way."""
        path = self.root / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def ingest(self, **changes: Any) -> FeedReport:
        """Run ingest once, with changes to the feed, and give its report."""
        contracts = {self.contract.name: self.contract}
        prepare(self.root / "lake", contracts)
        (report,) = run([replace(self.feed, **changes)], contracts, self.root / "lake", run_id="test")
        return report

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL in which {raw}, {quarantine}, {batches} and {refusals} stand for the lake's tables."""
        lake = self.root / "lake"
        tables = {
            "raw": "raw/test/rows",
            "quarantine": "quarantine/test/rows",
            "batches": "ops/batches",
            "refusals": "ops/refusals",
        }
        names = {name: f"delta_scan('{lake / path}')" for name, path in tables.items()}
        with connect(extensions=["delta"]) as connection:
            return connection.execute(sql.format(**names)).fetchall()


@pytest.fixture
def lake_of(tmp_path: Path) -> Any:
    """A maker of lakes with one feed: columns with their types, the format, the feed's other keys."""

    def make(columns: Mapping[str, str], format: str = "csv", key: tuple[str, ...] = (), **feed: Any) -> LakeOfOneFeed:
        (tmp_path / "in").mkdir(exist_ok=True)
        feed.setdefault("path", "" if format == "postgres" else str(tmp_path / "in" / "**" / "*"))
        return LakeOfOneFeed(tmp_path, contract(columns, key), Feed("test", "rows", format, **feed))

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
