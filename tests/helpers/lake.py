"""A lake with one feed: rows in and result out."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sluice.core.duck import connect
from sluice.ingest.landing import FeedReport
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.run import run
from sluice.lake.contracts import Column, Contract


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
