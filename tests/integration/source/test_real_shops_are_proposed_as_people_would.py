"""Data that nobody here made: each table and column is proposed as a person who knows the data would, or left to that person."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.helpers.new_source import sluice
from tests.helpers.project import REPOSITORY
from tests.integration.source.test_a_source_is_added_from_its_data import landed

from sluice.core.progress import silent
from sluice.source.add import Given, plan
from sluice.source.project import load
from sluice.source.vocabulary import snake


@dataclass(frozen=True)
class Shop:
    """What is true of a data set: the tables of entities, the keys, rows by table, the common columns that are in it.

    `by_hand` are common columns that it has, and that only a person finds.
    """

    folder: str
    entities: dict[str, str]
    keys: dict[str, tuple[str, ...]]
    rows: dict[str, int]
    columns: dict[str, dict[str, str]]
    by_hand: dict[str, set[str]] = field(default_factory=dict)


ORACLE = Shop(
    "oracle_customer_orders",
    {"customers": "customers", "products": "products", "orders": "orders", "order_items": "order_items"},
    {
        "customers": ("customer_id",),
        "products": ("product_id",),
        "orders": ("order_id",),
        "order_items": ("order_id", "line_item_id"),
        "inventory": ("product_id", "store_id"),
        "shipments": ("shipment_id",),
        "stores": ("store_id",),
    },
    {"customers": 392, "products": 46, "stores": 23, "orders": 1950, "order_items": 3914, "shipments": 1892, "inventory": 566},
    {
        "customers": {"customer_id": "customer_id", "email": "email_address", "full_name": "full_name"},
        "products": {"product_id": "product_id", "product_name": "product_name", "list_price": "unit_price"},
        "orders": {"order_id": "order_id", "customer_id": "customer_id", "order_status": "order_status"},
        "order_items": {
            "order_item_id": "order_id line_item_id",
            "order_id": "order_id",
            "product_id": "product_id",
            "quantity": "quantity",
            "unit_price": "unit_price",
        },
    },
    # A number that serves as one, a field of JSON, times with nanoseconds, a store that is the web shop.
    {"products": {"sku", "category"}, "orders": {"ordered_at", "channel"}},
)
RETAIL = Shop(
    "online_retail",
    {"customers": "by_day", "products": "by_day", "orders": "by_day", "order_items": "by_day"},
    {"by_day": ()},
    {"by_day": 541_909},
    {
        "customers": {"customer_id": "customer_id"},
        "products": {"product_id": "stock_code", "sku": "stock_code", "product_name": "description", "list_price": "unit_price"},
        "orders": {"order_id": "invoice_no", "customer_id": "customer_id", "ordered_at": "invoice_date"},
        "order_items": {
            "order_id": "invoice_no",
            "product_id": "stock_code",
            "description": "description",
            "quantity": "quantity",
            "unit_price": "unit_price",
        },
    },
    # Names of countries, letters before an invoice's number, codes of services, when a line was booked.
    {
        "customers": {"country_code", "updated_at"},
        "products": {"updated_at"},
        "orders": {"ship_country_code", "order_kind", "updated_at"},
        "order_items": {"order_item_id", "order_kind", "line_kind", "updated_at"},
    },
)
SAKILA = Shop(
    "sakila",
    {"customers": "customer", "orders": "rental", "payments": "payment"},
    {
        "address": ("address_id",),
        "category": ("category_id",),
        "city": ("city_id",),
        "country": ("country_id",),
        "customer": ("customer_id",),
        "film": ("film_id",),
        "film_category": ("film_id",),
        "inventory": ("inventory_id",),
        "payment": ("payment_id",),
        "rental": ("rental_id",),
        "staff": ("staff_id",),
        "store": ("store_id",),
    },
    {"customer": 599, "address": 603, "city": 600, "country": 109, "store": 2, "staff": 2, "category": 16, "film": 1000}
    | {"film_category": 1000, "inventory": 4581, "rental": 16_044, "payment": 16_049},
    {
        "customers": {
            "customer_id": "customer_id",
            "email": "email",
            "full_name": "first_name last_name",
            "signed_up_at": "create_date",
            "updated_at": "last_update",
        },
        "orders": {
            "order_id": "rental_id",
            "customer_id": "customer_id",
            "ordered_at": "rental_date",
            "updated_at": "last_update",
        },
        "payments": {
            "payment_id": "payment_id",
            "order_id": "rental_id",
            "customer_id": "customer_id",
            "amount": "amount",
            "created_at": "payment_date",
        },
    },
    # Behind an address; whether it was given back.
    {"customers": {"country_code", "city"}, "orders": {"order_status"}},
)
FRAUD = Shop(
    "aws_fraud_samples",
    {"customers": "registration_data_20k_minimum", "payments": "transaction_data_2k_coldstart"},
    {
        "registration_data_20k_minimum": (),
        "registration_data_2k_coldstart": (),
        "transaction_data_2k_coldstart": ("event_id",),
    },
    {
        "registration_data_20k_minimum": 20_000,
        "registration_data_2k_coldstart": 2000,
        "transaction_data_2k_coldstart": 1611,
    },
    {
        "customers": {"email": "email_address", "signed_up_at": "event_timestamp"},
        "payments": {
            "payment_id": "event_id",
            "customer_id": "entity_id",
            "merchant_id": "merchant",
            "amount": "order_price",
            "currency_code": "payment_currency",
            "card_bin": "card_bin",
            "created_at": "event_timestamp",
        },
    },
    {"customers": {"customer_id"}},
)
SHOPS = [ORACLE, RETAIL, SAKILA, FRAUD]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a proposal reads of this project, and nothing else of it."""
    for name in ("dbt_project.yml", "environments.yml", "vars.yml"):
        (tmp_path / name).write_text((REPOSITORY / name).read_text())
    for path in (REPOSITORY / "models").rglob("*.*"):
        if path.suffix in (".yml", ".md"):
            copy = tmp_path / path.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.folder)
def test_tables_keys_and_columns(shop: Shop, real_data: Path) -> None:
    proposal = plan("acme", Given((str(real_data / shop.folder),)), load(), silent).proposal
    assert {one.entity: one.table.name for one in proposal.stagings} == shop.entities
    assert {table.name: table.key for table in proposal.tables} == shop.keys
    assert {table.name: table.facts.rows for table in proposal.tables} == shop.rows
    for one in proposal.stagings:
        no_key = "content of the row"
        taken = {column.name: " ".join(map(snake, column.used)) for column in one.columns if column.used and column.how != no_key}
        assert taken == shop.columns[one.entity]
        sure = {column.name for column in one.columns if column.used and not column.ask}
        assert not sure & shop.by_hand.get(one.entity, set())


@pytest.mark.parametrize("shop", [ORACLE, SAKILA, FRAUD], ids=lambda shop: shop.folder)
def test_every_row_lands_by_the_proposed_contract(
    shop: Shop, real_data: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", str(real_data))
    assert sluice("source", "add", "acme", str(real_data / shop.folder), "--yes").code == 0
    reports = [one.report for one in landed("acme", tmp_path / "trial")]
    assert {report.feed: (report.rows_landed, report.rows_quarantined, report.refused) for report in reports} == {
        f"acme.{table}": (rows, 0, ()) for table, rows in shop.rows.items()
    }
    assert project.is_dir()


@pytest.mark.usefixtures("project")
def test_impressions_and_features_are_no_entity(real_data: Path) -> None:
    """Clicks on recommendations: what was shown, with no customer, no order and no kind of event."""
    files = [str(real_data / "open_bandit" / f"bts_men_{what}.csv.gz") for what in ("log", "item_context")]
    proposal = plan("acme", Given(tuple(files)), load(), silent).proposal
    assert proposal.stagings == ()
    rows = {table.name: (table.facts.rows, table.key) for table in proposal.tables}
    assert rows == {"bts_men_item_context": (34, ("item_id",)), "bts_men_log": (10_000, ())}
    assert all("column 1 of the header has no name" in table.facts.notes[0] for table in proposal.tables)
