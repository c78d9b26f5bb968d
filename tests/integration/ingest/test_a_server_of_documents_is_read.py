"""A collection of a real server that speaks MongoDB's protocol: read onwards, killed, run again; and what is said of trouble."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import Int64, ObjectId
from pymongo import MongoClient

from sluice.ingest.readers.mongodb import collection as mongodb_collection

COLUMNS = {"_id": "varchar!", "name": "varchar", "lines": "struct(sku varchar, n bigint)[]", "seen": "timestamp"}
DAY = datetime(2025, 1, 1)  # noqa: DTZ001  (UTC, as pymongo gives it)
# Ingests in a process of its own, in batches of one answer of the server, which it may be killed in.
CHILD = """
import sys
from pathlib import Path
from tests.helpers.lake import contract
from sluice.ingest.readers.mongodb import collection as mongodb_collection
from sluice.ingest.readers.mongodb import feed as mongodb
from sluice.ingest.run import run
mongodb.BATCH_BYTES, mongodb_collection._AT_ONCE = 1, 20
columns, key = {"_id": "varchar!", "name": "varchar", "seen": "timestamp"}, ("_id",)
feed = mongodb.MongodbFeed("test", "rows", connection=sys.argv[1], database="shop", collection="goods", cursor="seen")
for report in run([feed], {"test.rows": contract(columns, key)}, Path(sys.argv[2]), run_id="child"):
    print(report)
"""


@pytest.fixture
def goods(mongodb_uri: str) -> Any:
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.shop.drop_collection("goods")
        yield client.shop.goods


def lake_on(lake_of: Any, uri: str, columns: dict[str, str] = COLUMNS, **feed: Any) -> Any:
    keys = {"connection": uri, "database": "shop", "collection": "goods", "cursor": "seen", **feed}
    return lake_of(columns, format="mongodb", key=("_id",), **keys)


def document(number: int, **values: Any) -> dict[str, Any]:
    return {"_id": ObjectId(f"{number:024x}"), "name": f"row {number}", "seen": DAY + timedelta(minutes=number), **values}


def test_new_and_changed_documents_land(lake_of: Any, mongodb_uri: str, goods: Any) -> None:
    goods.insert_many([document(1, lines=[{"sku": "a", "n": Int64(2**60)}]), document(2, extra={"a": [1.5, None]}), document(3)])
    lake = lake_on(lake_of, mongodb_uri)
    report = lake.ingest()
    assert (report.rows_landed, report.new_columns) == (3, ("extra",))
    assert lake.query("select name, lines, extra, seen from {raw} where name <> 'row 3' order by _id") == [
        ("row 1", [{"sku": "a", "n": 2**60}], None, DAY + timedelta(minutes=1)),
        ("row 2", None, '{"a":[1.5,null]}', DAY + timedelta(minutes=2)),
    ]
    goods.update_one({"_id": document(2)["_id"]}, {"$set": {"name": "new", "seen": DAY + timedelta(hours=9)}})
    goods.insert_one({"_id": "no cursor"})
    assert [lake.ingest().rows_landed for _ in range(2)] == [2, 0]


def test_documents_that_are_gone_land_as_deleted(lake_of: Any, mongodb_uri: str, goods: Any) -> None:
    goods.insert_many([document(number) for number in range(5)])
    lake = lake_on(lake_of, mongodb_uri, {**COLUMNS, "_deleted": "boolean"}, deletes=True)
    lake.ingest()
    goods.delete_one({"name": "row 3"})
    assert [lake.ingest().rows_deleted for _ in range(2)] == [1, 0]
    assert lake.query("select name from {raw} where _deleted") == [("row 3",)]


def test_killed_and_run_again_ends_as_if_run_once(lake_of: Any, mongodb_uri: str, goods: Any, tmp_path: Path) -> None:
    goods.insert_many([document(number) for number in range(200)])
    lake, folder = lake_on(lake_of, mongodb_uri), tmp_path / "lake"
    command = [sys.executable, "-c", CHILD, mongodb_uri, str(folder)]
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'scripts'}:{root}"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as child:
        while child.poll() is None and len(list(folder.glob("raw/test/rows/*.parquet"))) < 2:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    assert lake.query("select count(*), count(distinct _id) from {raw}") == [(200, 200)]
    assert lake.query("select sum(rows_landed) from {batches}") == [(200,)]


def test_a_cursor_without_an_index_is_a_warning_in_a_large_collection(
    lake_of: Any, mongodb_uri: str, goods: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongodb_collection, "LARGE", 2)
    goods.insert_many([document(number) for number in range(3)])
    lake = lake_on(lake_of, mongodb_uri)
    assert lake.ingest().warnings[0].endswith("create one: db.goods.createIndex({seen: 1})")
    goods.create_index("seen")
    assert lake.ingest().warnings == ()


def test_a_collection_that_does_not_exist_is_told(lake_of: Any, mongodb_uri: str, goods: Any) -> None:
    goods.insert_one(document(1))
    ((where, why),) = lake_on(lake_of, mongodb_uri, collection="good").ingest().refused
    assert where == "mongodb:shop.good"
    assert why == "the collection does not exist in the database shop; it has goods (MongoDB collection shop.good)"
    ((_, why),) = lake_on(lake_of, mongodb_uri, database=None).ingest().refused
    assert why.startswith("no database is named; name it as `database`, or in `connection`")


def test_a_server_that_is_away_is_told_without_the_password(lake_of: Any) -> None:
    lake = lake_on(lake_of, "mongodb://me:S3CRET@127.0.0.1:1/?serverselectiontimeoutms=100")
    ((_, why),) = lake.ingest().refused
    assert why.startswith("the server does not answer: 127.0.0.1:1: [Errno 111] Connection refused; check that it is up")
    assert "S3CRET" not in why


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ("mongodb://me:p@S3CRET@h/", "more than one @"),
        ("mongodb://me:S3CRET@h/?tls=perhaps", "must be 'true' or 'false'"),
        ("mongodb://me:S3CRET@h/?tlsCAFile=/nowhere.pem&tls=true", "tlscafile"),
        ("mongodb://me:S3CRET@h/?tsl=true", "Unknown option"),
        ("mongodb://:S3CRET@h:1/", "cannot be read"),
    ],
)
def test_a_wrong_connection_string_is_told_without_the_password(lake_of: Any, connection: str, says: str) -> None:
    ((_, why),) = lake_on(lake_of, connection).ingest().refused
    assert says in why
    assert "S3CRET" not in why
