"""Chromium opens the site from disk: without a network, without an error, for everybody; and draws its charts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from tests.helpers.browser import Reader, chromium, colours, judged, reader
from tests.helpers.pages import Page
from tests.helpers.sites import DAYS, SENTENCE, refused_night, site_of

PAGES = ("index", "health", "pipeline", "dataops", "catalog", "shop", "shop-best-orders", "releases")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = refused_night(tmp_path_factory.mktemp("shop"))
    site_of(shop, shop.root / "site")
    return shop.root / "site"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def desk(browser: Any) -> Iterator[Reader]:
    with reader(browser) as found:
        yield found
        assert found.wrong == []


def test_every_page_opens_without_an_error_and_for_everybody(browser: Any, out: Path) -> None:
    with reader(browser) as light, reader(browser, width=360, dark=True) as phone:
        for name in PAGES:
            for one in (light, phone):
                one.open(out / f"{name}.html")
                assert (name, judged(one.page)) == (name, [])
            wide = phone.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide[0] <= wide[1], name
        assert light.wrong == phone.wrong == []


def test_every_link_leads_to_something_that_is_there(out: Path) -> None:
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in out.glob("*.html")}
    assert sorted(pages) == sorted(f"{name}.html" for name in PAGES)
    for name, page in pages.items():
        assert page.open == []
        assert len(page.ids) == len(set(page.ids)), name
        for link in [*page.links, *page.fetched]:
            file, _, anchor = link.partition("#")
            assert not re.match(r"[a-z]+:|//", link), link
            assert (out / (file or name)).is_file(), (name, link)
            assert not anchor or unquote(anchor) in pages[file or name].ids, (name, link)


def test_a_reader_without_a_script_learns_why_the_night_was_refused(browser: Any, out: Path) -> None:
    with reader(browser, script=False) as plain:
        plain.open(out / "index.html")
        said = plain.page.inner_text("main")
        assert SENTENCE in said
        assert "2 Mar 2026, 02:00 UTC" in said


def test_times_are_in_the_readers_zone(desk: Reader, out: Path) -> None:
    desk.open(out / "index.html")
    assert "2 Mar 2026, 03:00" in desk.page.inner_text("main")
    assert "Europe/Berlin" in desk.page.inner_text("#zone")


def test_small_charts_are_drawn(desk: Reader, out: Path) -> None:
    desk.open(out / "health.html")
    seen = colours(desk.page.locator("#s0 .spark").screenshot())
    (ground, pixels), *others = seen.most_common()
    line = sum(count for colour, count in others if max(abs(a - b) for a, b in zip(colour, ground, strict=True)) > 60)
    assert 0.01 < line / (pixels + line) < 0.4


def test_a_series_opens_with_its_points_and_is_used_with_keys_alone(desk: Reader, out: Path) -> None:
    page = desk.page
    desk.open(out / "health.html")
    page.focus("#s0 .open")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] svg.whole")
    assert page.inner_text("#health-title") == "core.orders.returned"
    path = page.get_attribute("dialog path.value", "d")
    assert len(re.findall("[ML]", path)) == DAYS + 1
    assert page.locator("dialog circle.block").count() == 1
    assert "2026-03-02: 95 %; of 20; usual is" in page.inner_text("dialog output")
    assert judged(page) == []
    page.focus("dialog input[type=range]")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("dialog output").startswith("2026-03-01: ")
    page.click("dialog summary")
    assert page.locator("dialog .scroll tbody tr").count() == DAYS + 1
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()
    assert page.evaluate("document.activeElement.closest('li').id") == "s0"
    assert "#" not in page.url


def test_series_are_found_by_what_is_typed(desk: Reader, out: Path) -> None:
    desk.open(out / "health.html")
    desk.page.fill("#health-filter input", "return")
    assert desk.page.locator("#health-series > li:visible").count() == 1
    assert desk.page.inner_text("#health-filter output") == "1 series"


def test_a_link_to_a_series_opens_it(desk: Reader, out: Path) -> None:
    desk.open(out / "health.html", "#s1")
    desk.page.wait_for_selector("dialog[open]")
    assert desk.page.inner_text("#health-title") == "core.orders.orders"


def test_the_catalog_links_to_the_series_of_a_model(desk: Reader, out: Path) -> None:
    desk.open(out / "catalog.html", "#model.orders")
    desk.page.click("text=its series are followed")
    desk.page.wait_for_url("**/health.html?relation=core.orders")
    assert desk.page.input_value("#health-filter [name=relation]") == "core.orders"


def test_lines_of_the_shop_have_a_point_for_each_day(desk: Reader, out: Path) -> None:
    desk.open(out / "shop.html")
    paths = desk.page.locator("svg.lines > path:not(.axis)")
    assert [len(re.findall("[ML]", paths.nth(at).get_attribute("d"))) for at in range(paths.count())] == [DAYS, DAYS]
    assert desk.page.locator("svg.lines .tip title").first.text_content().startswith("2026-01-20: web ")
