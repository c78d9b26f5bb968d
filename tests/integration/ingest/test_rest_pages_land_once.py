"""Pages of a server on loopback that pages as public APIs do: whatever the way, each version of a record lands once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.lake import LakeOfOneFeed
from tests.helpers.rest_feeds import feed_of, lake_of_api, record
from tests.helpers.shop_api import Answer, Query, ShopApi, shop_api

from sluice.ingest import landing
from sluice.ingest.readers.rest import feed as rest


@pytest.fixture
def api() -> Iterator[ShopApi]:
    with shop_api(records=[record(number) for number in range(1, 26)]) as server:
        yield server


def versions(lake: LakeOfOneFeed) -> list[Any]:
    return lake.query("select id::varchar, price::varchar from {raw} order by _loaded_at, _position")


def as_text(api: ShopApi) -> None:
    """Ids as Stripe has them."""
    for one in api.records:
        one["id"] = f"ch_{one['id']}"


@pytest.mark.parametrize(
    ("kind", "asks"),
    [
        ("shopify", "updated_at_min=2024-12-31T23%3A25%3A00Z"),
        ("stripe", "created%5Bgte%5D=1735604700"),
        ("woocommerce", "modified_after=2024-12-31T23%3A25%3A00"),
        ("github", "since=2024-12-31T23%3A25%3A00Z"),
        ("goods", "skip=0&limit=10"),
    ],
)
def test_each_version_lands_once_and_the_next_run_asks_for_what_is_new(
    tmp_path: Path, api: ShopApi, kind: str, asks: str
) -> None:
    if kind == "stripe":
        as_text(api)
    lake = lake_of_api(tmp_path, api, kind)
    first = lake.ingest()
    assert (first.rows_landed, first.rows_quarantined, first.refused, first.warnings) == (25, 0, (), ())
    assert lake.query("select count(*), count(distinct id), sum(price)::varchar from {raw}") == [(25, 25, "27.50")]
    api.asked.clear()
    # Stripe gives what was created, not what has changed.
    changed = record(4, 200 if kind != "stripe" else 20, price="9.90")
    api.records[3] |= {**changed, "id": api.records[3]["id"]}
    api.records.append({**record(26, 201), "id": "ch_26" if kind == "stripe" else 26})
    assert lake.ingest().rows_landed == 2
    assert asks in api.asked[0]
    assert set(versions(lake)[25:]) == {(str(api.records[3]["id"]), "9.90"), (str(api.records[-1]["id"]), "1.10")}
    assert lake.ingest().rows_read == 0


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, "2025-01-01T00:25:00Z"),
        ({"since_format": "unix"}, 1735691100),
        ({"since_format": "unix_ms"}, 1735691100000),
        ({"since_format": "ge %d.%m.%Y"}, "ge 01.01.2025"),
        ({"lookback": None}, "2024-12-31T23:25:00Z"),
        ({"cursor": "id"}, 1735691100000000),
        ({"cursor": "id", "lookback": None}, 1735691099999000),
    ],
)
def test_what_is_new_is_asked_for_as_the_server_writes_it(
    tmp_path: Path, api: ShopApi, changes: dict[str, Any], asks: Any
) -> None:
    keys = {"cursor": "updated_at", "since": "from", "lookback": 0, **changes}
    feed, promised = feed_of(api, "goods", **keys), lake_of_api(tmp_path, api).contract
    assert feed.asked_since(promised, 1735691100000000) == {"from": asks}
    assert feed.asked_since(promised, None) == {}


def test_a_page_that_shifts_loses_nothing(tmp_path: Path, api: ShopApi) -> None:
    """A changed record moves behind all others, so each record behind it moves one place towards pages that were read before."""
    lake = lake_of_api(tmp_path, api, "woocommerce")
    api.at_page[2] = lambda: api.records[0].update(record(1, 100, price="9.00"))
    report = lake.ingest()
    # The first page had the old version, and record 11 was on the first page when the second one was asked for.
    assert (report.rows_landed, report.warnings) == (26, ())
    # The third pass showed nothing new: its commit moves the cursor, and is not a batch.
    assert lake.query("select count(*), min(rows_landed) from {batches}") == [(2, 1)]
    assert lake.query("select count(distinct id) from {raw}") == [(25,)]


def test_pages_that_are_read_once_do_lose_it(tmp_path: Path, api: ShopApi) -> None:
    """The control: without the second pass the record of the test above is lost, and the cursor has gone past it."""
    lake = lake_of_api(tmp_path, api, "woocommerce", passes=1, lookback=0)
    api.at_page[2] = lambda: api.records[0].update(record(1, 100, price="9.00"))
    lake.ingest()
    lake.ingest()
    assert lake.query("select id from (select unnest(range(1, 26)) as id) anti join {raw} using (id)") == [(11,)]


def test_a_record_that_moves_to_the_next_page_is_not_a_page_that_repeats(tmp_path: Path, api: ShopApi) -> None:
    lake = lake_of_api(tmp_path, api, paging={"offset": {"limit": 1, "param": "skip"}})
    api.records = [record(1), record(2)]
    api.at_page[3] = lambda: api.records.insert(0, record(3))
    assert lake.ingest().rows_landed == 2
    assert lake.ingest().rows_landed == 1


def test_pages_that_never_settle_land_and_do_not_move_the_cursor(tmp_path: Path, api: ShopApi) -> None:
    def older(place: int) -> Callable[[], None]:
        return lambda: api.records.insert(0, record(100 + place, 0))

    lake = lake_of_api(tmp_path, api, "woocommerce")
    api.at_page |= {place: older(place) for place in (5, 9)}
    report = lake.ingest()
    assert "read 3 times and still shifted" in report.warnings[0]
    assert report.rows_landed == 27
    api.asked.clear()
    assert lake.ingest().rows_read == 0
    assert "modified_after" not in api.asked[0]
    api.asked.clear()
    assert lake.ingest().rows_read == 0
    assert "modified_after" in api.asked[0]


def test_what_changes_while_it_is_read_does_not_move_the_cursor_past_others(tmp_path: Path, api: ShopApi) -> None:
    """Later than the moment when reading began, by the server's clock."""
    lake = lake_of_api(tmp_path, api, "shopify", lookback=0)
    api.records.append({**record(26), "updated_at": "2999-01-01T00:00:00Z"})
    report = lake.ingest()
    assert report.rows_landed == 26
    assert report.warnings == (
        "1 record whose updated_at is in the future, to which the cursor does not move; correct the source",
    )
    api.asked.clear()
    assert lake.ingest().rows_read == 0
    assert "updated_at_min=2025-01-01T00%3A25%3A00Z" in api.asked[0]


def test_a_record_on_two_pages_lands_once_and_equal_ones_on_one_page_each(tmp_path: Path, api: ShopApi) -> None:
    one = {"name": "a"}
    pages = {"0": [one, one, {"name": "b"}], "3": [{"name": "b"}, one, {"name": "c"}]}

    def answer(query: Query) -> Answer:
        return Answer(body=repr(pages.get(query.get("skip", "0"), [])).replace("'", '"'))

    api.answer = answer
    lake = lake_of_api(tmp_path, api, promised={"name": "varchar"}, key="", records="")
    assert lake.ingest().rows_landed == 4
    assert lake.query("select name from {raw} order by 1") == [("a",), ("a",), ("b",), ("c",)]
    assert lake.ingest().rows_read == 0


def test_without_a_cursor_a_record_that_goes_back_lands_again(tmp_path: Path, api: ShopApi) -> None:
    lake = lake_of_api(tmp_path, api)
    lake.ingest()
    for price in ("2.00", "1.10"):
        api.records[0] |= record(1, price=price)
        assert lake.ingest().rows_landed == 1
    assert [price for number, price in versions(lake) if number == "1"] == ["1.10", "2.00", "1.10"]


def test_a_server_that_gives_fewer_records_than_asked_for_is_read_whole(tmp_path: Path, api: ShopApi) -> None:
    api.cap = 4
    assert lake_of_api(tmp_path, api, paging={"offset": {"limit": 100, "param": "skip"}}).ingest().rows_landed == 25


def test_a_key_that_the_first_page_does_not_have_is_doubted(tmp_path: Path, api: ShopApi) -> None:
    lake = lake_of_api(tmp_path, api, paging={"cursor": {"param": "after", "path": "nxet"}}, cursor="updated_at", since="from")
    said = "the first page has nothing at nxet, so it was the last one; if not, correct `paging`"
    assert lake.ingest().warnings == (said,)
    assert lake.query("select list_extract(warnings, 1) from {batches}") == [(said,)]
    assert lake.ingest().warnings == ()


def test_without_the_extra_the_report_says_which_to_install(
    tmp_path: Path, api: ShopApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluice.core.extras.find_spec", lambda _: None)
    ((_, why),) = lake_of_api(tmp_path, api).ingest().refused
    assert "a feed of format rest needs the package dlt, which is not installed" in why
    assert "sluice-dataops[rest]" in why


class Killed(BaseException):
    """Not an error that ingest would tidy up after: nothing is done any more, as after kill -9."""


@pytest.mark.parametrize(("moment", "number"), [("after the commit", 1), ("before the commit", 2), ("before the commit", 3)])
def test_a_killed_run_that_runs_again_ends_as_if_it_had_run_once(
    tmp_path: Path, api: ShopApi, monkeypatch: pytest.MonkeyPatch, moment: str, number: int
) -> None:
    """The newest records are on the first page, so a cursor that moved with the first batch would leave out the others."""
    monkeypatch.setattr(rest, "BATCH_PAGES", 1)
    api.records[5]["price"] = "cheap"
    as_text(api)
    lake = lake_of_api(tmp_path, api, "stripe", lookback=0)
    landed, commits = landing.land, []

    def land(*parts: Any) -> Any:
        commits.append(1)
        if len(commits) == number and moment == "before the commit":
            # The quarantine is written, the batch is not.
            monkeypatch.setattr("sluice.ingest.landing.raw.land", lambda *_: (_ for _ in ()).throw(Killed))
        done = landed(*parts)
        if len(commits) == number:
            raise Killed
        return done

    with monkeypatch.context() as broken:
        broken.setattr(rest, "land", land)
        with pytest.raises(Killed):
            lake.ingest()
    monkeypatch.undo()
    assert lake.ingest().refused == ()
    assert lake.query("select count(*), count(distinct id) from {raw}") == [(24, 24)]
    assert lake.query("select count(*), any_value(column_name) from {quarantine}") == [(1, "price")]
