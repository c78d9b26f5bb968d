"""Online Retail in the marts: the figures that an independent query over the files gives, in whatever order it came.

The expected numbers are control totals of the data set and of queries made outside this project.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.helpers.project import REAL_DATA, Project, differences

FEEDS = "feeds/online_retail.yml"
GBP = {"reporting_currency": "GBP"}


@pytest.fixture(scope="module")
def files() -> list[Path]:
    found = sorted((REAL_DATA / "online_retail" / "by_day").glob("*.csv.gz"))
    if not found:
        pytest.skip(f"the data set online_retail is not in {REAL_DATA} (SLUICE_SHARED_DATA)")
    return found


def ingest(project: Project, files: Sequence[Path]) -> None:
    """Deliver the files into the project's folder and ingest them."""
    folder = project.state / "delivered" / "by_day"
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copy(path, folder / path.name)
    project.run("sluice", "ingest", FEEDS, DATA=str(project.state / "delivered"))


def build_models(project: Project) -> None:
    """Seeds and models, incremental where there is something to add to; no tests."""
    project.dbt("build", "--exclude-resource-type", "test", "unit_test")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, files: list[Path]) -> Project:
    """All files in one go, built and tested."""
    project = Project(tmp_path_factory.mktemp("one_go"), variables=GBP)
    ingest(project, files)
    project.dbt("build", "--exclude-resource-type", "unit_test")
    return project


def test_every_line_is_accounted_for(shop: Project) -> None:
    rows = shop.query("""
        select count(*), sum(quantity * unit_price) from (
            select quantity, unit_price from core.fct_order_items where source_system = 'online_retail'
            union all
            select quantity, unit_price from intermediate.int_order_items__judged
            where source_system = 'online_retail' and refusal_reason is not null
        )
    """)
    assert rows[0][0] == 541_909
    assert round(rows[0][1], 2) == Decimal("9747747.93")


def test_rows_and_amounts_are_reconciled(shop: Project) -> None:
    """What landed is what the data set's README counts, and all of it is in the marts or in quarantine."""
    assert shop.query("""
        select sum(delivered_rows), sum(landed_rows), sum(in_marts_rows), sum(quarantined_rows), sum(unaccounted_rows)
        from operations.rpt_reconciliation_rows
    """) == [(541_909, 541_909, 541_909 - 5_268, 5_268, 0)]
    ((currency, landed, in_marts, quarantined, unaccounted),) = shop.query("""
        select currency_code, sum(landed_amount), sum(in_marts_amount), sum(quarantined_amount), sum(abs(unaccounted_amount))
        from operations.rpt_reconciliation_amounts group by all
    """)
    assert (currency, round(landed, 2), unaccounted) == ("GBP", Decimal("9747747.93"), 0)
    assert (round(quarantined, 2), in_marts) == (Decimal("21740.98"), landed - quarantined)


def test_exact_duplicates_are_set_aside_with_their_reason(shop: Project) -> None:
    rows = shop.query("""
        select refusal_reason, count(*), round(sum(quantity * unit_price), 2) from intermediate.int_order_items__judged
        where refusal_reason is not null group by all
    """)
    assert rows == [("exact_duplicate", 5_268, Decimal("21740.98"))]


def test_sales(shop: Project) -> None:
    assert shop.query("""
        select count(*), count(distinct order_id), count(distinct customer_id), sum(line_amount)
        from core.fct_order_items where order_kind = 'sale'
    """) == [(524_877, 19_959, 4_338, Decimal("10631048.744"))]


# Credit notes, without duplicates, and bad debt: what they come to by the letter before their number.
CREDIT_NOTES = (9_251, 3_836, Decimal("-893979.73"))
BAD_DEBT = (3, 3, Decimal("-11062.06"))
# Of the credit notes, those of AMAZONFEE, BANK CHARGES and CRUK: the shop bears them, and no customer gets them back.
FEES = (32 + 25 + 16, 32 + 25 + 16, Decimal("-235281.59") + Decimal("-7340.64") + Decimal("-7933.43"))


def test_cancellations_and_adjustments(shop: Project) -> None:
    """Fees on credit notes are not refunds: they are beside revenue, with bad debt, and nothing of them is lost."""
    found = shop.query("""
        select order_kind, count(*), count(distinct order_id), round(sum(line_amount), 2)
        from core.fct_order_items where order_kind in ('cancellation', 'adjustment') group by all order by 1
    """)
    assert found == [
        ("adjustment", BAD_DEBT[0] + FEES[0], BAD_DEBT[1] + FEES[1], BAD_DEBT[2] + FEES[2]),
        ("cancellation", CREDIT_NOTES[0] - FEES[0], CREDIT_NOTES[1] - FEES[1], CREDIT_NOTES[2] - FEES[2]),
    ]
    assert shop.query("select sum(refund_amount), round(sum(adjustment_amount), 2) from finance.rpt_revenue_daily") == [
        (-(CREDIT_NOTES[2] - FEES[2]), BAD_DEBT[2] + FEES[2])
    ]


def test_fees_on_credit_notes_are_what_the_files_say(files: list[Path]) -> None:
    """By a query of its own over the files: distinct lines of C invoices with these codes, on invoices of their own."""
    with duckdb.connect() as connection:
        found = connection.execute(f"""
            with lines as (
                select distinct *
                from read_csv({[str(path) for path in files]}, all_varchar = true)
            )
            select count(*), count(distinct InvoiceNo), sum(cast(Quantity as integer) * cast(UnitPrice as decimal(18, 4)))
            from lines where InvoiceNo like 'C%' and upper(StockCode) in ('AMAZONFEE', 'BANK CHARGES', 'CRUK')
        """).fetchall()
    assert found == [FEES]


def test_a_code_in_two_spellings_is_one_product(shop: Project, files: list[Path]) -> None:
    with duckdb.connect() as connection:
        ((codes, spelled),) = connection.execute(f"""
            select count(distinct upper(StockCode)), count(distinct StockCode)
            from read_csv({[str(path) for path in files]}, all_varchar = true) where regexp_matches(StockCode, '^[0-9]{{5}}')
        """).fetchall()
    assert spelled - codes == 111
    assert shop.query("select count(*), count(distinct upper(sku)) from core.dim_products") == [(codes, codes)]
    assert shop.query("select count(*) from checks.no_product_is_written_in_two_ways") == [(0,)]
    assert shop.query("select count(*) from checks.every_code_is_known") == [(0,)]


def test_sales_by_month(shop: Project) -> None:
    assert shop.query("""
        select strftime(ordered_at, '%Y-%m'), round(sum(line_amount), 2) from core.fct_order_items
        where order_kind = 'sale' and strftime(ordered_at, '%Y-%m') in ('2010-12', '2011-11') group by all order by 1
    """) == [("2010-12", Decimal("821452.73")), ("2011-11", Decimal("1503866.78"))]


def test_what_is_no_sale_cancellation_or_adjustment_moves_stock_only(shop: Project) -> None:
    """541,909 lines less duplicates, sales, credit notes and bad debt; none of them is worth anything."""
    assert shop.query("""
        select count(*), sum(line_amount) from core.fct_order_items where order_kind = 'stock_write_off'
    """) == [(541_909 - 5_268 - 524_877 - 9_251 - 3, Decimal(0))]


def test_service_codes_are_no_products(shop: Project) -> None:
    """Counts of POST, DOT, C2 ... are from the data set's README, before duplicates."""
    assert shop.query("""
        select count(*) from core.dim_products
        where product_id in ('online_retail:POST', 'online_retail:DOT', 'online_retail:M', 'online_retail:BANK CHARGES',
            'online_retail:AMAZONFEE', 'online_retail:CRUK', 'online_retail:C2', 'online_retail:D', 'online_retail:S')
    """) == [(0,)]


def test_countries_become_iso_codes_where_they_can(shop: Project) -> None:
    rows = dict(shop.query("select ship_country_code, count(*) from core.fct_orders group by all"))
    assert {"GB", "IE", "ZA", "US", "DE", "FR", "NL"} <= set(rows)
    assert None in rows  # European Community, Unspecified, Channel Islands


def test_first_then_last_then_the_days_between_and_every_file_again(shop: Project, tmp_path: Path, files: list[Path]) -> None:
    """Builds add days at the end and days that come late, and what comes again is not read again."""
    another = Project(tmp_path, variables=GBP)
    for days in (files[:1], files[-40:]):
        ingest(another, days)
        build_models(another)
    for path in files:
        # Other bytes and another name, the same content: nothing of it is read again.
        delivered = another.state / "delivered" / "by_day" / f"again_{path.name}"
        delivered.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1, mtime=1))
    ingest(another, files[1:-40])
    build_models(another)
    assert another.query("select sum(delivered_rows) from operations.rpt_reconciliation_rows") == [(541_909,)]
    assert differences(shop, another, shop.marts_of_the_shop()) == {}
