"""A server that asks for patience, breaks off, repeats itself or never ends: waited for, or said what, where and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.receivers import certificate
from tests.helpers.rest_feeds import feed_of, record
from tests.helpers.shop_api import Answer, Query, ShopApi, shop_api

from sluice.core.errors import SluiceError
from sluice.ingest.readers.rest.lines import Lines
from sluice.ingest.readers.rest.pages import Reading

PAGE = '{"goods": [{"id": 1}, {"id": 2}], "total": 2}'


@pytest.fixture
def api() -> Iterator[ShopApi]:
    with shop_api(records=[record(number) for number in range(1, 26)]) as server:
        yield server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been waited, in seconds."""
    found: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", found.append)
    return found


def read(api: ShopApi, kind: str = "goods", **changes: Any) -> list[str]:
    """Read all pages and give the lines of records."""
    feed = feed_of(api, kind, **changes)
    with duckdb.connect() as connection:
        lines = Lines(connection, feed.records)
        Reading(feed.endpoint({})).read(lines.take)
        return [line for (line,) in connection.execute("select line from lines").fetchall()]


def refused(api: ShopApi, kind: str = "goods", **changes: Any) -> str:
    with pytest.raises(SluiceError) as raised:
        read(api, kind, **changes)
    assert raised.value.where.startswith("page ")
    return f"{raised.value.what} | {raised.value.where}".replace(api.url, "HOST")


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(429, "slow down"),
        Answer(503, "<html>maintenance</html>"),
        Answer(403, "too many requests", {"Retry-After": "1"}),
        Answer(drops=True),
        Answer(body=PAGE, cut=9),
        Answer(body=PAGE, cut=9, announced=False),
    ],
    ids=["429", "503", "403 with a time", "dropped", "half a page", "half a page of unknown length"],
)
def test_what_passes_is_asked_for_again(api: ShopApi, waits: list[float], trouble: Answer) -> None:
    api.troubles = [None, trouble, trouble]
    assert len(read(api)) == 25
    assert len(waits) == 2
    assert api.asked[1] == api.asked[2] == api.asked[3] != api.asked[0]


def test_the_server_says_how_long_to_wait_up_to_a_limit(api: ShopApi, waits: list[float]) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    api.troubles = [Answer(429, headers={"Retry-After": time}) for time in ("7", at, "100000")]
    read(api, longest_wait=120)
    assert waits == [7, 120, 120]


def test_a_slow_server_is_given_up(api: ShopApi) -> None:
    api.troubles = [Answer(waits=True), Answer(waits=True)]
    assert refused(api, timeout=0.05, attempts=2) == (
        "did not answer within 0.05 seconds (2 attempts); raise `timeout`, or ask for smaller pages | page 1 of HOST/goods"
    )


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Answer(429, "slow"), "answers 429 Too Many Requests: slow; run it later, or raise `attempts` or `longest_wait`"),
        (Answer(503, ""), "answers 503 Service Unavailable; try again later"),
        (Answer(404, "{}"), "answers 404 Not Found: {}; check `url`"),
        (Answer(400, "no such field"), "answers 400 Bad Request: no such field; check `url` and `params`"),
        (
            Answer(301, headers={"Location": "https://new.shop/goods?api_key=abc"}),
            "answers 301: it has moved to https://new.shop/goods?api_key=***; write that address in `url`",
        ),
        (Answer(drops=True), "cannot be reached: Remote end closed connection without response (2 attempts)"),
        (Answer(body="<html>Log in</html>"), "is not JSON, or only a part of it: <html>Log in</html>"),
        (Answer(body='{"goods": [{"id": 1}}'), 'is not JSON, or only a part of it: {"goods": [{"id": 1}}'),
        (Answer(body=""), "is not JSON, or only a part of it: it is empty"),
        (Answer(body='{"items": [], "n": 1}'), "has no list of records at goods; its keys are items, n; correct `records`"),
        (Answer(body='[{"id": 1}]'), "has no list of records at goods; correct `records`"),
        (Answer(body='{"goods": {"id": 1}}'), "has no list of records at goods; its keys are goods; correct `records`"),
    ],
)
@pytest.mark.usefixtures("waits")
def test_what_does_not_pass_is_said(api: ShopApi, trouble: Answer, says: str) -> None:
    api.troubles = [None, trouble, trouble]
    assert refused(api, attempts=2).startswith(says)


def test_a_server_that_is_not_there_is_tried_again(waits: list[float]) -> None:
    with shop_api() as other:
        pass
    assert "cannot be reached: [Errno 111] Connection refused (5 attempts); check `url` and the network" in refused(
        other, url=f"http://127.0.0.1:{other.port}/goods"
    )
    assert len(waits) == 4


def test_an_unknown_certificate_is_said_at_once(tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    context, file = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate(tmp_path)
    context.load_cert_chain(file)
    with shop_api(tls=context) as server:
        url = f"https://127.0.0.1:{server.port}/goods"
        says = refused(server, url=url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        assert read(server, url=url) == []
    assert says.startswith("shows a certificate that is not trusted: ")
    assert "set REQUESTS_CA_BUNDLE to the file with its certificate" in says
    assert not waits


@pytest.mark.parametrize(
    ("kind", "paging", "answer", "says"),
    [
        (
            "goods",
            {"cursor": {"param": "after", "path": "next"}},
            lambda query: Answer(body=f'{{"goods": [{{"id": "{query.get("after")}"}}], "next": "abc"}}'),
            "page 3 asks for page 2 again; check `paging` | page 3 of HOST/goods",
        ),
        (
            "goods",
            {"page": {}},
            lambda _: Answer(body=PAGE),
            "page 3 has the records of pages 1 and 2 again; check the keys of `paging` | page 3 of HOST/goods",
        ),
        (
            "goods",
            {"page": {}},
            lambda query: Answer(body=f'{{"goods": [{{"id": {query["page"]}}}]}}'),
            "does not end after 20 pages; raise `max_pages` if there are more | page 20 of HOST/goods",
        ),
        (
            "goods",
            {"cursor": {"param": "after", "path": "goods[-1].id", "more": "has_more"}},
            lambda _: Answer(body='{"goods": [{"name": 1}], "has_more": true}'),
            "says by has_more that there are more pages, but has nothing at goods[-1].id | page 1 of HOST/goods",
        ),
        (
            "goods",
            {"cursor": {"param": "after", "path": "goods[-1].id", "more": "has_more"}},
            lambda _: Answer(body='{"goods": [{"id": 1}]}'),
            "does not say how to go on in the way that `paging` declares; check its keys | page 1 of HOST/goods",
        ),
        (
            "goods",
            {"next": {"path": "next"}},
            lambda _: Answer(body='{"goods": [], "next": "https://elsewhere.shop/goods?page=2"}'),
            "sends to another server for the next page, https://elsewhere.shop; if it is right, write it in `url` | page 1",
        ),
        (
            "goods",
            {"next": {"path": "next"}},
            lambda _: Answer(body='{"goods": [], "next": {"href": "/goods?page=2"}}'),
            "does not say how to go on in the way that `paging` declares; check its keys | page 1 of HOST/goods",
        ),
    ],
    ids=["same cursor", "same page", "no end", "lost cursor", "no word of more", "other server", "no address"],
)
def test_pages_that_lead_nowhere_are_an_error(api: ShopApi, kind: str, paging: Any, answer: Any, says: str) -> None:
    api.answer = answer
    assert refused(api, kind, paging=paging, max_pages=20).startswith(says)


@pytest.mark.parametrize("end", [', "next": null', ', "next": ""', ""])
def test_the_last_page_has_no_next_address(api: ShopApi, end: str) -> None:
    pages = ['{"goods": [{"id": 1}], "next": "goods?page=2"}', f'{{"goods": [{{"id": 2}}]{end}}}']
    api.answer = lambda query: Answer(body=pages[len(query)])
    assert len(read(api, paging={"next": {"path": "next"}})) == 2


def test_a_status_can_say_that_nothing_is_behind_the_last_page(api: ShopApi) -> None:
    body = '{"goods": [{"id": 1}]}'
    api.answer = lambda query: Answer(404, '{"detail": "Invalid page."}') if query["page"] == "2" else Answer(body=body)
    assert len(read(api, paging={"page": {"end": 404}})) == 1
    assert refused(api, paging={"page": {}}).startswith("answers 404 Not Found")
    api.answer = lambda _: Answer(404)
    assert refused(api, paging={"page": {"end": 404}}).startswith("answers 404 Not Found")
    api.answer = lambda _: Answer(204)
    assert read(api, paging={"page": {}}) == []


def test_empty_pages_do_not_end_what_has_a_next_page(api: ShopApi) -> None:
    bodies = ['{"goods": [], "next": "a"}', '{"goods": null, "next": "b"}', '{"goods": [{"id": 1}], "next": ""}']
    api.answer = lambda _: Answer(body=bodies[len(api.asked) - 1])
    assert read(api, paging={"cursor": {"param": "after", "path": "next"}}) == ['{"id":1}']


@pytest.mark.parametrize("total", [3, 1000])
def test_a_wrong_total_neither_ends_the_reading_nor_keeps_it_going(api: ShopApi, total: int) -> None:
    def answer(query: Query) -> Answer:
        records = "" if int(query["skip"]) > 10 else f'{{"id": {query["skip"]}}}'
        return Answer(body=f'{{"goods": [{records}], "total": {total}}}')

    api.answer = answer
    assert len(read(api, paging={"offset": {"param": "skip", "limit": 1}})) == 11


def test_a_token_that_ends_is_renewed(api: ShopApi) -> None:
    oauth = {"token_url": f"{api.url}/oauth/token", "client_id": "shop", "client_secret": "s3cr3t-of-client"}
    given = {"auth": {"oauth": oauth}, "url": f"{api.url}/repos/octo/shop/issues", "passes": 1}
    api.at_page[3] = lambda: setattr(api, "token", "tok-of-the-second-hour")
    assert len(read(api, "github", **given)) == 25
    assert api.tokens_given == 2


@pytest.mark.parametrize(
    ("oauth", "says"),
    [
        ({"client_secret": "wrong-secret"}, "the token of `auth` was not given: answers 400 Bad Request"),
        ({"token_url": "/goods"}, "the token of `auth` was not given: the answer has no access_token"),
    ],
)
def test_a_token_that_is_not_given_is_said(api: ShopApi, oauth: dict[str, str], says: str) -> None:
    given = {"token_url": "/oauth/token", "client_id": "shop-17", "client_secret": "s3cr3t-of-client", **oauth}
    given["token_url"] = api.url + given["token_url"]
    message = refused(api, "github", auth={"oauth": given})
    assert message.startswith(says)
    assert "wrong-secret" not in message
    assert "s3cr3t" not in message


def test_a_token_that_is_refused_twice_is_an_error(api: ShopApi) -> None:
    oauth = {"token_url": f"{api.url}/oauth/token", "client_id": "shop", "client_secret": "s3cr3t-of-client"}
    api.answer = None
    api.troubles = [None, Answer(401, "no"), None, Answer(401, "tok-1234567890 is not for this")]
    assert refused(api, "github", auth={"oauth": oauth}).startswith(
        "answers 401 Unauthorized: *** is not for this; check `auth` | page 1"
    )


def test_dlt_sends_no_telemetry(api: ShopApi) -> None:
    read(api)
    from dlt.common.runtime import anon_tracker, telemetry

    # dlt has begun its work, and what would send was not made ready.
    assert telemetry.is_telemetry_started()
    assert anon_tracker._ANON_TRACKER_ENDPOINT is None
