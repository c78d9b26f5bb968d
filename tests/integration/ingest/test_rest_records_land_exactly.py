"""What a server wrote lands with every digit or goes to quarantine with its page, and no secret is in what is kept or shown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.helpers.lake import LakeOfOneFeed
from tests.helpers.rest_feeds import feed_of, lake_of_api, record
from tests.helpers.shop_api import Answer, ShopApi, digits, shop_api

from sluice.core.errors import SluiceError
from sluice.ingest.feeds import load_feeds
from sluice.ingest.readers.rest import feed as rest

COLUMNS = {"id": "bigint!", "price": "decimal(38,20)", "lines": "struct(sku varchar, tax decimal(20,18))[]", "name": "varchar"}
SECRET = "s3cret/of+the+shop="  # noqa: S105


@pytest.fixture
def api() -> Iterator[ShopApi]:
    with shop_api() as server:
        yield server


def test_every_digit_of_a_number_lands(tmp_path: Path, api: ShopApi) -> None:
    api.records = [
        {"id": digits("9223372036854775807"), "price": digits("0.12345678901234567890"), "lines": [], "name": 'say "1.10"'},
        {"id": 2, "price": "12.50", "lines": [{"sku": "a", "tax": digits("1.100000000000000001")}], "name": digits("1.10")},
        {"id": digits("3.0"), "price": digits("1e-7"), "lines": None, "name": "é\u2028 /"},
    ]
    lake = lake_of_api(tmp_path, api, promised=COLUMNS)
    assert lake.ingest().rows_landed == 3
    assert lake.query("select id, price::varchar, lines::varchar, name from {raw} order by _position") == [
        (9223372036854775807, "0.12345678901234567890", "[]", 'say "1.10"'),
        (2, "12.50000000000000000000", "[{'sku': a, 'tax': 1.100000000000000001}]", "1.10"),
        (3, "0.00000010000000000000", None, "é\u2028 /"),
    ]


def test_a_refused_record_is_kept_with_its_page_and_a_new_field_lands(tmp_path: Path, api: ShopApi) -> None:
    api.records = [record(number) for number in range(1, 25)]
    api.records[13] |= {"price": digits("1.234"), "more": digits("0.10")}
    api.records[15] |= {"new": {"a": digits("1.50")}}
    lake = lake_of_api(tmp_path, api, auth={"key": {"name": "api_key", "value": SECRET, "place": "query"}})
    report = lake.ingest()
    sent = '{"id":14,"price":1.234,"updated_at":"2025-01-01T00:14:00Z","date_modified_gmt":"2025-01-01T00:14:00"'
    sent += ',"created":1735690440,"more":0.10}'
    assert (report.rows_landed, report.reasons, report.new_columns[2:]) == (23, {"wrong_type": 1}, ("more", "new"))
    assert lake.query("select _file, _position, detail, original_text from {quarantine}") == [
        (
            f"{api.url}/goods?skip=10&limit=10#2",
            14,
            "price: 1.234 does not fit decimal(12,2)",
            sent,
        )
    ]
    assert lake.query("select new, _file from {raw} where id = 16") == [('{"a":1.50}', f"{api.url}/goods?skip=10&limit=10#2")]
    assert lake.ingest().rows_read == 0


def test_names_and_values_are_read_as_the_feed_says(tmp_path: Path, api: ShopApi) -> None:
    api.records = [{"Key": 1, "when": "31/12/2024", "price": "1.234,50"}]
    spelled: dict[str, Any] = {
        "columns": {"id": {"from": "Key"}, "on_day": {"from": "when", "format": "%d/%m/%Y"}},
        "decimal": ",",
        "thousands": ".",
    }
    lake = lake_of_api(tmp_path, api, promised={"id": "bigint!", "on_day": "date", "price": "decimal(12,2)"}, **spelled)
    lake.ingest()
    assert lake.query("select id, on_day::varchar, price::varchar from {raw}") == [(1, "2024-12-31", "1234.50")]


@pytest.mark.parametrize("refuses", ["a page of another shape", "a promised key that is gone"])
def test_pages_that_are_not_what_was_promised_refuse_the_feed(tmp_path: Path, api: ShopApi, refuses: str) -> None:
    api.records = [record(number) for number in range(1, 25)]
    lake = lake_of_api(tmp_path, api, "github")
    for one in api.records:
        if refuses == "a page of another shape":
            one["price"] = "cheap"
        else:
            one["cost"] = one.pop("price")
    ((_, why),) = lake.ingest().refused
    assert ("10 of 10 rows: wrong_type price" if refuses == "a page of another shape" else "no record has price, which") in why
    assert lake.query("select count(*) from {raw}") == [(0,)]
    for one in api.records:
        one["price"] = digits("1.10")
    assert lake.ingest().rows_landed == 24


def test_batches_before_a_page_that_fails_stay(tmp_path: Path, api: ShopApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "BATCH_PAGES", 1)
    api.records = [record(number) for number in range(1, 25)]
    api.troubles = [None, None, Answer(400, "broken")]
    lake = lake_of_api(tmp_path, api, "shopify")
    report = lake.ingest()
    assert (report.rows_landed, len(report.refused)) == (10, 1)
    assert "answers 400 Bad Request: broken; check `url` and `params` (page 3 of http" in report.refused[0][1]
    assert lake.ingest().rows_landed == 14


def kept(lake: LakeOfOneFeed) -> str:
    """All that is on disk of a lake, logs and tables."""
    tables = [lake.query(f"select * from {{{name}}}") for name in ("raw", "quarantine", "batches", "refusals")]
    logs = [path.read_text() for path in (lake.root / "lake").rglob("*.json")]
    return repr(tables) + "".join(logs)


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"X-Shop-Token": SECRET}},
        {"auth": {"key": {"name": "k", "value": SECRET, "place": "query"}}},
    ],
    ids=["header", "query"],
)
def test_no_secret_is_kept_or_shown(tmp_path: Path, api: ShopApi, given: dict[str, Any]) -> None:
    page = f'{{"goods": [{{"id": 1}}, {{"id": "x"}}], "next": "{api.url}/goods?page=2&access_token={SECRET}"}}'
    api.troubles = [Answer(body=page), Answer(400, f"no page 2 for {SECRET}")]
    lake = lake_of_api(tmp_path, api, promised={"id": "bigint!"}, paging={"next": {"path": "next"}}, **given)
    shown = repr(lake.ingest())
    assert "answers 400 Bad Request: no page 2 for ***" in shown
    api.troubles = [Answer(body='{"goods": [{"id": 1}, {"id": "x"}], "next": ""}')]
    shown += repr(lake.ingest())
    assert lake.query("select count(*) from {raw}") == lake.query("select count(*) from {quarantine}") == [(1,)]
    assert SECRET not in shown + kept(lake)


@pytest.mark.parametrize(
    "given",
    [
        {"auth": {"bearer": {"token": SECRET}}},
        {"auth": {"basic": {"user": "till-7", "password": SECRET}}},
        {"auth": {"oauth": {"token_url": "https://shop/token", "client_id": "till-7", "client_secret": SECRET}}},
        {"auth": {"key": {"name": "X-Api-Key", "value": SECRET}}},
        {"headers": {"Authorization": f"Token {SECRET}"}},
        {"params": {"api_key": SECRET}},
        {"url": f"https://shop/goods?token={SECRET}"},
    ],
    ids=["bearer", "basic", "oauth", "key", "header", "parameter", "address"],
)
def test_no_text_about_a_feed_shows_its_secret(api: ShopApi, given: dict[str, Any]) -> None:
    feed = feed_of(api, "goods", **given)
    in_base64 = b64encode(f"till-7:{SECRET}".encode()).decode()
    text = feed.shown(f"{SECRET} is not known; https://shop/?k={SECRET}&n=1 {quote(SECRET)}")
    assert text == "*** is not known; https://shop/?k=***&n=1 ***"
    assert SECRET not in repr(feed) + feed.origin + feed.shown(in_base64)
    if "basic" in given.get("auth", {}):
        assert feed.shown(in_base64) == "***"


def feeds_file(folder: Path, more: str) -> Path:
    path = folder / "feeds.yml"
    path.write_text(f"feeds:\n  - source: a\n    table: b\n    format: rest\n{more}")
    return path


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("    url: ftp://shop/x\n", "`url`: it must be an address that begins with https:// or http://"),
        ("    url: https://me:hidden-word@shop/x\n", "`url`: a user and a password do not belong into the address"),
        ("    url: https://shop/x\n    auth: {bearer: {tokn: hidden-word}}\n", "did you mean token?"),
        ("    url: https://shop/x\n    headers: {X-Token: 12345678}\n", "`headers.X-Token` should be a valid string"),
        ("    url: https://shop/x\n    auth: {bearer: {token: '${HIDDEN_WORD}'}}\n", "HIDDEN_WORD is not set"),
    ],
)
def test_a_mistake_is_said_without_what_is_secret(tmp_path: Path, more: str, says: str) -> None:
    with pytest.raises(SluiceError) as raised:
        load_feeds([feeds_file(tmp_path, more)], {})
    shown = f"{raised.value.what} {raised.value.hint}"
    assert says in shown
    assert "hidden-word" not in shown
    assert "12345678" not in shown


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"paging": {}}, "`paging` needs one of its keys"),
        ({"paging": {"link": {}, "page": {}}}, "`paging` needs one of its keys"),
        ({"auth": {}}, "`auth` needs one of its keys"),
        ({"cursor": "updated_at"}, "`cursor` and `since` need each other"),
        ({"since": "from"}, "`cursor` and `since` need each other"),
        ({"cursor": "price", "since": "from"}, "the cursor price is decimal in test.rows"),
        ({"cursor": "x", "since": "from"}, "the cursor x is not a column in test.rows"),
    ],
)
def test_keys_that_cannot_work_are_a_mistake(tmp_path: Path, api: ShopApi, changes: dict[str, Any], says: str) -> None:
    lake = lake_of_api(tmp_path, api, **changes)
    assert says in next(iter(lake.feed.mistakes(lake.contract))).what
