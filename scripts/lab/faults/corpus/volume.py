"""Faults of volume: too little, too much, nothing."""

from __future__ import annotations

from lab.faults.day import Day
from lab.faults.registry import fault


@fault("volume", "shop.orders", "The orders of the day are missing.", caught_by="quarantine")
def orders_missing_day(day: Day) -> None:
    day.miss()


@fault("volume", "shop.orders", "The file of orders has a header and no rows.", caught_by="quarantine")
def orders_header_only(day: Day) -> None:
    day.remove()


@fault("volume", "shop.order_items", "The order lines of the day are missing.", caught_by="chart")
def order_items_missing_day(day: Day) -> None:
    day.miss()


@fault("volume", "payments.transactions", "The payments of the day are missing.", caught_by="chart")
def payments_missing_day(day: Day) -> None:
    day.miss()


@fault("volume", "web.events", "The events of the day are missing.", caught_by="chart")
def events_missing_day(day: Day) -> None:
    day.miss()


@fault("volume", "shop.customers", "The customers of the day are missing.", caught_by="quarantine")
def customers_missing_day(day: Day) -> None:
    day.miss()


@fault("volume", "fx.rates", "The rates of the day are missing.", caught_by="chart")
def rates_missing_day(day: Day) -> None:
    day.miss()


@fault("volume", "shop.order_items", "Only the first half of the order lines arrived.", caught_by="chart")
def order_items_half(day: Day) -> None:
    day.remove("n > (select max(n) / 2 from records)")


@fault("volume", "web.events", "Only every third event arrived.", caught_by="chart")
def events_two_thirds_lost(day: Day) -> None:
    day.remove("n % 3 <> 0")


@fault("volume", "shop.orders", "Every new order arrived twice, the second time under another number.", caught_by="chart")
def orders_doubled_day(day: Day) -> None:
    others = [name for name in day.columns if name != "order_id"]
    query = f"select order_id::bigint + 70000000 as order_id, {', '.join(others)} from records where ordered_at >= '{day.day}'"
    day.add(query, ["order_id", *others])


@fault(
    "volume", "payments.transactions", "Every payment arrived twice, the second time under another id.", caught_by="expectation"
)
def payments_doubled_day(day: Day) -> None:
    others = [name for name in day.fields if name != "transaction_id"]
    chosen = ", ".join(f'"{name}"' for name in others)
    day.add(f"select 'tx_b' || substr(transaction_id, 5) as transaction_id, {chosen} from records", ["transaction_id", *others])


@fault("volume", "web.events", "Every event arrived twice, from another visitor under another id.", caught_by="chart")
def events_doubled_day(day: Day) -> None:
    others = [name for name in day.fields if name not in ("event_id", "visitor_id")]
    chosen = ", ".join(f'"{name}"' for name in others)
    query = (
        f"select 'ffff' || substr(event_id, 5) as event_id, 'v_b' || substr(visitor_id, 4) as visitor_id, {chosen} from records"
    )
    day.add(query, ["event_id", "visitor_id", *others])


@fault("volume", "shop.customers", "A thousand made-up customers signed up overnight.", caught_by="expectation")
def customers_flood(day: Day) -> None:
    day.add(
        f"""
        select 8000000 + i as customer_id, 'bot' || i || '@example.com' as email, 'Bot ' || i as full_name,
            'DE' as country_code, 'Berlin' as city, '{day.day} 03:00:00' as signed_up_at, 'true' as accepts_marketing,
            '{day.day} 03:00:00' as updated_at
        from range(1000) as numbers (i)
        """,
        day.columns,
    )
