"""Faults of values: what a row holds is possible by its type, and wrong."""

from __future__ import annotations

from lab.faults.day import NEW_ORDERS, Day
from lab.faults.registry import fault


@fault("values", "shop.customers", "Sixty percent of e-mail addresses are empty.", caught_by="chart")
def customers_email_empty(day: Day) -> None:
    day.change({"email": "''"}, "n % 5 < 3")


@fault("values", "shop.orders", "Half of the orders have no country.", caught_by="expectation")
def orders_country_empty(day: Day) -> None:
    day.change({"ship_country_code": "''"}, "order_id::bigint % 2 = 0")


@fault("values", "shop.orders", "Some orders have no customer.", caught_by="ingest")
def orders_customer_empty(day: Day) -> None:
    day.change({"customer_id": "''"}, "n % 5 = 0")


@fault("values", "web.events", "No event has its customer any more.", caught_by="chart")
def events_customer_gone(day: Day) -> None:
    day.change({"customer_id": "null"})


@fault("values", "web.events", "Every device is unknown.", caught_by="expectation")
def events_device_unknown(day: Day) -> None:
    day.change({"device.kind": "'unknown'", "device.os": "'unknown'"})


@fault("values", "web.events", "Every event is a page view: the other types are lost.", caught_by="chart")
def events_type_collapsed(day: Day) -> None:
    day.change({"type": "'page_view'"})


@fault("values", "shop.order_items", "Prices have the wrong sign.", caught_by="quarantine",
       but="An order all of whose lines are refused is held back with them, and so are its payments.")  # fmt: skip
def order_items_price_negative(day: Day) -> None:
    day.change({"unit_price": "'-' || unit_price"}, "n % 4 = 0")


@fault("values", "payments.transactions", "Amounts have the wrong sign.", caught_by="quarantine")
def payments_amount_negative(day: Day) -> None:
    day.change({"amount.value": '-("amount.value"::decimal(12, 2))'}, "n % 4 = 0")


@fault("values", "shop.refunds", "Refunds have the wrong sign.", caught_by="quarantine")
def refunds_amount_negative(day: Day) -> None:
    day.change({"amount": "'-' || amount"})


@fault("values", "shop.orders", "Discounts have the wrong sign.", caught_by="quarantine")
def orders_discount_negative(day: Day) -> None:
    day.change({"discount_amount": "'-7.50'", "voucher_code": "'WELCOME'"}, "n % 9 = 0")


@fault("values", "shop.order_items", "Prices are in cents.", caught_by="expectation")
def order_items_price_in_cents(day: Day) -> None:
    day.change({"unit_price": "(unit_price::decimal(12, 2) * 100)::decimal(12, 2)"})


@fault("values", "shop.order_items", "One price in twenty is in cents.", caught_by="expectation")  # fmt: skip
def order_items_some_prices_in_cents(day: Day) -> None:
    day.change({"unit_price": "(unit_price::decimal(12, 2) * 100)::decimal(12, 2)"}, "n % 20 = 1")


@fault("values", "payments.transactions", "Captured amounts are in cents.", caught_by="expectation")
def payments_amount_in_cents(day: Day) -> None:
    day.change({"amount.value": '("amount.value"::decimal(12, 2) * 100)::decimal(14, 2)'}, "type = 'captured'")


@fault("values", "shop.orders", "Shipping is in cents.", caught_by="expectation")
def orders_shipping_in_cents(day: Day) -> None:
    day.change({"shipping_amount": "(shipping_amount::decimal(12, 2) * 100)::decimal(12, 2)"})


@fault("values", "shop.products", "List prices are in cents.", caught_by="test")
def products_price_in_cents(day: Day) -> None:
    day.change({"list_price": "(list_price::decimal(12, 2) * 100)::decimal(12, 2)"})


@fault("values", "shop.products", "Price and cost are swapped.", caught_by="test")
def products_price_and_cost_swapped(day: Day) -> None:
    day.change({"list_price": "unit_cost", "unit_cost": "list_price"})


@fault("values", "fx.rates", "A rate is a hundred times too high.", caught_by="test")
def rates_factor_100(day: Day) -> None:
    day.change({"rate": "(rate::decimal(18, 8) * 100)::decimal(18, 8)"}, "currency_code in ('GBP', 'SEK')")


@fault("values", "fx.rates", "Rates are inverted: units of the base currency per unit.", caught_by="test")
def rates_inverted(day: Day) -> None:
    day.change({"rate": "(1 / rate::double)::decimal(18, 8)"}, "rate::double > 1.5 or rate::double < 0.7")


@fault("values", "fx.rates", "A rate is zero.", caught_by="quarantine")
def rates_zero(day: Day) -> None:
    day.change({"rate": "'0.00000000'"}, "currency_code = 'GBP'")


@fault("values", "shop.orders", "Currencies are written as words.", caught_by="quarantine")
def orders_currency_unknown(day: Day) -> None:
    day.change({"currency_code": "'EURO'"}, f"currency_code = 'EUR' and {NEW_ORDERS}")


@fault("values", "shop.orders", "Orders in euro are labelled as Swedish kronor.", caught_by="chart")
def orders_currency_wrong(day: Day) -> None:
    day.change({"currency_code": "'SEK'"}, f"currency_code = 'EUR' and {NEW_ORDERS}")


@fault("values", "payments.transactions", "Payments in euro are labelled as dollars.", caught_by="chart")
def payments_currency_wrong(day: Day) -> None:
    day.change({"amount.currency": "'USD'"}, "\"amount.currency\" = 'EUR' and n % 3 = 0")


@fault("values", "shop.order_items", "Quantity and price are swapped.", caught_by="ingest")
def order_items_quantity_and_price_swapped(day: Day) -> None:
    day.change({"quantity": "unit_price", "unit_price": "quantity"})


@fault("values", "shop.order_items", "Quantity and rounded price are swapped.", caught_by="expectation")
def order_items_rounded_price_swapped(day: Day) -> None:
    day.change({"quantity": "ceil(unit_price::double)::bigint", "unit_price": "quantity || '.00'"}, "unit_price::double > 30")


@fault("values", "shop.customers", "Name and e-mail address are swapped.", caught_by="chart")
def customers_name_and_email_swapped(day: Day) -> None:
    day.change({"email": "full_name", "full_name": "email"})


@fault("values", "shop.customers", "Every e-mail address is a placeholder.", caught_by="expectation")
def customers_email_placeholder(day: Day) -> None:
    day.change({"email": "'noreply@example.com'"})


@fault("values", "payments.transactions", "Every card has the same fingerprint.", caught_by="chart")
def payments_card_placeholder(day: Day) -> None:
    day.change({"card.fingerprint": "'card_0000000000000000'"})


@fault("values", "payments.transactions", "Card numbers lack their last digits.", caught_by="expectation")
def payments_card_digits_trimmed(day: Day) -> None:
    day.change({"card.bin": 'left("card.bin", 4)'})


@fault("values", "shop.orders", "Countries are placeholders.", caught_by="test")
def orders_country_placeholder(day: Day) -> None:
    day.change({"ship_country_code": "'XX'"}, NEW_ORDERS)


@fault("values", "shop.orders", "Empty vouchers are written as the word NULL.", caught_by="chart")
def orders_voucher_null_word(day: Day) -> None:
    day.change({"voucher_code": "'NULL'"}, "voucher_code = ''")


@fault("values", "shop.order_items", "Prices lack their cents.", caught_by="chart")
def order_items_cents_trimmed(day: Day) -> None:
    day.change({"unit_price": "floor(unit_price::double)::bigint || '.00'"})


@fault("values", "shop.order_items", "Prices lack their first digit.", caught_by="chart")
def order_items_first_digit_trimmed(day: Day) -> None:
    day.change({"unit_price": "substr(unit_price, 2)"}, "length(unit_price) > 4")


@fault("values", "shop.orders", "The status is written in capitals.", caught_by="test")
def orders_status_in_capitals(day: Day) -> None:
    day.change({"status": "upper(status)"})


@fault("values", "shop.order_items", "One line orders a hundred thousand pieces.", caught_by="expectation")  # fmt: skip
def order_items_quantity_absurd(day: Day) -> None:
    day.change({"quantity": "'100000'"}, "n = 1")


@fault("values", "shop.order_items", "Lines have a quantity of zero.", caught_by="quarantine",
       but="An order all of whose lines are refused is held back with them, and so are its payments.")  # fmt: skip
def order_items_quantity_zero(day: Day) -> None:
    day.change({"quantity": "'0'"}, "n % 6 = 0")


@fault("values", "shop.customers", "Every customer has agreed to marketing.", caught_by="chart")
def customers_marketing_all_true(day: Day) -> None:
    day.change({"accepts_marketing": "'true'"})
