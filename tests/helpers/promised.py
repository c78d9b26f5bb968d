"""A small project with promises of every kind, as dbt's manifest has them, and a file that keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from sluice.odcs.contract import Project
from sluice.quality.expectations.declared import declared

ORDERS, CUSTOMERS, HIDDEN = "model.shop.orders.v2", "model.shop.customers", "model.shop.hidden"
SOURCE = "source.shop.till.sales"


def _model(name: str, **said: Any) -> dict[str, Any]:
    fixed: dict[str, Any] = {
        "resource_type": "model", "name": name, "alias": name, "schema": "core", "access": "public", "tags": [], "columns": {},
        "config": {"materialized": "table"}, "depends_on": {"nodes": []}, "constraints": [], "package_name": "shop",
    }  # fmt: skip
    return {**fixed, "unique_id": f"model.shop.{name}", **said}


def _test(name: str, of: str | None = ORDERS, **said: Any) -> dict[str, Any]:
    reads = said.pop("reads", [of])
    config = {"severity": "ERROR", "fail_calc": "count(*)", "error_if": "!= 0", "warn_if": "!= 0", **said.pop("config", {})}
    fixed: dict[str, Any] = {"resource_type": "test", "name": name, "attached_node": of, "depends_on": {"nodes": reads}}
    return {**fixed, "unique_id": f"test.shop.{name}", "config": config, "column_name": None, **said}


def _generic(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"test_metadata": {"name": kind, "namespace": None, "kwargs": arguments}, "column_name": arguments.get("column_name")}


def manifest() -> dict[str, Any]:
    """dbt's manifest of it."""
    not_null = [{"type": "not_null"}]
    checks = [
        {"name": "there_are_orders", "expectation": "expect_table_row_count_to_be_between", "arguments": {"min_value": 1}},
        {
            "name": "nearly_all_are_paid", "expectation": "ExpectColumnValuesToBeInSet", "severity": "warn",
            "arguments": {"column": "status", "value_set": ["paid"], "mostly": 0.9, "row_condition": 'col("amount") > 0'},
        },
        {
            "name": "no_order_is_huge", "expectation": "unexpected_rows_expectation",
            "arguments": {"unexpected_rows_query": "select * from {batch} where amount > 1000;"},
        },
        {"name": "amounts_are_usual", "expectation": "expect_column_stdev_to_be_between", "arguments": {"column": "amount"}},
    ]  # fmt: skip
    orders = _model(
        "orders", unique_id=ORDERS, version=2, group="sales", description="One row per order. As the till knows it.",
        constraints=[{"type": "primary_key", "columns": ["order_id"]}],
        config={"materialized": "incremental", "meta": {"expectations": checks}},
        columns={
            "order_id": {"name": "order_id", "description": "Its number.", "constraints": not_null},
            "email": {"name": "email", "config": {"meta": {"pii": "contact"}}},
        },
    )  # fmt: skip
    tests = [
        _test("every_order_is_there_once", **_generic("unique", column_name="order_id")),
        _test("every_status_is_known", **_generic("accepted_values", column_name="status", values=["paid", "open"])),
        _test("few_orders_lack_an_amount", **_generic("not_null", column_name="amount"),
              compiled_code='select * from "w"."core"."orders" where amount is null', config={"error_if": "> 1"}),
        _test("an_order_and_a_day", **_generic("unique_together", columns=["order_id", "day_on"])),
        _test("every_customer_is_known", **_generic("relationships", column_name="customer_id", field="customer_id"),
              reads=[CUSTOMERS, ORDERS], config={"severity": "warn"},
              compiled_code='with child as (select customer_id as c from "w"."core"."orders") select c from child '
                            'where c not in (select customer_id from "w"."core"."customers")'),
        _test("amounts_add_up", None, reads=[HIDDEN, ORDERS], compiled_code='select 1 from "w"."core"."hidden"'),
        _test("no_amount_is_negative", None, reads=[ORDERS], compiled_code='select * from "w"."core"."orders" where amount < 0'),
    ]  # fmt: skip
    source = {
        "resource_type": "source", "unique_id": SOURCE, "source_name": "till", "name": "sales", "identifier": "sales",
        "schema": "till", "source_description": "What the till sends.", "description": "One row per sale.", "tags": [],
        "columns": {"id": {"name": "id", "data_type": "bigint", "constraints": not_null}},
        "loaded_at_field": "_loaded_at", "freshness": {"error_after": {"count": 24, "period": "hour"}},
        "meta": {"owner": "sales", "key": ["id"], "external_location": "delta_scan('/home/me/lake/raw/till/{name}')"},
    }  # fmt: skip
    board = {
        "name": "board", "label": "Order board", "meta": {"by": "08:00", "zone": "Europe/Berlin"},
        "depends_on": {"nodes": [ORDERS]},
    }  # fmt: skip
    models = [orders, _model("customers", columns={"customer_id": {"name": "customer_id"}}), _model("hidden", access="private")]
    return {
        "metadata": {"project_name": "shop"},
        "nodes": {node["unique_id"]: node for node in (*models, *tests)},
        "sources": {SOURCE: source},
        "exposures": {"exposure.shop.board": board},
        "groups": {"group.shop.sales": {"name": "sales", "owner": {"name": "Sales", "email": "sales@shop.example"}}},
    }


COLUMNS = {
    "core.orders": (
        ("order_id", "BIGINT"), ("customer_id", "BIGINT"), ("day_on", "DATE"), ("status", "VARCHAR"), ("amount", "DECIMAL(9,2)"),
        ("email", "VARCHAR"),
    ),
    "core.customers": (("customer_id", "BIGINT"),),
}  # fmt: skip


def project(**said: Any) -> Project:
    """What its contracts are made from."""
    found = manifest()
    audited = {one.unique_id: one for one in declared(found)}
    fixed: dict[str, Any] = {
        "environment": "prod",
        "database": "warehouse/prod.duckdb",
        "lake": "lake",
        "files": {"": "data/shop.duckdb"},
        "built": COLUMNS,
    }
    return Project(**{"manifest": found, "audited": audited, **fixed, **said})


def warehouse(path: Path) -> None:
    """A file in which every promise is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema core")
        for relation, columns in COLUMNS.items():
            connection.execute(f"create table {relation} ({', '.join(f'{name} {kind}' for name, kind in columns)})")
        connection.execute("insert into core.customers values (1), (2)")
        connection.execute(
            "insert into core.orders select n, 1 + n % 2, date '2026-01-01', 'paid', n, 'a@shop.example' from range(20) r(n)"
        )
