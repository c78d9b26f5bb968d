"""Documents of a collection, read onwards from their cursor in batches, nothing lost and nothing doubled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from tests.helpers.documents import NOW, Documents

from sluice.core.errors import SluiceError
from sluice.ingest.readers.mongodb import feed as mongodb
from sluice.lake import raw

COLUMNS = {"_id": "bigint!", "name": "varchar", "seen": "timestamp"}
MIDNIGHT = 1_735_689_600_000_000  # of that day, in microseconds since 1970
# The newest version of each document that is not deleted, as docs/ingest.md tells staging to read it.
LIVING = """
    select _id, name from {raw}
    qualify row_number() over (partition by _id order by _loaded_at desc, _position desc) = 1 and not coalesce(_deleted, false)
    order by _id
"""
DAY = datetime(2025, 1, 1)  # noqa: DTZ001  (UTC, as pymongo gives it)


@pytest.fixture
def without_pymongo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.core.extras.find_spec", lambda _: None)


@pytest.fixture
def lake(lake_of: Any) -> Any:
    return lake_on(lake_of)


def lake_on(lake_of: Any, columns: dict[str, str] = COLUMNS, key: tuple[str, ...] = ("_id",), **feed: Any) -> Any:
    keys = {"connection": "mongodb://h/shop", "collection": "goods", "cursor": "seen", **feed}
    return lake_of(columns, format="mongodb", key=key, **keys)


def good(number: int, name: str = "a", seen: Any = None) -> dict[str, Any]:
    return {"_id": number, "name": name, "seen": seen or DAY + timedelta(minutes=number)}


def test_each_version_lands_once(lake: Any, collection: Documents) -> None:
    collection.documents = [good(1), good(2)]
    assert [lake.ingest().rows_landed for _ in range(2)] == [2, 0]
    collection.documents = [good(1, "b", DAY + timedelta(days=1)), good(2)]
    assert lake.ingest().rows_landed == 1
    assert lake.query("select _id, name, seen from {raw} order by seen") == [
        (1, "a", DAY + timedelta(minutes=1)),
        (2, "a", DAY + timedelta(minutes=2)),
        (1, "b", DAY + timedelta(days=1)),
    ]


def test_the_overlap_finds_what_was_written_late(lake: Any, collection: Documents) -> None:
    collection.documents = [good(200)]
    lake.ingest()
    collection.documents += [good(150), good(100), good(200) | {"_id": 201}]
    assert lake.ingest(lookback=0).rows_landed == 1
    assert lake.ingest().rows_landed == 1
    assert lake.ingest(lookback=7200).rows_landed == 1
    assert lake.ingest(lookback=7200).rows_landed == 0


def test_batches_are_small(lake: Any, collection: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongodb, "BATCH_BYTES", 100)
    collection.documents, collection.at_once = [good(number) for number in range(12)], 1
    report = lake.ingest()
    assert report.rows_landed == 12
    assert report.batches >= 3
    assert lake.ingest().rows_landed == 0
    assert lake.query("select count(*), count(distinct (_batch_id, _position)) from {raw}") == [(12, 12)]


@pytest.mark.parametrize("breaks_after", [1, 3])
def test_a_run_that_ends_anywhere_and_is_run_again_ends_as_if_run_once(
    lake: Any, collection: Documents, monkeypatch: pytest.MonkeyPatch, breaks_after: int
) -> None:
    monkeypatch.setattr(mongodb, "BATCH_BYTES", 100)
    collection.documents = [good(number) for number in range(12)]
    collection.breaks_after = breaks_after
    with pytest.raises(KeyboardInterrupt):
        lake.ingest()
    collection.breaks_after = None
    table = raw.RawTable(lake.contract, lake.root / "lake").open()
    last = MIDNIGHT + (3 * breaks_after - 1) * 60_000_000
    assert (raw.reached(table, "seen"), raw.furthest(table, "seen")) == (last, last)
    assert lake.ingest().rows_landed == 12 - 3 * breaks_after
    assert lake.query("select count(*), count(distinct _id) from {raw}") == [(12, 12)]


def test_what_landed_before_an_error_is_told_beside_it(lake: Any, collection: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongodb, "BATCH_BYTES", 100)
    collection.documents = [good(number) for number in range(6)]
    collection.breaks_after, collection.error = 1, SluiceError("the server does not answer")
    report = lake.ingest()
    assert report.rows_landed == 3
    assert report.refused == (("mongodb:goods", "the server does not answer"),)


def test_documents_without_a_cursor_are_read_in_every_run_and_land_once(lake: Any, collection: Documents) -> None:
    collection.documents = [good(1), {"_id": 2, "name": "none"}, {"_id": 3, "name": "null", "seen": None}]
    collection.documents += [good(4, seen="2025-01-01T00:00:00Z")]
    assert [lake.ingest().rows_landed for _ in range(2)] == [4, 0]
    collection.documents[1]["name"] = "other"
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    collection.documents[1]["name"] = "none"
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    assert lake.query("select name from {raw} where _id = 2 order by _loaded_at") == [("none",), ("other",), ("none",)]


def test_many_documents_without_a_required_cursor_do_not_stop_the_others(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {**COLUMNS, "seen": "timestamp!"})
    collection.documents = [{"_id": number} for number in range(20)] + [good(20)]
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined) == (1, 20)


def test_a_date_in_the_future_does_not_move_the_cursor_and_lands_once(
    lake: Any, collection: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongodb, "BATCH_BYTES", 1)
    collection.at_once = 1
    collection.documents = [good(1, seen=NOW + timedelta(days=3)), good(2)]
    report = lake.ingest()
    assert report.rows_landed == 2
    assert "1 document of mongodb:goods with seen in the future, up to 2025-06-04" in report.warnings[0]
    collection.documents += [good(3)]
    assert lake.ingest().rows_landed == 1
    assert lake.ingest().rows_landed == 0


@pytest.mark.parametrize("cursor", ["number", "_id"])
def test_a_cursor_that_is_a_number_or_an_object_id(lake_of: Any, collection: Documents, cursor: str) -> None:
    lake = lake_on(lake_of, {"_id": "varchar!", "number": "bigint"}, ("_id",), cursor=cursor)

    def document(number: int) -> dict[str, Any]:
        return {"_id": ObjectId(f"{number:08x}{'0' * 15}1"), "number": number}

    collection.documents = [document(5000), document(6000)]
    assert [lake.ingest().rows_landed for _ in range(2)] == [2, 0]
    collection.documents += [document(5500), document(1000), document(7000)]
    assert lake.ingest(lookback=1000).rows_landed == 2
    assert lake.query("select number from {raw} order by number") == [(5000,), (5500,), (6000,), (7000,)]
    assert lake.ingest(lookback=6000).rows_landed == 1


def test_a_cursor_of_another_type_than_promised_is_told(lake: Any, collection: Documents) -> None:
    collection.documents = [good(1, seen="2025-01-01")]
    ((_, why),) = lake.ingest().refused
    assert "in no document of mongodb:goods is the cursor seen a date, as the contract promises; one has str" in why
    collection.documents = [{"_id": 1}]
    assert "one has nothing" in lake.ingest().refused[0][1]


def test_a_decimal_is_not_a_cursor(lake_of: Any, collection: Documents) -> None:
    lake = lake_on(lake_of, {**COLUMNS, "size": "decimal(9,2)"}, cursor="size")
    collection.documents = [good(1) | {"size": Decimal128("1.5")}]
    assert "one has Decimal128" in lake.ingest().refused[0][1]


@pytest.mark.usefixtures("without_pymongo")
def test_what_to_install_is_said(lake: Any) -> None:
    ((_, why),) = lake.ingest().refused
    assert why == "MongoDB needs the package pymongo, which is not installed (the extra 'sluice-dataops[documents]')"


@pytest.mark.usefixtures("collection")
def test_an_empty_collection_is_read(lake: Any) -> None:
    report = lake.ingest()
    assert (report.rows_read, report.refused) == (0, ())


def test_a_collection_that_the_server_has_to_sort_is_a_warning(lake: Any, collection: Documents) -> None:
    collection.documents, collection.slow = [good(1)], True
    assert lake.ingest().warnings[0].endswith("create one: db.goods.createIndex({seen: 1})")


@pytest.mark.parametrize(("cursor", "says"), [("size", "is not in the contract"), ("flag", "is promised as boolean")])
def test_a_cursor_that_cannot_be_one_is_told(lake_of: Any, cursor: str, says: str) -> None:
    lake = lake_on(lake_of, {**COLUMNS, "flag": "boolean"}, cursor=cursor)
    assert says in lake.ingest().refused[0][1]


@pytest.fixture
def with_deletes(lake_of: Any) -> Any:
    return lake_on(lake_of, {**COLUMNS, "_deleted": "boolean"}, deletes=True)


def test_a_document_that_is_gone_lands_marked_once_with_its_last_values(with_deletes: Any, collection: Documents) -> None:
    lake, collection.documents = with_deletes, [good(number) | {"extra": number} for number in range(4)]
    report = lake.ingest()
    assert (report.rows_landed, report.rows_deleted) == (4, 0)
    del collection.documents[2]
    report = lake.ingest()
    assert (report.rows_landed, report.rows_deleted, report.batches) == (1, 1, 1)
    assert lake.query("select _id, name, extra, _deleted from {raw} where _deleted") == [(2, "a", "2", True)]
    assert lake.ingest().rows_read == 0
    collection.documents.append(good(2) | {"extra": 2})
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    assert lake.query(LIVING) == [(number, "a") for number in range(4)]


def test_a_change_and_a_deletion_in_one_run(with_deletes: Any, collection: Documents) -> None:
    lake, collection.documents = with_deletes, [good(number) for number in range(4)]
    lake.ingest()
    collection.documents = [good(1), good(2, "b", DAY + timedelta(days=1)), good(3)]
    report = lake.ingest()
    assert (report.rows_landed, report.rows_deleted) == (2, 1)
    assert lake.query(LIVING) == [(1, "a"), (2, "b"), (3, "a")]


def test_a_refused_document_is_in_quarantine_once_and_not_gone(with_deletes: Any, collection: Documents) -> None:
    lake, collection.documents = with_deletes, [good(0), good(1), good(2) | {"name": None, "_deleted": True}]
    reports = [lake.ingest() for _ in range(2)]
    assert [(report.rows_quarantined, report.rows_deleted) for report in reports] == [(1, 0), (0, 0)]


def test_a_collection_that_was_hardly_seen_deletes_nothing(with_deletes: Any, collection: Documents) -> None:
    lake, collection.documents = with_deletes, [good(number) for number in range(30)]
    lake.ingest()
    collection.documents = collection.documents[:14]
    report = lake.ingest()
    assert report.rows_deleted == 0
    assert "16 of the 30 rows of test.rows in the lake are no longer" in report.refused[0][1]
    assert lake.ingest(deletes_limit=1).rows_deleted == 16


@pytest.mark.parametrize(("columns", "key"), [(COLUMNS, ("_id",)), ({**COLUMNS, "_deleted": "boolean"}, ())])
def test_deletes_need_a_key_and_a_column(lake_of: Any, columns: dict[str, str], key: tuple[str, ...]) -> None:
    ((_, why),) = lake_on(lake_of, columns, key, deletes=True).ingest().refused
    assert why.startswith("`deletes` needs a key and a boolean column _deleted in the contract test.rows")
