"""Data Docs are files: no page fetches anything from a host, every file that a page names is there, and a browser draws it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.helpers.audited import Audited, check

from sluice.core.errors import SluiceError

# What makes a browser fetch. A link (<a href>) does not.
FETCHED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}


class Resources(HTMLParser):
    """The addresses that a page fetches, and its links."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get(FETCHED.get(tag, "")):
            self.fetched.append(str(given[FETCHED[tag]]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))


@pytest.fixture
def docs(shop: Audited) -> Path:
    """The docs of an audit with results of every look: rows, figures, quantiles, a chart."""
    quantiles = {"quantiles": [0.1, 0.9], "value_ranges": [[0, 5], [50, None]]}
    channels = {"values": ["web", "store", "app"], "weights": [0.1, 0.1, 0.8]}
    shop.declare(
        check("expect_column_values_to_be_in_set", "channels_are_known", column="channel", value_set=["web", "store"]),
        check("expect_column_quantile_values_to_be_between", "amounts_are_usual", column="amount", quantile_ranges=quantiles),
        check(
            "expect_column_kl_divergence_to_be_less_than", "shares", column="channel", partition_object=channels, threshold=0.1
        ),
        check("expect_column_values_to_be_unique", "sales_are_there_once", column="id"),
    )
    shop.audit(docs=shop.root / "docs")
    return shop.root / "docs"


def test_no_page_fetches_from_a_host_and_nothing_is_missing(docs: Path) -> None:
    pages = list(docs.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        resources = Resources(page)
        assert resources.fetched
        for address in resources.fetched:
            assert "//" not in address, f"{page.name} fetches {address}"
            assert (page.parent / address).resolve().is_file(), f"{page.name} names {address}"
        for link in resources.links:
            local = link.split("#")[0]
            assert link.startswith(("#", "http")) or (page.parent / local).exists(), f"{page.name} links to {link}"
    for style in docs.rglob("*.css"):
        for address in re.findall(r"url\(['\"]?([^'\")]+)", style.read_text(encoding="utf-8")):
            assert "//" not in address, f"{style.name} fetches {address}"


def test_the_claims_stand_beside_the_expectations(docs: Path) -> None:
    (page,) = docs.glob("expectations/**/*.html")
    assert "channels_are_known" in page.read_text(encoding="utf-8")


def test_nothing_is_left_that_needs_a_library_from_the_network(docs: Path) -> None:
    for page in docs.rglob("*.html"):
        assert "$(" not in page.read_text(encoding="utf-8")


def test_docs_are_replaced_and_nothing_else_is(shop: Audited, docs: Path) -> None:
    shop.audit(docs=docs)
    assert (docs / "index.html").read_text(encoding="utf-8").count("<td>shop.duckdb</td>") == 1
    mine = shop.root / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear reader")
    with pytest.raises(SluiceError, match="something other than Data Docs"):
        shop.audit(docs=mine)
    assert [path.name for path in mine.iterdir()] == ["letter.txt"]


def drawn(page: Path, *more: str) -> str:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium): the pages were parsed, but not drawn")
    offline = ["--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [browser, *offline, *more, f"file://{page}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_a_browser_without_a_network_draws_the_page(docs: Path, tmp_path: Path) -> None:
    (page,) = docs.glob("validations/**/*.html")
    body = drawn(page, "--dump-dom")
    assert "values must belong to this set" in body
    assert 'class="bar"' in body  # the chart: drawn by the script beside the pages
    picture = tmp_path / "page.png"
    drawn(page, f"--screenshot={picture}", "--window-size=1300,1500")
    assert picture.stat().st_size > 20_000  # a blank page of that size takes 6 KB
