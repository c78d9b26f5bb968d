"""Two payments of one id: the one made earlier counts, whichever comes first, and the other is held, once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.helpers.project import Project, differences
from tests.helpers.small_shop import DELIVERED, MODELS_ONLY, deliver, rebuilt


def early(name: str) -> str:
    return payment(name, 7, 11)


def late(name: str) -> str:
    return payment(name, 9, 12)


def payment(name: str, amount: int, hour: int) -> str:
    return (
        f'{{"transaction_id":"{name}","order_id":3,"type":"captured","amount":{{"value":{amount},"currency":"EUR"}},'
        '"card":null,"response_code":null,"ip_country":null,"buyer":null,'
        f'"created_at":"2025-01-01T{hour}:00:00Z"}}\n'
    )


# Ids that are used twice, and how they come: in a first delivery and, after a build, in a second.
DELIVERIES = (
    early("forwards") + late("backwards") + late("again"),
    late("forwards") + early("backwards") + late("again") + early("again"),
)


def test_the_earlier_counts_and_the_later_is_held(tmp_path: Path) -> None:
    shop = Project(tmp_path / "shop")
    for number, text in enumerate(DELIVERIES):
        deliver(shop, {**DELIVERED, f"payments/transactions/used{number}.jsonl": text})
        shop.dbt(*MODELS_ONLY)

    used = [f"payments:{name}" for name in ("again", "backwards", "forwards")]
    counted = "select payment_id, payment_amount from core.fct_payments where payment_id in {ids} order by all"
    assert shop.query(counted.format(ids=tuple(used))) == [(name, Decimal(7)) for name in used]
    held = "select row_key, rule, amount from operations.rpt_quarantine where row_key in {ids} order by all"
    assert shop.query(held.format(ids=tuple(used))) == [(name, "reused_id", Decimal(9)) for name in used]
    assert shop.query("select sum(unaccounted_rows) from operations.rpt_reconciliation_rows") == [(0,)]
    assert differences(shop, rebuilt(shop, tmp_path / "full"), shop.marts()) == {}
