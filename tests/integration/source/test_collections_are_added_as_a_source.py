"""`sluice source add` with a connection to MongoDB: types from the documents, `_id` as the key, and a feed that lands them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bson import Int64, ObjectId
from pymongo import MongoClient
from tests.helpers.document_server import running
from tests.helpers.new_source import sluice, small_project

from sluice.ingest.feeds import load_feeds
from sluice.lake.contracts import load_contracts
from sluice.source import trial

DAY = datetime(2025, 1, 31, 10)  # noqa: DTZ001  (UTC, as pymongo gives it)
ORDERS = [
    {
        "_id": ObjectId(), "state": "placed", "total": 12.5, "count": Int64(2**40), "paid": True, "updated_at": DAY,
        "customer": {"name": "Ann", "since": DAY}, "lines": [{"sku": "a", "n": 1, "price": 2.5}], "photo": b"\x00\x01",
    },
    {
        "_id": ObjectId(), "state": "sent", "total": 3, "updated_at": DAY, "customer": {"name": None, "tags": ["x"]},
        "lines": [{"sku": "b", "n": Int64(2), "price": 2}], "odd": [1, "a"], "note": None,
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("documents")) as uri:
        with MongoClient[dict[str, Any]](uri) as client:
            client.shop.orders.insert_many([dict(one) for one in ORDERS])
            client.shop.events.insert_many([{"_id": ObjectId(), "name": "visit"}])
            client.shop.notes.insert_one({"_id": "a"})
        yield uri


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = small_project(tmp_path)
    monkeypatch.chdir(folder)
    return folder


def test_the_collections_of_a_database(project: Path, uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert sluice("source", "add", "acme", uri, "--schema", "shop", "--yes").code == 0
    files = [path.read_text() for folder in ("feeds", "models") for path in (project / folder).rglob("*.yml")]
    assert not any(uri in text for text in files)
    monkeypatch.setenv("ACME_CONNECTION", uri)
    feeds = load_feeds([Path("feeds/acme.yml")])  # notes has no cursor: it is a comment that asks for one
    assert [(feed.origin, getattr(feed, "cursor", "")) for feed in feeds] == [
        ("mongodb:shop.events", "_id"),
        ("mongodb:shop.orders", "updated_at"),
    ]
    contracts = load_contracts(project)
    orders = contracts["acme.orders"]
    assert orders.key == ("_id",)
    assert {column.name: column.type for column in orders.columns} == {
        "_id": "varchar",
        "state": "varchar",
        "total": "decimal(18,2)",
        "count": "bigint",
        "paid": "boolean",
        "updated_at": "timestamp",
        "customer": 'struct("name" varchar, since timestamp, tags varchar[])',
        "lines": "struct(sku varchar, n bigint, price double)[]",
        "photo": "blob",
        "odd": "varchar[]",
        "note": "varchar",
    }
    assert [column.name for column in orders.columns if column.required] == ["_id", "state"]
    landed = trial.land(feeds, contracts, tmp_path / "trial", lambda *_: None)
    assert {one.report.feed: (one.report.rows_landed, one.report.refused, one.report.new_columns) for one in landed} == {
        "acme.events": (1, (), ()),
        "acme.orders": (2, (), ()),
    }


@pytest.mark.usefixtures("project")
def test_a_collection_that_does_not_exist_and_a_database_that_is_not_named(uri: str) -> None:
    done = sluice("source", "add", "acme", uri, "--schema", "shop", "--table", "order", "--yes")
    assert done.error
    assert (done.code, done.error.what, done.error.hint) == (
        2,
        "no such collection: order",
        "there are: events, notes, orders",
    )
    done = sluice("source", "add", "acme", uri, "--yes")
    assert done.error
    assert done.error.what == "no database is named; name it by --schema, or in the connection string"
