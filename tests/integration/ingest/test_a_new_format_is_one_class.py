"""A source of pages, as a REST API is one, needs a class and a line: ingest, its feeds file and its schema follow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field
from tests.helpers.lake import contract

from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.ingest.feeds import json_schema, load_feeds
from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers import READERS
from sluice.ingest.readers.json import read_lines
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.rows import tally
from sluice.ingest.run import run


@dataclass(frozen=True, kw_only=True)
class PageFeed(Feed):
    """Pages of JSON objects, each landed as a batch together with the number of objects read so far."""

    server: ClassVar[list[str]] = []
    fails_at: ClassVar[int | None] = None

    address: Annotated[str, Field(min_length=1)]
    page: int = 2

    @property
    def origin(self) -> str:
        return self.address

    def ingest(self, work: Work) -> FeedReport:
        report = FeedReport(self.name)
        for offset, lines in self._pages(work.table.open().transaction_version("offset") or 0):
            work.connection.execute("create or replace temp table lines (line varchar, __file bigint)")
            work.connection.execute("insert into lines select unnest($1), 0", [lines])
            rows = read_lines(work.connection, work.contract)
            batch = Batch(
                f"page-{offset}", (f"{self.address}?from={offset}",), (str(offset),), 0, {"offset": offset + len(lines)}
            )
            report += land(work, batch, rows, tally(work.connection, rows))
        return report

    def _pages(self, start: int) -> Iterator[tuple[int, list[str]]]:
        for offset in range(start, len(self.server), self.page):
            if offset == self.fails_at:
                raise SluiceError("the server answers 503", where=self.address)
            yield offset, self.server[offset : offset + self.page]


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feed:
    monkeypatch.setitem(READERS, "pages", PageFeed)
    monkeypatch.setattr(PageFeed, "server", [f'{{"id": {number}}}' for number in range(5)])
    path = tmp_path / "feeds.yml"
    path.write_text("feeds:\n  - {source: test, table: rows, format: pages, address: 'http://shop'}\n")
    return load_feeds([path])[0]


def ingest(root: Path, feed: Feed) -> FeedReport:
    (report,) = run([feed], {"test.rows": contract({"id": "bigint!"})}, root / "lake", run_id="x")
    return report


def ids(root: Path) -> list[Any]:
    with connect(extensions=["delta"]) as connection:
        return connection.execute(f"select id from delta_scan('{root}/lake/raw/test/rows') order by 1").fetchall()


def test_each_object_lands_once(tmp_path: Path, feed: Feed) -> None:
    first = ingest(tmp_path, feed)
    assert (first.rows_landed, first.batches, ids(tmp_path)) == (5, 3, [(0,), (1,), (2,), (3,), (4,)])
    assert ingest(tmp_path, feed).rows_read == 0
    PageFeed.server.append('{"id": 5}')
    PageFeed.server.append('{"id": "x"}')
    second = ingest(tmp_path, feed)
    assert (second.rows_landed, second.rows_quarantined, second.batches) == (1, 1, 1)


def test_pages_before_a_failure_stay_and_the_next_run_goes_on_from_there(
    tmp_path: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageFeed, "fails_at", 2)
    assert ingest(tmp_path, feed).refused == (("http://shop", "the server answers 503 (http://shop)"),)
    assert ids(tmp_path) == [(0,), (1,)]
    monkeypatch.setattr(PageFeed, "fails_at", None)
    assert ingest(tmp_path, feed).rows_landed == 3


@pytest.mark.usefixtures("feed")
def test_the_schema_for_editors_has_its_keys() -> None:
    kinds = json.loads(json_schema())["properties"]["feeds"]["items"]["oneOf"]
    (found,) = (kind for kind in kinds if kind["properties"]["format"]["const"] == "pages")
    assert set(found["properties"]) == {"source", "table", "format", "address", "page"}
