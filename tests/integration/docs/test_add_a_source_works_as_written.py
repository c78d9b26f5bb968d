"""docs/add-a-source.md and its second example, followed to the letter: the shops are published, with the known figures."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.helpers.project import REAL_DATA, REPOSITORY, Project, copy_project

PAGES = {
    "oracle_customer_orders": REPOSITORY / "docs" / "add-a-source.md",
    "sakila": REPOSITORY / "docs" / "add-a-source-sakila.md",
}
BLOCK = re.compile(r"(?:`(?P<file>[\w/.]+)`\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)
INVOICES = "feeds/online_retail.yml"


def blocks(shop: str) -> list[re.Match[str]]:
    """What the page of a shop asks for, in its order."""
    return list(BLOCK.finditer(PAGES[shop].read_text()))


def apply_diff(folder: Path, diff: str) -> None:
    """Put the lines with a plus behind the line before them, in vars.yml."""
    path = folder / "vars.yml"
    before, *added = (line[1:] for line in diff.splitlines())
    text = path.read_text()
    assert text.count(before + "\n") == 1
    path.write_text(text.replace(before + "\n", "\n".join([before, *added, ""])))


def write(folder: Path, shop: str) -> None:
    """Write the files that the page shows, and change the variables as it says."""
    for block in blocks(shop):
        if block["file"]:
            (folder / block["file"]).parent.mkdir(parents=True, exist_ok=True)
            (folder / block["file"]).write_text(block["text"])
        elif block["kind"] == "diff":
            apply_diff(folder, block["text"])


@dataclass(frozen=True)
class Published:
    """A release that prod pointed to when this was made: a later one does not change it."""

    project: Project
    file: Path

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the release, alone: its views read nothing else."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def document(self, name: str) -> dict[str, Any]:
        """What is kept with the release: its record, its audit, dbt's results."""
        found: dict[str, Any] = json.loads((self.file.parent / name).read_text())
        return found


def published(project: Project) -> Published:
    """What prod points to now."""
    return Published(project, (project.state / "warehouse" / "prod.duckdb").resolve())


def run_as_written(project: Project, shop: str, data: Path, **more: str) -> list[tuple[Any, ...]]:
    """Run the page's commands, and give what its query answers in prod."""
    answer: list[tuple[Any, ...]] = []
    for block in blocks(shop):
        if block["kind"] == "sh":
            for line in block["text"].splitlines():
                project.run(*line.split(), DATA=str(data), **more)
        elif block["kind"] == "sql" and not block["file"]:
            answer = published(project).query(block["text"])
    return answer


def only(folder: Path, shops: list[Any], currency: str) -> None:
    """The variables of a deployment that has just these sources, as the page says."""
    path = folder / "vars.yml"
    text = path.read_text()
    start, end = text.index("  sources:\n"), text.index("  # Entities that a source has no table of")
    listed = "".join(f"    {line}\n" for line in yaml.safe_dump(shops).splitlines())
    text = text[:start] + "  sources:\n" + listed + text[end:]
    assert text.count("reporting_currency: EUR\n") == text.count("paid_sources: [shop]\n") == 1
    text = text.replace("reporting_currency: EUR\n", f"reporting_currency: {currency}\n")
    path.write_text(text.replace("paid_sources: [shop]\n", "paid_sources: []\n"))


def complete_orders(data: Path) -> tuple[Any, ...]:
    """Orders, lines and amount of the complete orders, from the files alone."""
    with duckdb.connect() as connection:
        ((*found,),) = connection.execute(f"""
            select count(distinct order_id), count(*), sum(quantity * unit_price::decimal(18, 2))
            from read_csv('{data}/order_items.csv.gz') as items join read_csv('{data}/orders.csv.gz') as orders using (order_id)
            where order_status = 'COMPLETE'
        """).fetchall()
    assert found[0] == 1892  # the data set's README
    return tuple(found)


def some_invoices(data: Path, folder: Path) -> Path:
    """The first thirty days of the invoices, in a folder of their own."""
    (folder / "by_day").mkdir(parents=True)
    for file in sorted((data / "by_day").glob("*.csv.gz"))[:30]:
        shutil.copy(file, folder / "by_day")
    return folder


def sales(data: Path) -> tuple[Any, ...]:
    """Orders, lines and amount of the invoices' sales, from the files alone: for all days they are the known figures."""
    with duckdb.connect() as connection:
        ((*found,),) = connection.execute(f"""
            with lines as (select distinct * from read_csv('{data}/by_day/*.csv.gz', all_varchar = true))
            select count(distinct InvoiceNo), count(*), sum(Quantity::integer * UnitPrice::decimal(18, 3))
            from lines where left(InvoiceNo, 1) not in ('A', 'C') and Quantity::integer > 0 and UnitPrice::decimal(18, 3) > 0
        """).fetchall()
    return tuple(found)


@pytest.fixture(scope="module")
def beside() -> tuple[Path, Path, Path]:
    """The data of Oracle's shop, of Sakila and of the invoices."""
    names = ("oracle_customer_orders", "sakila", "online_retail")
    found = tuple(REAL_DATA / name for name in names)
    missing = [path.name for path in found if not path.is_dir()]
    if missing:
        pytest.skip(f"the data sets {', '.join(missing)} are not in {REAL_DATA} (SLUICE_SHARED_DATA)")
    return found[0], found[1], found[2]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, beside: tuple[Path, Path, Path]) -> Published:
    """A clone in which somebody follows the first page, with no other data: the shop is the first release of prod.

    The unit tests are run with both pages' shops, below.
    """
    root = tmp_path_factory.mktemp("add_a_source")
    project = Project(root / "state", copy_project(root / "copy"))
    write(project.folder, "oracle_customer_orders")
    assert run_as_written(project, "oracle_customer_orders", beside[0], DBT_EXCLUDE_RESOURCE_TYPES="unit_test") == [
        ("oracle_customer_orders", *complete_orders(beside[0]))
    ]
    return published(project)


def test_the_page_publishes_the_shop(first: Published) -> None:
    record = first.document("release.json")
    assert (record["environment"], record["audit"]["status"], record["audit"]["failed"]) == ("prod", "pass", 0)


def test_everything_of_it_is_in_the_marts(first: Published) -> None:
    """The rows that the data set's README counts; none is refused or unaccounted for."""
    assert first.query("""
        select feed, sum(delivered_rows), sum(in_marts_rows), sum(unaccounted_rows) from operations.rpt_reconciliation_rows
        group by all order by all
    """) == [
        ("oracle_customer_orders.customers", 392, 392, 0),
        ("oracle_customer_orders.order_items", 3_914, 3_914, 0),
        ("oracle_customer_orders.orders", 1_950, 1_950, 0),
        ("oracle_customer_orders.products", 46, 46, 0),
    ]
    assert first.query("select order_status, count(*) from core.fct_orders group by all order by all") == [
        ("cancelled", 35 + 23),
        ("delivered", 1_892),
    ]


@pytest.fixture(scope="module")
def both(first: Published, beside: tuple[Path, Path, Path]) -> Published:
    """The same clone, in which the demo came, and somebody follows the second page: a release that adds to the first."""
    project = first.project
    project.run("sluice", "demo", "--orders", "400", "--days", "8", "--out", str(project.state / "demo"))
    project.run("sluice", "ingest", "feeds/demo.yml")
    write(project.folder, "sakila")
    answer = run_as_written(project, "sakila", beside[1])
    assert [row for row in answer if row[0] != "shop"] == [
        ("oracle_customer_orders", *complete_orders(beside[0])),
        # the data set's README
        ("sakila", 16_044, 16_049, Decimal("67416.51")),
    ]
    assert answer[-1][0] == "shop"
    return published(project)


def test_the_second_page_publishes_rentals_and_payments(both: Published) -> None:
    assert both.document("release.json")["audit"]["status"] == "pass"
    assert both.query("""
        select count(*), sum(payment_amount), cast(min(created_on) as varchar), cast(max(created_on) as varchar)
        from core.fct_payments where source_system = 'sakila'
    """) == [(16_049, Decimal("67416.51"), "2005-05-24", "2006-02-14")]
    assert both.query("""
        select count(*), count(*) filter (where order_status = 'shipped') from core.fct_orders where source_system = 'sakila'
    """) == [(16_044, 183)]
    assert both.query("""
        select sum(delivered_rows), sum(in_marts_rows), sum(unaccounted_rows) from operations.rpt_reconciliation_rows
        where feed like 'sakila.%'
    """) == [(599 + 1_000 + 16_044 + 16_049, 599 + 1_000 + 16_044 + 16_049, 0)]


def test_lookups_are_joined_by_their_newest_version(both: Published, beside: tuple[Path, Path, Path]) -> None:
    """Films by category and customers by city, as a query over the files has them."""
    data = beside[1]
    tables = {name: f"read_csv('{data}/{name}.csv.gz')" for name in ("film_category", "category", "customer", "address", "city")}
    with duckdb.connect() as connection:
        films = connection.execute(f"""
            select name, count(*) from {tables["film_category"]} join {tables["category"]} using (category_id)
            group by all order by all
        """).fetchall()
        cities = connection.execute(f"""
            select customer_id, city from {tables["customer"]} join {tables["address"]} using (address_id)
            join {tables["city"]} using (city_id) order by customer_id
        """).fetchall()
    assert (
        both.query("""
        select category, count(*) from core.dim_products where source_system = 'sakila' group by all order by all
    """)
        == films
    )
    assert (
        both.query("""
        select cast(split_part(customer_id, ':', 2) as bigint) as number, city from core.dim_customers
        where source_system = 'sakila' order by number
    """)
        == cities
    )


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, beside: tuple[Path, Path, Path]) -> tuple[Path, Path, Path]:
    """The same, with some of the invoices."""
    return beside[0], beside[1], some_invoices(beside[2], tmp_path_factory.mktemp("some"))


def test_sales_by_the_files_alone_are_the_known_figures(beside: tuple[Path, Path, Path]) -> None:
    assert sales(beside[2]) == (19_959, 524_877, Decimal("10631048.744"))


@pytest.fixture(scope="module")
def in_pounds(tmp_path_factory: pytest.TempPathFactory, three: tuple[Path, Path, Path]) -> Published:
    """A deployment of the three shops alone that reports in GBP."""
    root = tmp_path_factory.mktemp("three_shops")
    project = Project(root / "state", copy_project(root / "copy"))
    for shop in PAGES:
        write(project.folder, shop)
    sources = yaml.safe_load((project.folder / "vars.yml").read_text())["vars"]["sources"]
    mine = [one for one in sources if not isinstance(one, dict) or "sakila" in one]
    only(project.folder, mine, "GBP")
    feeds = ("feeds/oracle_customer_orders.yml", "feeds/sakila.yml", INVOICES)
    for feed, data in zip(feeds, three, strict=True):
        project.run("sluice", "ingest", feed, DATA=str(data))
    project.run("sluice", "run", "--env", "prod")
    return published(project)


def test_three_shops_alone_are_published_in_another_currency(in_pounds: Published, three: tuple[Path, Path, Path]) -> None:
    assert in_pounds.document("release.json")["audit"]["status"] == "pass"
    assert in_pounds.query("""
        select source_system, count(distinct order_id), count(*), sum(line_amount), sum(line_amount_reporting)
        from core.fct_order_items where is_revenue group by all order by all
    """) == [
        ("online_retail", *sales(three[2]), sales(three[2])[-1]),
        ("oracle_customer_orders", *complete_orders(three[0]), None),
        ("sakila", 16_044, 16_049, Decimal("67416.51"), None),
    ]
    assert in_pounds.query("select sum(unaccounted_rows) from operations.rpt_reconciliation_rows") == [(0,)]


def test_amounts_without_a_rate_are_counted_and_their_days_are_still_looked_at(in_pounds: Published) -> None:
    """Nothing is blind for want of a rate: dollars are counted as not converted, and compared as dollars."""
    assert in_pounds.query("""
        select source_system, count(*) from core.fct_order_items where line_amount_reporting is null group by all order by all
    """) == [("oracle_customer_orders", 3_914), ("sakila", 16_049)]
    results = in_pounds.document("run_results.json")["results"]
    (rated,) = (one for one in results if one["unique_id"].split(".")[2] == "every_line_amount_has_a_rate")
    assert (rated["status"], rated["failures"]) == ("warn", 3_914 + 16_049)
    followed = in_pounds.document("audit/audit.json")["charts"]["series"]
    found = {series["dimension"]: series["points"] for series in followed if series["measure"] == "median_order_amount"}
    assert found["source_system=oracle_customer_orders"] > 300


def test_limits_of_the_demo_say_nothing_of_other_shops(in_pounds: Published) -> None:
    audit = in_pounds.document("audit/audit.json")
    ended = {check["name"]: check["status"] for model in audit["models"] for check in model["checks"]}
    assert "the_shop_sells_for_usual_amounts" in ended
    assert not {name for name, status in ended.items() if status in ("fail", "error")}


@pytest.mark.parametrize("shop", PAGES)
def test_no_mart_macro_or_test_had_to_change(shop: str) -> None:
    written = {block["file"]: len(block["text"].splitlines()) for block in blocks(shop) if block["file"]}
    assert written
    assert all(file.startswith((f"feeds/{shop}.yml", f"models/staging/{shop}/")) for file in written)


def test_the_first_page_is_short() -> None:
    written = [len(block["text"].splitlines()) for block in blocks("oracle_customer_orders") if block["file"]]
    assert len(written) <= 6
    assert sum(written) <= 150
