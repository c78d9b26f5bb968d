"""Two small demos, made once: one clean, one with many faults; and a DuckDB that reads what was delivered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from sluice.demo import DemoOptions, DemoReport, generate, parse_faults

FAULTS = (
    "malformed_line=0.004,wrong_type=0.004,missing_key=0.004,unknown_reference=0.006,negative_price=0.006,"
    "future_time=0.004,unknown_currency=0.006,duplicate_delivery=0.03,changed_column_order=0.05,new_column=0.05,"
    "truncated_file=0.05"
)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> DemoReport:
    # starts in October, so that seasons show and no month is cut short
    options = DemoOptions(orders=6000, days=92, seed=7, start=date(2025, 10, 1))
    return generate(options, tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> DemoReport:
    options = DemoOptions(orders=3000, days=20, seed=7, faults=parse_faults(FAULTS))
    return generate(options, tmp_path_factory.mktemp("faulty"))


@pytest.fixture(scope="session")
def shop(clean: DemoReport) -> duckdb.DuckDBPyConnection:
    return read_delivered(clean.out)


JSON_LINES = "filename = true, format = 'newline_delimited'"


def read_delivered(out: Path) -> duckdb.DuckDBPyConnection:
    """Tables of everything delivered, typed as the contracts of the sources promise; `filename` is the file a row came in."""
    types = {
        "orders": {"shipping_amount": "decimal(12,2)", "discount_amount": "decimal(12,2)"},
        "order_items": {"unit_price": "decimal(12,2)"},
        "products": {"list_price": "decimal(12,2)", "unit_cost": "decimal(12,2)"},
        "refunds": {"amount": "decimal(12,2)"},
        "customers": {},
        "rates": {"rate": "decimal(18,8)"},
    }
    connection = duckdb.connect()
    for table, columns in types.items():
        source = "fx" if table == "rates" else "shop"
        connection.read_csv(f"{out}/{source}/{table}/*.csv", header=True, dtype=columns, filename=True, quotechar='"').to_table(
            table
        )
    amount = "amount: 'struct(\"value\" decimal(12,2), currency varchar)'"
    connection.execute(
        f"""
        create table transactions as
        select * from read_json('{out}/payments/transactions/*.jsonl', {JSON_LINES}, columns = {{
            transaction_id: 'varchar', order_id: 'bigint', type: 'varchar', {amount},
            card: 'struct(fingerprint varchar, brand varchar, bin varchar, issuer_country varchar)',
            response_code: 'varchar', ip_country: 'varchar',
            buyer: 'struct(customer_id bigint, device varchar)', created_at: 'timestamp'}});
        create table disputes as
        select * from read_json('{out}/payments/disputes/*.jsonl', {JSON_LINES}, columns = {{
            dispute_id: 'varchar', transaction_id: 'varchar', reason: 'varchar', status: 'varchar', {amount},
            opened_at: 'timestamp', updated_at: 'timestamp'}});
        create table events as
        select *, row_number() over () as line_no
        from read_json('{out}/web/events/*.jsonl.gz', {JSON_LINES}, columns = {{
            event_id: 'varchar', visitor_id: 'varchar', customer_id: 'bigint', type: 'varchar',
            occurred_at: 'timestamp',
            page: 'struct("path" varchar, referrer varchar)', product_id: 'bigint', order_id: 'bigint',
            device: 'struct(kind varchar, os varchar)', country_code: 'varchar', campaign: 'varchar'}});
        create macro day_of(file) as regexp_extract(file, '([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[._]', 1)::date;
        create view latest_orders as
        select * from orders qualify row_number() over (partition by order_id order by updated_at desc, status) = 1;
        """
    )
    return connection
