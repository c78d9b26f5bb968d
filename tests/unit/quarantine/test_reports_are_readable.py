"""Amounts keep their cents, ages their largest unit, and many verdicts show first what needs a look."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from tests.helpers.refused import ROW

from sluice.quarantine import report
from sluice.quarantine.catalog import Group
from sluice.quarantine.row_result import RowOutcome, RowResult

NOW = datetime(2026, 3, 10, 15, 30)  # noqa: DTZ001  (UTC without a zone, as in the lake)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1234567.5", "1,234,567.50 EUR"), ("-0.005", "-0.005 EUR"), ("3", "3.00 EUR"), ("0.1234", "0.1234 EUR")],
)
def test_an_amount_has_its_cents(amount: str, text: str) -> None:
    group = Group("warehouse", "shop.orders", "r", "open", 1, NOW, [{"currency_code": "EUR", "amount": Decimal(amount)}])
    assert report.groups_text([group], NOW, "open").splitlines()[1].endswith(f" {text}")


def test_of_many_verdicts_the_refused_ones_come_first() -> None:
    verdicts = [RowResult(replace(ROW, quarantine_id=f"{n:032x}"), RowOutcome.dropped) for n in range(50)]
    text = report.verdicts_text([*verdicts, RowResult(replace(ROW, quarantine_id="f" * 32), RowOutcome.refused, "because")])
    head, first, *_ = text.splitlines()
    assert head.split() == ["id", "result", "feed", "rule", "why"]
    assert first.split() == ["ffffffffffff", "refused", "shop.orders", "future_time", "because"]
    assert text.endswith("50 dropped, 1 refused")
    assert len(text.splitlines()) == 23
