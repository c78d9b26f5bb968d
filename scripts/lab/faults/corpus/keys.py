"""Faults of keys: twice, pointing to nothing, used again."""

from __future__ import annotations

from lab.faults.day import NEW_ORDERS, Day
from lab.faults.registry import fault

COLUMNS_OF_ITEMS = ["order_item_id", "order_id", "product_id", "quantity", "unit_price", "updated_at"]


@fault("keys", "shop.orders", "Every row is in the file twice.", caught_by="harmless")
def orders_rows_twice(day: Day) -> None:
    day.add(f"select {', '.join(day.columns)} from records", day.columns)


@fault("keys", "shop.order_items", "Every line is in the file twice.", caught_by="quarantine")
def order_items_rows_twice(day: Day) -> None:
    day.add(f"select {', '.join(COLUMNS_OF_ITEMS)} from records", COLUMNS_OF_ITEMS)


@fault("keys", "payments.transactions", "The file is delivered a second time under another name.", caught_by="harmless")
def payments_file_resent(day: Day) -> None:
    day.extra[day.name.replace(".jsonl", "_again.jsonl")] = day.content()


@fault("keys", "web.events", "The file is delivered a second time, with its lines in another order.", caught_by="harmless")
def events_resent_in_other_order(day: Day) -> None:
    import gzip

    lines = day.content().splitlines(keepends=True)
    day.extra[day.name.replace(".jsonl", "_again.jsonl")] = gzip.compress(b"".join(reversed(lines)), mtime=0)


@fault("keys", "shop.order_items", "Lines belong to unknown orders.", caught_by="quarantine")
def order_items_orphans(day: Day) -> None:
    day.change({"order_id": "order_id::bigint + 900000000"}, "n % 4 = 0")


@fault("keys", "shop.order_items", "Lines have unknown products.", caught_by="quarantine",
       but="An order all of whose lines are refused is held back with them, and so are its payments.")  # fmt: skip
def order_items_unknown_product(day: Day) -> None:
    day.change({"product_id": "product_id::bigint + 900000000"}, "n % 4 = 0")


@fault("keys", "shop.orders", "Orders have unknown customers.", caught_by="quarantine")
def orders_unknown_customer(day: Day) -> None:
    day.change({"customer_id": "customer_id::bigint + 900000000"}, NEW_ORDERS)


@fault("keys", "payments.transactions", "Payments are for unknown orders.", caught_by="quarantine")
def payments_orphans(day: Day) -> None:
    day.change({"order_id": "order_id::bigint + 900000000"}, "n % 4 = 0")


@fault("keys", "shop.refunds", "Refunds are for unknown orders.", caught_by="quarantine")
def refunds_orphans(day: Day) -> None:
    day.change({"order_id": "order_id::bigint + 900000000"})


@fault("keys", "payments.disputes", "Disputes are about unknown payments.", caught_by="quarantine")
def disputes_orphans(day: Day) -> None:
    day.add(
        f"""
        select 'dp_00000000000' || i as dispute_id, 'tx_nobody_' || i as transaction_id, 'fraudulent' as reason,
            'opened' as status, '25.00' as "amount.value", 'EUR' as "amount.currency",
            '{day.day}T08:00:00Z' as opened_at, '{day.day}T08:00:00Z' as updated_at
        from range(3) as numbers (i)
        """,
        ["dispute_id", "transaction_id", "reason", "status", "amount.value", "amount.currency", "opened_at", "updated_at"],
    )


@fault("keys", "shop.orders", "New orders have the numbers of last week's orders.", caught_by="quarantine")
def orders_numbers_used_again(day: Day) -> None:
    day.change({"order_id": "order_id::bigint - 300"}, NEW_ORDERS)


@fault("keys", "shop.customers", "New customers have the numbers of existing ones.", caught_by="quarantine")
def customers_numbers_used_again(day: Day) -> None:
    day.change({"customer_id": "customer_id::bigint - 200"}, "signed_up_at = updated_at")


@fault("keys", "payments.transactions", "New payments have the ids of earlier ones.", caught_by="quarantine")
def payments_ids_used_again(day: Day) -> None:
    ids = f"list(transaction_id order by created_at, transaction_id) from {day.history('payments.transactions')}"
    taken = f"(select {ids} where created_at < '{day.day}')"
    day.change({"transaction_id": f"({taken})[n]"}, "n % 5 = 0")


@fault("keys", "web.events", "New events have the ids of earlier ones.", caught_by="chart")
def events_ids_used_again(day: Day) -> None:
    ids = f"list(event_id order by occurred_at, event_id) from {day.history('web.events')} where occurred_at < '{day.day}'"
    day.change({"event_id": f"(select {ids})[n]"}, "n % 2 = 0")


@fault("keys", "shop.orders", "Order numbers lack their first digits.", caught_by="quarantine")
def orders_number_digits_trimmed(day: Day) -> None:
    day.change({"order_id": "substr(order_id, 4)::bigint"}, NEW_ORDERS)
