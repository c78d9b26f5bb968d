"""Faults of time: late, early, shifted, standing still."""

from __future__ import annotations

from lab.faults.day import NEW_ORDERS, Day
from lab.faults.registry import fault


@fault("time", "shop.orders", "Yesterday's orders arrive a day late, with today's.", caught_by="harmless", days=2)
def orders_late(day: Day) -> None:
    if day.number == 1:
        day.miss()
    else:
        day.extra[day.earlier().name] = day.earlier().read_bytes()


@fault("time", "shop.orders", "Orders are from the year 2096.", caught_by="quarantine")
def orders_far_ahead(day: Day) -> None:
    day.change({"ordered_at": "'2096' || substr(ordered_at, 5)"}, NEW_ORDERS)


@fault("time", "shop.orders", "Orders are a month later than the version that contains them.", caught_by="test",
       but="A payment before its order only warns, because two clocks are involved.")  # fmt: skip
def orders_month_ahead(day: Day) -> None:
    day.change({"ordered_at": "ordered_at::timestamp + interval 30 day"}, NEW_ORDERS)


@fault("time", "web.events", "Events are from the year 2096.", caught_by="quarantine")
def events_far_ahead(day: Day) -> None:
    day.change({"occurred_at": "'2096' || substr(occurred_at, 5)"}, "n % 4 = 0")


@fault("time", "shop.customers", "Versions of customers are dated 2096 and would be the newest forever.", caught_by="test")
def customers_version_far_ahead(day: Day) -> None:
    day.change({"updated_at": "'2096' || substr(updated_at, 5)", "full_name": "'Nobody'"}, "n % 3 = 0")


@fault("time", "shop.orders", "Times are placeholders of 1970.", caught_by="quarantine")
def orders_time_placeholder(day: Day) -> None:
    day.change({"ordered_at": "'1970-01-01 00:00:00'"}, NEW_ORDERS)


@fault("time", "shop.orders", "Local times, five hours ahead, are delivered as UTC.", caught_by="expectation")
def orders_hours_ahead(day: Day) -> None:
    day.change({"ordered_at": "ordered_at::timestamp + interval 5 hour"})


@fault("time", "payments.transactions", "Local times, six hours behind, are delivered as UTC.", caught_by="quarantine")
def payments_hours_behind(day: Day) -> None:
    day.change({"created_at": "strftime(created_at::timestamp - interval 6 hour, '%Y-%m-%dT%H:%M:%SZ')"})


@fault("time", "web.events", "Local times, eight hours behind, are delivered as UTC.", caught_by="chart")
def events_hours_behind(day: Day) -> None:
    day.change({"occurred_at": "strftime(occurred_at::timestamp - interval 8 hour, '%Y-%m-%dT%H:%M:%S.%gZ')"})


@fault("time", "web.events", "The clock stopped: all events have the same second.", caught_by="chart")
def events_clock_stuck(day: Day) -> None:
    day.change({"occurred_at": f"'{day.day}T00:00:00.000Z'"})


@fault("time", "shop.orders", "The clock stopped: all orders have the same second.", caught_by="expectation")
def orders_clock_stuck(day: Day) -> None:
    day.change({"ordered_at": f"'{day.day} 00:00:00'"})


@fault("time", "payments.transactions", "The payments are dated yesterday.", caught_by="expectation")
def payments_day_stuck(day: Day) -> None:
    day.change({"created_at": "strftime(created_at::timestamp - interval 1 day, '%Y-%m-%dT%H:%M:%SZ')"})
