"""The page Catalog in a browser, offline: who owns it, what would break, any word within a key; with keys, without a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import catalogs
from tests.helpers.browser import Reader, chromium, judged, reader

from lab.catalog.__main__ import keys, made, told
from lab.catalog.alone import write_site
from lab.catalog.synthetic import Size, manifest_of
from sluice.catalog.describe import describe
from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Catalog
from sluice.catalog.search import words
from sluice.lineage.edges import ROWS

READY = "body[data-catalog=ready]"
BROKEN = """
async ([anchor, column]) => {
  const { nodes } = window.sluiceCatalog.opened();
  const known = await window.sluiceCatalog.node.columns();
  const at = nodes.at.get(anchor);
  const found = window.sluiceCatalog.impact.without(known, nodes, [[at, known.names[at].indexOf(column)]]);
  const named = (some) => some.map((one) => nodes[one].name).sort();
  const parts = found.columns.map((one) => one.split(":").map(Number));
  return {
    reading: named(found.reading), after: named(found.after), exposures: named(found.exposures),
    columns: parts.map(([node, one]) => `${nodes[node].name}.${known.names[node][one]}`).sort(),
  };
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("small") / "site"
    write_site(catalogs.small(), out)
    return out / "catalog.html"


@pytest.fixture(scope="module")
def large() -> Catalog:
    manifest, lineage = manifest_of(Size(models=240, columns=12))
    return describe(manifest, Evidence(), lineage)


@pytest.fixture(scope="module")
def many(large: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("many") / "site"
    write_site(large, out)
    return out / "catalog.html"


@pytest.fixture(scope="module")
def visitor(browser: Any) -> Iterator[Reader]:
    with reader(browser) as found:
        yield found


@pytest.fixture
def stranger(visitor: Reader) -> Iterator[Reader]:
    """A reader who comes from elsewhere, meets no error in the console, and reads nothing but files."""
    visitor.page.goto("about:blank")
    visitor.wrong.clear()
    yield visitor
    assert visitor.wrong == []


def shown(found: Reader, file: Path, anchor: str = "") -> str:
    """What the page shows at an address."""
    found.open(file, anchor)
    found.page.wait_for_selector(READY)
    found.page.wait_for_function("document.title.includes('·') && !document.getElementById('catalog-tools').hidden")
    if anchor:
        found.page.wait_for_selector("#catalog-title")
    return str(found.page.inner_text("main"))


def typed(found: Reader, text: str) -> str:
    """Type into the search; what it says then."""
    found.page.fill("#catalog-search", text)
    found.page.evaluate("() => window.sluiceCatalog.settled()")
    return str(found.page.inner_text("#catalog-results"))


def test_without_a_script_every_node_is_listed_with_its_owner(browser: Any, small: Path) -> None:
    with reader(browser, script=False) as found:
        found.open(small)
        rows = {row.split("\t")[0]: row for row in found.page.inner_text("#catalog-list tbody").splitlines()}
        assert len(rows) == len(catalogs.small().nodes)
        assert "Sales" in rows["orders"]
        assert "nobody" in rows["scores"]
        assert not found.page.is_visible("#catalog-tools")
        assert found.wrong == []


def test_a_node_says_owner_columns_checks_and_readers(stranger: Reader, small: Path) -> None:
    text = shown(stranger, small, "#model.orders")
    assert "Sales, sales@example.com" in text
    assert "200 rows, 4.1 kB" in text
    assert "EUR, GBP" in text
    assert "Open incident: orders are late" in text
    assert "hidden: comes from a column that is marked as personal data" in text
    assert "every order has a currency" in text
    assert "fail 4 rows only warns" in text
    assert stranger.page.locator("svg.graph a.box").count() == 5  # source, customers; report, the second version; the dashboard
    assert "report\tmodel\tFinance, finance@example.com" in text


def test_the_sql_is_read_when_it_is_wanted(stranger: Reader, small: Path) -> None:
    assert "orders_compiled" not in shown(stranger, small, "#model.orders")
    stranger.page.click("text=Show the SQL")
    stranger.page.wait_for_selector("text=select 1 as orders_compiled")
    assert stranger.page.is_visible("text=select 1 as orders_raw")


def test_a_column_says_what_would_break_and_whom_to_ask(stranger: Reader, small: Path) -> None:
    text = shown(stranger, small, "#model.orders/currency_code")
    assert stranger.page.inner_text("#catalog-verdict") == "1 model could not be built. 1 exposure reads one of these, or orders."
    assert "Ask: Finance, finance@example.com; Ann, ann@example.com" in text
    assert "every order has a currency" in text
    assert stranger.page.locator("svg.graph path.direct").count() == 1


def test_what_only_decides_about_rows_breaks_models_too(stranger: Reader, small: Path) -> None:
    shown(stranger, small, "#model.stg_customers/city")
    assert stranger.page.inner_text("#catalog-verdict").startswith("2 models could not be built, and 2 after them.")
    assert stranger.page.locator("svg.graph path.indirect").count() >= 1


def test_a_column_is_made_of_what_flows_into_it_not_of_what_only_decides(stranger: Reader, small: Path) -> None:
    """A join by the number of the order breaks the report without it; revenue is not made of it."""
    shown(stranger, small)
    found = stranger.page.evaluate(BROKEN, ["model.orders", "order_id"])
    assert found == {"reading": ["orders.v2", "report"], "after": [], "exposures": ["board"], "columns": ["orders.v2.order_id"]}


def test_what_would_break_is_what_a_walk_over_the_edges_finds(stranger: Reader, many: Path, large: Catalog) -> None:
    shown(stranger, many)
    named = {node.unique_id: node for node in large.nodes}
    for edge in large.edges[:: len(large.edges) // 25]:
        found = stranger.page.evaluate(BROKEN, [named[edge.parent].anchor, edge.parent_column])
        assert found == walked(large, edge.parent, edge.parent_column)


def walked(catalog: Catalog, node: str, column: str) -> dict[str, list[str]]:
    """What reads a column, what is downstream of that, which exposures read any of it, and what is made of the column."""
    named = {one.unique_id: one for one in catalog.nodes}
    reading = {edge.child for edge in catalog.edges if (edge.parent, edge.parent_column) == (node, column)}
    after, size = set(reading), -1
    while size != len(after):
        size = len(after)
        after |= {one.unique_id for one in catalog.nodes if set(one.parents) & after}
    made: set[tuple[str, str]] = {(node, column)}
    size = 0
    while size != len(made):
        size = len(made)
        made |= {
            (edge.child, edge.child_column)
            for edge in catalog.edges
            if (edge.parent, edge.parent_column) in made and edge.kind == "direct" and edge.child_column != ROWS
        }
    uses = {one.unique_id for one in catalog.nodes if one.kind == "exposure" and set(one.parents) & {node, *after}}
    models = {one for one in after if named[one].kind != "exposure"}
    return {
        "reading": sorted(named[one].name for one in reading),
        "after": sorted(named[one].name for one in models - reading),
        "exposures": sorted(named[one].name for one in uses),
        "columns": sorted(f"{named[one].name}.{name}" for one, name in made - {(node, column)}),
    }


@pytest.mark.parametrize("text", ["refunds", "ref", "logistics", "handbook", "weekly"])
def test_a_search_finds_what_reading_everything_finds(stranger: Reader, many: Path, large: Catalog, text: str) -> None:
    shown(stranger, many)
    found = stranger.page.evaluate("(text) => window.sluiceCatalog.measure(text)", text)
    nodes = sum(any(word.startswith(text) for word in every_word(large, at)) for at in range(len(large.nodes)))
    columns = {
        one.name.lower()
        for node in large.nodes
        for one in node.columns
        if any(word.startswith(text) for word in (*words(one.name), *words(one.description, is_prose=True)))
    }
    assert found["counts"] == {"nodes": nodes, "columns": len(columns)}
    assert nodes > 0


def every_word(catalog: Catalog, at: int) -> set[str]:
    """Every word that the catalog says of a node."""
    node = catalog.nodes[at]
    labels = (node.name, node.kind, node.layer, node.schema, node.owner, node.materialized, node.use, *node.tags)
    texts = (node.description, *(check.name for check in node.checks))
    return {word for text in labels for word in words(text)} | {word for text in texts for word in words(text, is_prose=True)}


def test_a_key_touches_only_what_it_finds(stranger: Reader, many: Path, large: Catalog) -> None:
    shown(stranger, many)
    name = next(node.name for node in large.nodes if node.kind == "model")
    work = stranger.page.evaluate("(text) => window.sluiceCatalog.measure(text)", name.rpartition("_")[2])["work"]
    assert work["terms"] < 60  # of some thousand: those that the binary search compares, and those that begin so
    assert work["postings"] < 200
    assert work["documents"] < 100


def test_names_come_first_and_a_name_and_a_column_find_the_column_of_it(stranger: Reader, small: Path) -> None:
    shown(stranger, small)
    assert typed(stranger, "orders").split("\n\n")[1].startswith("Nodes\norders model")
    assert "currency_code of orders" in typed(stranger, "orders curr")
    assert "Nothing is called or described as" in typed(stranger, "qqqq")
    assert "these have some of them" in typed(stranger, "orders qqqq")


@pytest.mark.parametrize("text", ["curency", "currrency", "cusotmers", "dasbhoard"])
def test_a_letter_that_is_wrong_missing_swapped_or_too_many_is_forgiven(stranger: Reader, small: Path, text: str) -> None:
    shown(stranger, small)
    assert stranger.page.evaluate("(text) => window.sluiceCatalog.measure(text)", text)["counts"] != {"nodes": 0, "columns": 0}


def test_keys_search_choose_and_go_back(stranger: Reader, small: Path) -> None:
    page = stranger.page
    shown(stranger, small)
    page.keyboard.press("/")
    page.keyboard.type("report")
    page.evaluate("() => window.sluiceCatalog.settled()")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#catalog-title")
    assert page.evaluate("location.hash") == "#model.report"
    assert page.evaluate("document.activeElement.id") == "catalog-title"
    page.go_back()
    page.wait_for_selector("#catalog-results:not([hidden])")
    page.focus("#catalog-search")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.is_visible("#catalog-list")


def test_filters_narrow_the_list_and_are_in_the_address(stranger: Reader, small: Path) -> None:
    shown(stranger, small)
    stranger.page.select_option("#catalog-owner", label="Finance (1)")
    assert stranger.page.inner_text("#catalog-count") == "1 of 7 nodes"
    assert "owner=Finance" in stranger.page.evaluate("location.hash")
    assert [row.split("\t")[0] for row in stranger.page.inner_text("#catalog-list tbody").splitlines()] == ["report"]


def test_a_long_list_is_shown_on_demand(stranger: Reader, many: Path, large: Catalog) -> None:
    shown(stranger, many)
    assert len(large.nodes) > 200
    rows = stranger.page.locator("#catalog-list tbody tr:visible")
    assert (rows.count(), "the first 200 are shown" in stranger.page.inner_text("#catalog-count")) == (200, True)
    stranger.page.click("text=Show all")
    assert rows.count() == len(large.nodes)


def test_a_level_with_many_nodes_opens_on_demand(stranger: Reader, many: Path, large: Catalog) -> None:
    crowded = max(large.nodes, key=lambda node: sum(node.unique_id in one.parents for one in large.nodes))
    shown(stranger, many, f"#{crowded.anchor}")
    before = stranger.page.locator("svg.graph .box").count()
    stranger.page.locator("svg.graph .more").first.press("Enter")
    assert stranger.page.locator("svg.graph .box").count() > before


def test_an_address_that_leads_nowhere_says_so(stranger: Reader, small: Path) -> None:
    stranger.open(small, "#model.gone")
    assert stranger.page.wait_for_selector("text=The catalog has no model.gone.")
    stranger.open(small, "#model.orders/gone")
    assert stranger.page.wait_for_selector("text=orders has no column gone.")


@pytest.mark.parametrize(
    ("anchor", "dark"),
    [("", True), ("#model.orders", False), ("#model.orders/currency_code", True), ("#column/customer_id", False)],
)
def test_everybody_can_use_it(browser: Any, small: Path, anchor: str, *, dark: bool) -> None:
    """Nothing is serious to axe-core, and nothing is wider than a phone."""
    with reader(browser, dark=dark, width=360) as found:
        shown(found, small, anchor)
        assert judged(found.page) == []
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert found.wrong == []


def test_the_instrument_measures_each_key(browser: Any, tmp_path: Path) -> None:
    figures = made(Size(models=30, columns=5), tmp_path / "site")
    assert figures["page"] > figures["nodes"] > 1000
    typed = keys(browser, tmp_path / "site", ["ordrs"])
    assert [one["text"] for one in typed] == ["o", "or", "ord", "ordr", "ordrs"]
    assert told(typed)[0].startswith("5 keys, processor: median ")
    assert typed[1]["postings"] > 0
