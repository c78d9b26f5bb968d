"""`sluice source add` of a REST address: its records, its pages and its types are found; its secrets stay out of all files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.new_source import sluice, small_project
from tests.helpers.rest_feeds import record
from tests.helpers.shop_api import Answer, Query, ShopApi, digits, shop_api

from sluice.core.progress import silent
from sluice.ingest.feeds import load_feeds
from sluice.lake.contracts import load_contracts
from sluice.source.trial import land


@pytest.fixture
def api() -> Iterator[ShopApi]:
    with shop_api(records=[order(number) for number in range(1, 106)]) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = small_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


def order(number: int) -> dict[str, Any]:
    lines = [{"sku": f"SKU-{number}", "quantity": 2}]
    known = {name: value for name, value in record(number).items() if name in ("id", "updated_at")}
    return {**known, "total_price": f"{number}.50", "tax": digits(f"{number}.10"), "line_items": lines}


def test_an_address_becomes_a_feed_and_a_contract(
    project: Path, api: ShopApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{api.url}/admin/api/2025-10/orders.json?status=any&limit=10"
    done = sluice("source", "add", "acme", url, "--header", f"X-Shopify-Access-Token: {api.token}", "--yes")
    assert done.code == 0
    text = (project / "feeds" / "acme.yml").read_text()
    (feed,) = yaml.safe_load(text)["feeds"]
    assert {key: feed[key] for key in ("format", "url", "params", "headers", "records", "paging")} == {
        "format": "rest",
        "url": f"{api.url}/admin/api/2025-10/orders.json",
        "params": {"status": "any", "limit": 10},
        "headers": {"X-Shopify-Access-Token": "${ACME_X_SHOPIFY_ACCESS_TOKEN}"},
        "records": "orders",
        "paging": {"link": {}},
    }
    assert "add `cursor: updated_at` and `since`" in " ".join(text.replace("#", "").split())
    assert not any(api.token in path.read_text() for path in project.rglob("*") if path.is_file())
    assert "Types are from the first 50 rows" in (project / "models/staging/acme/_acme__sources.yml").read_text()
    contract = load_contracts(project)["acme.orders"]
    types = {column.name: column.type for column in contract.columns}
    assert contract.key == ("id",)
    # What the server writes as text stays text, as in files of JSON.
    assert (types["total_price"], types["tax"].partition("(")[0]) == ("varchar", "decimal")
    assert (types["updated_at"], types["line_items"]) == ("timestamp", "struct(sku varchar, quantity bigint)[]")
    monkeypatch.setenv("ACME_X_SHOPIFY_ACCESS_TOKEN", api.token)
    (found,) = land(load_feeds([project / "feeds" / "acme.yml"]), {contract.name: contract}, tmp_path, silent)
    assert (found.report.rows_landed, found.report.rows_quarantined, found.is_sample) == (50, 0, True)


@pytest.mark.parametrize(
    ("kind", "records", "paging", "says"),
    [
        ("stripe", "data", {"cursor": {"param": "starting_after", "path": "data[-1].id", "more": "has_more"}}, ""),
        ("total", None, {"page": {}}, "the parameters of list are guesses"),
        ("next", "items", {"next": {"path": "links.next"}}, ""),
        ("cursor", "items", {"cursor": {"param": "next", "path": "meta.next"}}, "the value at meta.next is a guess, next"),
        ("skip", "goods", {"offset": {"limit": 2, "param": "skip"}}, "the parameters of list are guesses"),
        ("nothing", "items", None, "does not say how the next one is asked for"),
    ],
)
def test_ways_to_page_are_known_by_the_first_page(
    project: Path, api: ShopApi, kind: str, records: str | None, paging: Any, says: str
) -> None:
    pages = {
        "stripe": Answer(body='{"data": [{"id": "a"}, {"id": "b"}], "has_more": false}'),
        "total": Answer(body='[{"id": 1}, {"id": 2}]', headers={"X-WP-TotalPages": "1"}),
        "next": Answer(body='{"items": [{"id": 1}], "links": {"next": "/list?page=2"}}'),
        "cursor": Answer(body='{"meta": {"next": "abc"}, "items": [{"id": 1}]}'),
        "skip": Answer(body='{"goods": [{"id": 1}, {"id": 2}], "skip": 0, "limit": 2, "total": 2}'),
        "nothing": Answer(body='{"items": [{"id": 1}], "version": 3}'),
    }

    def answer(query: Query) -> Answer:
        is_later = query.get("page", "1") != "1" or query.get("skip", "0") != "0" or "next" in query
        return Answer(body='{"items": [], "goods": []}' if kind != "total" else "[]") if is_later else pages[kind]

    api.answer = answer
    assert sluice("source", "add", "acme", f"{api.url}/list", "--yes").code == 0
    text = (project / "feeds" / "acme.yml").read_text()
    (feed,) = yaml.safe_load(text)["feeds"]
    assert (feed.get("records"), feed.get("paging")) == (records, paging)
    assert says in " ".join(text.replace("#", "").split())


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["{url}/goods", "in"], "addresses are given with something else"),
        (["{url}/goods", "--header", "X-Api-Key"], "a header is a name, a colon and a value"),
        (["{url}/goods", "--header", "X-Api-Key: wrong-key-of-shop"], "answers 403 Forbidden"),
        (["{url}/goods", "--header", "X-Api-Key: ${NOT_SET_ANYWHERE}"], "NOT_SET_ANYWHERE is not set"),
        (["in", "--header", "X-Api-Key: x"], "--header is for REST addresses"),
        (["https://127.0.0.1:1/x"], "cannot be reached"),
    ],
)
def test_what_cannot_be_read_is_said_without_its_key(
    api: ShopApi, monkeypatch: pytest.MonkeyPatch, given: list[str], says: str
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    done = sluice("source", "add", "acme", *(part.format(url=api.url) if "{url}" in part else part for part in given), "--yes")
    assert done.code == 2
    assert done.error
    assert says in done.error.what
    assert "wrong-key" not in f"{done.error.what} {done.error.where} {done.error.hint}"
