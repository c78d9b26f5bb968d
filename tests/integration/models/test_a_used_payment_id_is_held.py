"""Two payments of one id: the one made earlier counts, whichever comes first, and the other is held, once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from project import Project, differences
from small_shop import DELIVERED, MODELS_ONLY, deliver, rebuilt


def payment(amount: int, hour: int) -> str:
    return (
        f'{{"transaction_id":"used","order_id":3,"type":"captured","amount":{{"value":{amount},"currency":"EUR"}},'
        f'"created_at":"2025-01-01T{hour}:00:00Z"}}\n'
    )


EARLY, LATE = payment(7, 11), payment(9, 12)


@pytest.mark.parametrize("order", [(EARLY, LATE), (LATE, EARLY), (LATE, LATE + EARLY)], ids=["forwards", "backwards", "again"])
def test_the_earlier_counts_and_the_later_is_held(tmp_path: Path, order: tuple[str, str]) -> None:
    shop = Project(tmp_path / "shop")
    for number, text in enumerate(order):
        deliver(shop, {**DELIVERED, f"payments/transactions/used{number}.jsonl": text})
        shop.dbt(*MODELS_ONLY)

    assert shop.query("select payment_amount from core.fct_payments where payment_id = 'payments:used'") == [(Decimal(7),)]
    held = "select rule, amount from operations.rpt_quarantine where row_key = 'payments:used'"
    assert shop.query(held) == [("reused_id", Decimal(9))]
    assert shop.query("select sum(unaccounted_rows) from operations.rpt_reconciliation_rows") == [(0,)]
    assert differences(shop, rebuilt(shop, tmp_path / "full"), shop.marts()) == {}
