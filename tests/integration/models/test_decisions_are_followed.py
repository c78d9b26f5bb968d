"""What somebody decides about a refused row holds from the next build on, and an incremental build is a full one to the row.

A shop of four orders, in which a version of nearly everything breaks a rule that may be waived.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.helpers.built_shops import shop_of_four_orders
from tests.helpers.project import Project, differences
from tests.helpers.small_shop import DELIVERED, deliver, rebuilt

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.kinds import DecisionEntry

REFUSED = {
    ("order_items", "shop:14", "negative_price"),
    ("orders", "shop:1", "negative_shipping"),
    ("orders", "shop:2", "status_backwards"),
    ("orders", "shop:4", "all_lines_refused"),  # its only line, 14, is refused as such
    ("payments", "payments:t", "negative_amount"),
    ("rates", "USD:2025-01-02", "not_positive"),
    ("refunds", "shop:21", "more_than_the_order"),
}
FIRST_DAY = datetime.fromisoformat("2025-02-01")


def decide(project: Project, decision: str, at: datetime, *entities: str) -> None:
    """Take a decision on the refused rows of the entities."""
    rows = project.query("""
        select quarantine_id, feed, entity, rule, row_key, batch_id, source_file, source_position
        from operations.rpt_quarantine where status in ('open', 'released_pending')
    """)
    if decision == "expired":  # on what was waived: no longer in quarantine
        with connect(extensions=["delta"]) as connection:
            rows = connection.execute(f"""
                select quarantine_id, feed, entity, rule, row_key, batch_id, source_file, source_position
                from delta_scan('{project.lake}/ops/decisions') where decision = 'waived'
            """).fetchall()
    names = ("quarantine_id", "feed", "entity", "rule", "row_key", "batch_id", "source_file", "source_position")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    taken = [
        {**row, "decision_id": f"{at:%m%d}{row['quarantine_id']}", "decision": decision, "decided_at": at,
         "place": "warehouse", "decided_by": "somebody", "why": "a test"}
        for row in found if not entities or row["entity"] in entities
    ]  # fmt: skip
    assert taken
    ledger.append(project.lake, [DecisionEntry(**entry) for entry in taken])


def refused(project: Project) -> set[tuple[object, ...]]:
    return set(project.query("select entity, row_key, rule from operations.rpt_quarantine where status = 'open'"))


def shown(project: Project) -> dict[str, list[tuple[object, ...]]]:
    """What the marts say where a refused version would change it."""
    return {
        "order 1": project.query("select shipping_amount, order_status from core.fct_orders where order_id = 'shop:1'"),
        "order 2": project.query("select order_status from core.fct_orders where order_id = 'shop:2'"),
        "line 14": project.query("select order_id, unit_price from core.fct_order_items where order_item_id = 'shop:14'"),
        "totals": project.query(
            "select order_amount from core.fct_orders where order_id in ('shop:3', 'shop:4') order by order_id"
        ),
        "refund": project.query("select refund_amount from core.fct_refunds"),
        "payment": project.query("select payment_amount from core.fct_payments"),
    }


AS_DELIVERED = {
    "order 1": [(Decimal(5), "placed")],
    "order 2": [("shipped",)],
    "line 14": [("shop:3", Decimal(8))],
    "totals": [(Decimal(15),)],  # order 4 is not there at 0.00
    "refund": [],
    "payment": [],
}
AS_WAIVED = {
    "order 1": [(Decimal(-5), "paid")],
    "order 2": [("paid",)],
    "line 14": [("shop:4", Decimal(-1))],
    "totals": [(Decimal(7),), (Decimal(-1),)],
    "refund": [(Decimal(100),)],
    "payment": [(Decimal(-7),)],
}


@pytest.fixture(scope="module")
def shop() -> Project:
    return shop_of_four_orders()


@pytest.fixture
def decided(shop: Project, tmp_path: Path) -> Project:
    """The shop with its refused rows, to decide on."""
    return shop.copied_to(tmp_path / "decided")


def test_every_rule_refuses_its_row(shop: Project) -> None:
    assert refused(shop) == REFUSED
    assert shown(shop) == AS_DELIVERED


def test_a_waiver_lets_the_row_in_and_its_expiry_takes_it_out_again(shop: Project, decided: Project, tmp_path: Path) -> None:
    start = FIRST_DAY
    decide(decided, "waived", start)
    decided.dbt("run")
    assert shown(decided) == AS_WAIVED
    assert refused(decided) == {("rates", "USD:2025-01-02", "not_positive")}  # a rate can not be waived
    full = rebuilt(decided, tmp_path / "waived")
    assert differences(decided, full, decided.marts()) == {}

    decide(decided, "expired", start + timedelta(days=1))
    decided.dbt("run")
    assert shown(decided) == AS_DELIVERED
    assert differences(decided, shop, decided.marts()) == {}


def test_a_corrected_row_takes_the_place_of_the_refused_one_and_a_dropped_one_stays_out(decided: Project, tmp_path: Path) -> None:
    """The correction carries the time of the row that it corrects: the original must not win by chance."""
    decide(decided, "corrected", FIRST_DAY, "refunds")
    decide(decided, "dropped", FIRST_DAY, "order_items")
    refund = DELIVERED["shop/refunds/1.csv"].replace("100.00", "10.00")
    deliver(decided, {"shop/refunds/2.csv": refund})
    decided.dbt("run")
    assert shown(decided) == {**AS_DELIVERED, "refund": [(Decimal(10),)]}
    assert set(decided.query("select row_key, status from operations.rpt_quarantine where status <> 'open'")) == {
        ("shop:21", "corrected"),
        ("shop:14", "dropped"),
    }
    assert decided.query("""
        select feed, sum(older_version_rows), sum(dropped_rows), sum(quarantined_rows), sum(unaccounted_rows)
        from operations.rpt_reconciliation_rows where feed in ('shop.refunds', 'shop.order_items') group by all order by all
    """) == [("shop.order_items", 0, 1, 0, 0), ("shop.refunds", 1, 0, 0, 0)]
    assert differences(decided, rebuilt(decided, tmp_path / "full"), decided.marts()) == {}


def test_a_waiver_without_a_build_of_the_models_is_pending(decided: Project) -> None:
    decide(decided, "waived", FIRST_DAY, "payments")
    decided.dbt("run", "--select", "stg_ops__decisions", "int_decisions__latest", "int_quarantine__united+")

    assert decided.query("select status from operations.rpt_quarantine where entity = 'payments'") == [("released_pending",)]
    assert decided.query("""
        select sum(released_pending_rows), sum(unaccounted_rows) from operations.rpt_reconciliation_rows
        where feed = 'payments.transactions'
    """) == [(1, 0)]
