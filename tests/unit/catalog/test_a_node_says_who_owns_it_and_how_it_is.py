"""The catalog takes owners, columns, checks, freshness and figures from where a project has them, else it is empty."""

from __future__ import annotations

import pytest
from tests.helpers import catalogs
from tests.helpers.catalogs import CUSTOMERS, DASHBOARD, NO_LINEAGE, NOW, OLD, ORDERS, PYTHON, REPORT, SOURCE

from sluice.catalog.describe import describe
from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Catalog, Node


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return catalogs.small()


@pytest.fixture(scope="module")
def nodes(catalog: Catalog) -> dict[str, Node]:
    return catalogs.by_id(catalog)


@pytest.mark.parametrize(
    ("unique_id", "owner"),
    [
        (ORDERS, "Sales <sales@example.com>"),  # of its group
        (SOURCE, "Platform <platform@example.com>"),  # of the group that `meta: owner` names
        (DASHBOARD, "Ann <ann@example.com>"),  # its own
        (PYTHON, ""),
    ],
)
def test_an_owner_is_found(nodes: dict[str, Node], unique_id: str, owner: str) -> None:
    assert nodes[unique_id].owner == owner


def test_an_owner_that_is_not_a_group_is_shown_as_it_is() -> None:
    manifest = catalogs.manifest()
    manifest["sources"][SOURCE]["config"]["meta"]["owner"] = "somebody@example.com"
    assert catalogs.by_id(describe(manifest, Evidence(), NO_LINEAGE))[SOURCE].owner == "somebody@example.com"


def test_anchors_say_kind_and_name(nodes: dict[str, Node]) -> None:
    assert [nodes[one].anchor for one in (ORDERS, OLD, SOURCE, DASHBOARD)] == [
        "model.orders",
        "model.orders.v2",
        "source.app.customers",
        "exposure.board",
    ]


def test_one_name_in_two_packages_keeps_two_anchors() -> None:
    manifest = catalogs.manifest()
    manifest["nodes"]["model.other.report"] = catalogs.model("model.other.report", (), {})
    found = catalogs.by_id(describe(manifest, Evidence(), NO_LINEAGE))
    assert {found[REPORT].anchor, found["model.other.report"].anchor} == {REPORT, "model.other.report"}


def test_parents_come_before_children(catalog: Catalog) -> None:
    seen: set[str] = set()
    for node in catalog.nodes:
        assert set(node.parents) <= seen
        seen.add(node.unique_id)
    assert len(seen) == 7


def test_columns_are_those_of_the_warehouse_and_then_those_that_only_yaml_has(nodes: dict[str, Node]) -> None:
    orders = {one.name: one for one in nodes[ORDERS].columns}
    assert list(orders) == ["order_id", "customer_id", "currency_code", "reached_at", "extra"]
    assert (orders["order_id"].description, orders["order_id"].constraints) == ("Number of the order.", ("key",))
    assert orders["extra"].in_warehouse
    assert all(one.in_warehouse is None for one in nodes[REPORT].columns)  # nobody looked


def test_a_column_that_the_warehouse_lacks_is_marked() -> None:
    manifest = catalogs.manifest()
    manifest["nodes"][ORDERS]["columns"]["gone"] = catalogs.column("gone")
    orders = catalogs.by_id(describe(manifest, catalogs.evidence(), NO_LINEAGE))[ORDERS]
    assert [one.name for one in orders.columns if one.in_warehouse is False] == ["gone"]


def test_examples_are_frequent_values_or_the_ends(nodes: dict[str, Node]) -> None:
    orders = {one.name: one for one in nodes[ORDERS].columns}
    assert (orders["currency_code"].examples, orders["currency_code"].is_range) == (("EUR", "GBP"), False)
    assert (orders["order_id"].examples, orders["order_id"].is_range) == (("1", "200"), True)
    assert (orders["currency_code"].null_share, orders["currency_code"].distinct) == (0.25, 3)


def test_figures_builds_deliveries_and_limits(nodes: dict[str, Node]) -> None:
    orders, source = nodes[ORDERS], nodes[SOURCE]
    assert (orders.rows, orders.bytes, orders.newest_at) == (200, 4096, NOW)
    assert (orders.build_status, orders.build_seconds, orders.arrived_at) == ("success", 1.5, NOW)
    assert (source.arrived_at, source.rows, source.late_after) == (NOW, 77, (36.0, 72.0))
    assert (orders.due, [one.title for one in orders.incidents], nodes[DASHBOARD].label) == (
        "06:00 UTC",
        ["orders are late"],
        "The Board",
    )
    assert (orders.is_contracted, orders.is_followed, nodes[OLD].deprecated_on) == (True, True, "2027-06-30")


def test_a_check_is_found_with_its_last_result_and_the_columns_that_it_names(nodes: dict[str, Node]) -> None:
    of_orders = {check.name: check for check in nodes[ORDERS].checks}
    assert set(of_orders) == {"every_order_has_a_currency", "revenue_is_that_of_orders", "few_orders_lack_a_contact"}
    tested = of_orders["every_order_has_a_currency"]
    assert (tested.severity, tested.status, tested.failures, tested.reads) == ("warn", "fail", 4, ("currency_code",))
    assert of_orders["revenue_is_that_of_orders"].status is None  # it never ran
    assert of_orders["revenue_is_that_of_orders"].reads == ("currency_code",)
    assert [check.reads for check in nodes[REPORT].checks] == [("revenue",)]
    assert not nodes[CUSTOMERS].checks


def test_a_project_that_nobody_knows_anything_of_has_its_nodes() -> None:
    found = describe(catalogs.manifest(), Evidence(), NO_LINEAGE)
    assert len(found.nodes) == 7
    assert {node.rows for node in found.nodes} == {None}
