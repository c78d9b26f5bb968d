"""A small project for tests of the catalog: a source, five models, an exposure, and what the history knows of them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from sluice.catalog.describe import describe
from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Catalog, Incident, Node
from sluice.lineage.edges import EVERY, ROWS, Edge, Lineage

NOW = datetime(2026, 1, 31, 6, tzinfo=UTC).replace(tzinfo=None)
PLANTED = "ada@planted.example"
SOURCE, CUSTOMERS, ORDERS, REPORT, PYTHON, OLD = (
    "source.shop.app.customers",
    "model.shop.stg_customers",
    "model.shop.orders",
    "model.shop.report",
    "model.shop.scores",
    "model.shop.orders.v2",
)
DASHBOARD = "exposure.shop.board"


def column(name: str, description: str = "", **meta: Any) -> dict[str, Any]:
    """A column as the manifest has it."""
    return {"name": name, "data_type": "varchar", "description": description, "config": {"meta": meta}, "constraints": []}


def model(unique_id: str, reads: tuple[str, ...], columns: Mapping[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A model as the manifest has it."""
    name = unique_id.split(".")[2]
    told: dict[str, Any] = {
        "unique_id": unique_id,
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": "core",
        "tags": [],
    }
    told |= {"fqn": ["shop", "marts", name], "columns": dict(columns), "depends_on": {"nodes": list(reads)}, "config": {}}
    return {**told, "raw_code": f"select 1 as {name}_raw", "compiled_code": f"select 1 as {name}_compiled", **more}


def columns(*names: str) -> dict[str, dict[str, Any]]:
    """Columns without a description."""
    return {name: column(name) for name in names}


def manifest() -> dict[str, Any]:
    """The manifest: customers' contact is personal, and reaches the report under another name."""
    source = {
        "unique_id": SOURCE,
        "resource_type": "source",
        "source_name": "app",
        "name": "customers",
        "schema": "app",
        "columns": {"id": column("id"), "contact": column("contact", pii=True)},
        "config": {"meta": {"owner": "platform"}},
        "freshness": {"warn_after": {"count": 36, "period": "hour"}, "error_after": {"count": 3, "period": "day"}},
    }
    customers = model(CUSTOMERS, (SOURCE,), columns("customer_id", "contact", "city"), config={"group": "platform"})
    orders = model(
        ORDERS,
        (CUSTOMERS,),
        {"order_id": column("order_id", "Number of the order."), **columns("customer_id", "currency_code", "reached_at")},
        description="One row per order. Late ones included.",
        tags=["daily"],
        config={"group": "sales", "contract": {"enforced": True}, "meta": {"follow": [{}]}},
        primary_key=["order_id"],
        version=1,
    )
    old = model(OLD, (ORDERS,), columns("order_id"), name="orders", alias="orders_v2", version=2, deprecation_date="2027-06-30")
    report = model(REPORT, (ORDERS,), columns("currency", "revenue"), config={"group": "finance"}, schema="finance")
    scores = model(PYTHON, (CUSTOMERS,), columns("score"), language="python")
    test = {
        "unique_id": "test.shop.every_order_has_a_currency",
        "resource_type": "test",
        "name": "every_order_has_a_currency",
        "attached_node": ORDERS,
        "column_name": "currency_code",
        "config": {"severity": "WARN"},
        "test_metadata": {"kwargs": {"column_name": "currency_code"}},
    }
    reported = {
        "unique_id": "test.shop.revenue_is_that_of_orders",
        "resource_type": "test",
        "name": "revenue_is_that_of_orders",
        "depends_on": {"nodes": [ORDERS, REPORT]},
        "raw_code": "select revenue from report join orders using (currency_code)",
    }
    board = {
        "unique_id": DASHBOARD,
        "resource_type": "exposure",
        "name": "board",
        "type": "dashboard",
        "label": "The Board",
        "fqn": ["shop", "board"],
        "owner": {"name": "Ann", "email": "ann@example.com"},
        "depends_on": {"nodes": [REPORT]},
    }
    nodes = {one["unique_id"]: one for one in (report, orders, customers, old, scores, test, reported)}
    groups = {
        f"group.shop.{name}": {"name": name, "owner": {"name": name.title(), "email": f"{name}@example.com"}}
        for name in ("sales", "platform", "finance")
    }
    return deepcopy(
        {
            "metadata": {"project_name": "shop"},
            "nodes": nodes,
            "sources": {SOURCE: source},
            "exposures": {DASHBOARD: board},
            "groups": groups,
        }
    )


LINEAGE = Lineage(
    edges=(
        Edge(SOURCE, "id", CUSTOMERS, "customer_id", "direct", "identity"),
        Edge(SOURCE, "contact", CUSTOMERS, "contact", "direct", "identity"),
        Edge(CUSTOMERS, "customer_id", ORDERS, "customer_id", "direct", "identity"),
        Edge(CUSTOMERS, "contact", ORDERS, "reached_at", "direct", "transformation"),
        Edge(CUSTOMERS, "city", ORDERS, ROWS, "indirect", "filter"),
        Edge(ORDERS, "currency_code", REPORT, "currency", "direct", "identity"),
        Edge(ORDERS, "order_id", REPORT, "revenue", "indirect", "join"),
        Edge(ORDERS, "order_id", OLD, "order_id", "direct", "identity"),
        Edge(CUSTOMERS, EVERY, PYTHON, EVERY, "indirect", "unknown"),
    ),
    columns={},
    untraced={PYTHON: "it is written in python"},
)
NO_LINEAGE = Lineage((), {}, {})


def evidence() -> Evidence:
    """What the history knows; every value that could be personal is PLANTED."""
    counted = {"row_count": 200, "null_count": 50, "distinct_count": 3, "frequent": (), "least": None, "greatest": None}
    frequent = ({"value": "EUR", "rows": 100}, {"value": "GBP", "rows": 50})
    personal = {**counted, "least": PLANTED, "greatest": PLANTED, "frequent": ({"value": PLANTED, "rows": 9},)}
    check = {"severity": "warn", "status": "fail", "failures": 4, "checked_at": NOW, "observed": json.dumps({"message": PLANTED})}
    return Evidence(
        columns={
            "core.orders": tuple(
                (name, "VARCHAR") for name in ("order_id", "customer_id", "currency_code", "reached_at", "extra")
            )
        },
        profiles={
            ("core.orders", ""): {**counted, "bytes": 4096, "measured_at": NOW, "newest_at": NOW},
            ("core.orders", "currency_code"): {**counted, "frequent": frequent},
            ("core.orders", "order_id"): {**counted, "null_count": 0, "least": "1", "greatest": "200"},
            ("core.orders", "reached_at"): personal,
            ("core.stg_customers", "contact"): personal,
            ("core.scores", "score"): personal,
        },
        checks={
            ("data_test", "every_order_has_a_currency", "orders"): {
                **check,
                "check_name": "every_order_has_a_currency",
                "kind": "data_test",
                "column_name": "currency_code",
                "observed": None,
            },
            ("expectation", "few_orders_lack_a_contact", "orders.v1"): {
                **check,
                "check_name": "few_orders_lack_a_contact",
                "kind": "expectation",
                "column_name": "reached_at",
                "expected": '{"column": "reached_at"}',
            },
        },
        builds={ORDERS: {"status": "success", "seconds": 1.5, "started_at": NOW}},
        deliveries={"app.customers": (NOW, 77)},
        due={"core.orders": "06:00 UTC"},
        incidents={ORDERS: (Incident("abcdef0123", "orders are late", "error"),)},
    )


def small() -> Catalog:
    """The catalog of the small project."""
    return describe(manifest(), evidence(), LINEAGE)


def by_id(catalog: Catalog) -> dict[str, Node]:
    """The nodes of a catalog by unique id."""
    return {node.unique_id: node for node in catalog.nodes}


def opened(value: Any) -> Any:
    """What files.squeezed() has made, as a browser opens it."""
    if not isinstance(value, dict) or "z" not in value:
        return value
    return json.loads(zlib.decompress(base64.b64decode(value["z"]), -15))
