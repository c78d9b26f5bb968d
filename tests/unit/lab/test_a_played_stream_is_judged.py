"""`make stream` is well only if nothing is lost or doubled, the card is flagged, its alerts are in the mart, features equal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.stream import traffic
from lab.stream.replay import Equality
from lab.stream.shop import DemoShop, stolen
from lab.stream.story import Told, text

WELL = Told(
    sent=100, scored=90, lost=0, doubled=0, kills=2, heard_again=4, burst_alerts=(False, True, True),
    burst_seconds=(0.1, 0.2, 5.0), reasons=("Tries to pay with the card in the last 10 minutes",), alerts_in_mart=2, p50=5.0,
    p99=900.0, equality=Equality(90, 90, {}),
)  # fmt: skip


def test_it_is_well_as_it_should_be() -> None:
    assert WELL.is_well
    assert "payment 2 of the stolen card: alert after 0.200 s" in text(WELL)


@pytest.mark.parametrize(
    "fault",
    [
        {"lost": 1}, {"doubled": 1}, {"burst_alerts": (False, False, True)}, {"burst_seconds": (0.1, 1.0, 0.1)},
        {"alerts_in_mart": 0}, {"equality": Equality(89, 90, {"card_payments_1h": 1})}, {"equality": Equality(0, 0, {})},
    ],
    ids="-".join,
)  # fmt: skip
def test_each_fault_is_seen(fault: dict[str, Any]) -> None:
    told = replace(WELL, **fault)
    assert not told.is_well
    if "equality" in fault and told.equality.differing:
        assert "card_payments_1h differs 1 times" in text(told)


def test_a_stolen_card_pays_large_amounts_from_abroad_in_minutes() -> None:
    sample = {
        "transaction_id": "tx", "order_id": 7, "type": "authorised", "amount": {"value": 12.5, "currency": "SEK"},
        "card": {"fingerprint": "c"}, "ip_country": "SE", "buyer": {"customer_id": 1, "device": "d"},
    }  # fmt: skip
    burst = list(stolen(sample, 3, "2026-01-31T23:59:50Z"))
    assert [one["created_at"] for one in burst] == ["2026-01-31T23:59:50Z", "2026-02-01T00:00:10Z", "2026-02-01T00:00:30Z"]
    assert {one["card"]["fingerprint"] for one in burst} == {"c"}
    assert len({one["transaction_id"] for one in burst}) == 3
    assert all(one["ip_country"] != "SE" and one["buyer"]["device"] != "d" and one["amount"]["value"] > 500 for one in burst)


def test_all_deliveries_of_the_last_days_are_kept_back_and_all_but_payments_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = DemoShop(tmp_path)
    for name in ("payments/transactions/2026-01-0{}.jsonl", "shop/orders/2026-01-0{}.csv", "web/events/2026-01-0{}.jsonl.gz"):
        for day in (1, 2, 3):
            path = tmp_path / "demo" / name.format(day)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'{{"created_at": "{day}", "transaction_id": "t"}}\n')
    shop._keep_back(2)
    assert sorted(path.name for path in (tmp_path / "demo").glob("*/*/*")) == [
        "2026-01-01.csv", "2026-01-01.jsonl", "2026-01-01.jsonl.gz",
    ]  # fmt: skip
    assert [one["created_at"] for one in shop.kept()] == ["2", "3"]
    ingested: list[tuple[str, ...]] = []
    monkeypatch.setattr(DemoShop, "sluice", lambda _, *words: ingested.append(words))
    shop.deliver_the_rest()
    assert len(list((tmp_path / "demo").glob("*/*/*"))) == 7
    assert ingested == [("ingest", "feeds/demo.yml")]
    assert len(shop.kept()) == 2


def test_records_are_sent_at_the_rate_whatever_the_client_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client's poll ends with the first report of a delivery: waiting by it sent three times as many."""
    now = [100.0]
    sent_at: list[float] = []

    class Client:
        def __init__(self, _: Any) -> None: ...
        def poll(self, _: float) -> int:
            return 1

        def produce(self, *_: Any) -> None:
            sent_at.append(now[0])

        def flush(self, _: float) -> int:
            return 0

    monkeypatch.setattr(traffic, "Producer", Client)
    monkeypatch.setattr("lab.stream.traffic.time.monotonic", lambda: now[0])
    monkeypatch.setattr("lab.stream.traffic.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    traffic.send("", "t", [{"transaction_id": number} for number in range(5)], 50)
    assert [round(at - 100, 6) for at in sent_at] == [0, 0.02, 0.04, 0.06, 0.08]
