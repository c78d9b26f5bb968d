"""Faults of meaning: every row is well formed, and together they can't be true."""

from __future__ import annotations

from lab.faults.day import Day
from lab.faults.registry import fault

REFUND = ["refund_id", "order_id", "amount", "currency_code", "reason", "refunded_at", "updated_at"]


def _captured(day: Day) -> str:
    """SQL of ten captured payments of last week."""
    return f"""
        (select * from {day.history("payments.transactions")}
        where type = 'captured' and created_at < (date '{day.day}' - 3)::varchar
        order by created_at desc, transaction_id limit 10)
    """


def _refund(day: Day, amount: str) -> str:
    return f"""
        select 99000000 + row_number() over () as refund_id, order_id, {amount} as amount, "amount.currency" as currency_code,
            'changed_mind' as reason, '{day.day} 09:00:00' as refunded_at, '{day.day} 09:00:00' as updated_at
        from {_captured(day)}
    """


@fault("meaning", "shop.refunds", "Refunds for orders whose payment failed.", caught_by="quarantine")
def refunds_without_sale(day: Day) -> None:
    unpaid = f"{day.history('shop.orders')} where status = 'payment_failed' and updated_at < '{day.day}'"
    day.add(
        f"""
        select 99000000 + row_number() over () as refund_id, order_id, '20.00' as amount, currency_code,
            'changed_mind' as reason, '{day.day} 09:00:00' as refunded_at, '{day.day} 09:00:00' as updated_at
        from (select order_id, any_value(currency_code) as currency_code from {unpaid} group by order_id)
        order by order_id limit 6
        """,
        REFUND,
    )


@fault("meaning", "shop.refunds", "Three times the amount paid is refunded.", caught_by="quarantine")
def refunds_of_more_than_paid(day: Day) -> None:
    day.add(_refund(day, '("amount.value"::decimal(12, 2) * 3)::decimal(12, 2)'), REFUND)


@fault("meaning", "shop.refunds", "The whole amount is refunded twice.", caught_by="quarantine")
def refunds_twice(day: Day) -> None:
    query = _refund(day, '"amount.value"')
    day.add(
        f"{query} union all by name select 98000000 + row_number() over () as refund_id, * exclude (refund_id) from ({query})",
        REFUND,
    )


@fault("meaning", "shop.refunds", "Refunds are granted before the order was placed.", caught_by="quarantine")
def refunds_before_sale(day: Day) -> None:
    query = _refund(day, "'5.00'").replace(f"'{day.day} 09:00:00'", f"(date '{day.day}' - 20)::timestamp")
    day.add(query, REFUND)


@fault("meaning", "payments.transactions", "The same orders are captured again, under new ids.", caught_by="chart")
def payments_captured_twice(day: Day) -> None:
    others = ", ".join(f'"{name}"' for name in day.fields if name != "transaction_id")
    day.add(f"select 'tx_again' || substr(transaction_id, 9) as transaction_id, {others} from {_captured(day)}", day.fields)


@fault("meaning", "payments.transactions", "Tax is added to captured amounts a second time.", caught_by="chart")
def payments_taxed_twice(day: Day) -> None:
    day.change({"amount.value": 'round("amount.value"::decimal(12, 2) * 1.19, 2)::decimal(12, 2)'}, "type = 'captured'")


@fault("meaning", "shop.order_items", "Tax is added to prices a second time.", caught_by="chart")
def order_items_taxed_twice(day: Day) -> None:
    day.change({"unit_price": "round(unit_price::decimal(12, 2) * 1.19, 2)::decimal(12, 2)"})


@fault("meaning", "shop.orders", "Delivered orders are placed again, in a later version.", caught_by="quarantine")
def orders_status_backwards(day: Day) -> None:
    chosen = f"{day.history('shop.orders')} where status = 'delivered' and updated_at < '{day.day}'"
    others = [name for name in day.columns if name not in ("status", "updated_at")]
    first = f"(select {', '.join(others)} from {chosen} order by updated_at desc, order_id limit 12)"
    day.add(f"select {', '.join(others)}, 'placed' as status, '{day.day} 10:00:00' as updated_at from {first}",
            [*others, "status", "updated_at"])  # fmt: skip


@fault("meaning", "shop.orders", "Every order that moved on today is cancelled.", caught_by="expectation")
def orders_all_cancelled(day: Day) -> None:
    day.change({"status": "'cancelled'"}, "status in ('shipped', 'delivered', 'paid')")


@fault("meaning", "payments.transactions", "Nothing is captured: everything is only authorised.", caught_by="chart")
def payments_never_captured(day: Day) -> None:
    day.change({"type": "'authorised'"}, "type = 'captured'")


@fault("meaning", "payments.transactions", "Three out of four payments are declined.", caught_by="chart")
def payments_mostly_declined(day: Day) -> None:
    day.change({"type": "'declined'", "response_code": "'05'"}, "n % 4 > 0 and type <> 'refunded'")


@fault("meaning", "shop.orders", "Every order has a voucher and a discount of ten percent.", caught_by="expectation")
def orders_voucher_for_all(day: Day) -> None:
    day.change({"voucher_code": "'WELCOME10'", "discount_amount": "'9.90'"}, "voucher_code = ''")
