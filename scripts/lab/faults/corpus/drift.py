"""Slow drift: each day is a little worse than the one before, none is remarkable."""

from __future__ import annotations

from lab.faults.day import Day
from lab.faults.registry import fault


@fault("drift", "shop.order_items", "Prices rise by four percent each day.", caught_by="chart", days=5)
def order_items_prices_creep(day: Day) -> None:
    factor = 1 + 0.04 * day.number
    day.change({"unit_price": f"round(unit_price::decimal(12, 2) * {factor:.2f}, 2)::decimal(12, 2)"})


@fault("drift", "web.events", "Each day another tenth of the events is lost.", caught_by="chart", days=5)
def events_melt_away(day: Day) -> None:
    day.remove(f"n % 10 < {day.number}")


@fault("drift", "shop.customers", "Each day more e-mail addresses are empty.", caught_by="chart", days=5)
def customers_email_fades(day: Day) -> None:
    day.change({"email": "''"}, f"n % 10 < {2 * day.number}")


@fault("drift", "payments.transactions", "Each day more payments are declined.", caught_by="chart", days=5)
def payments_declines_grow(day: Day) -> None:
    day.change({"type": "'declined'", "response_code": "'05'"}, f"n % 10 < {2 * day.number} and type <> 'refunded'")
