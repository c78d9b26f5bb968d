"""Seasons, long tails, returning visitors, midnight and fraud (every number is from the delivered files)."""

from __future__ import annotations

from typing import Any

import duckdb

DemoShop = duckdb.DuckDBPyConnection


def one(shop: DemoShop, query: str) -> Any:
    row = shop.execute(query).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def orders_per(shop: DemoShop, what: str) -> dict[int, float]:
    days = f"(select ordered_at::date as d, count(distinct order_id) as n from orders group by 1) group by {what}"
    return dict(shop.execute(f"select {what}, avg(n) from {days}").fetchall())


def test_weeks_and_seasons_have_a_shape(shop: DemoShop) -> None:
    weekday = orders_per(shop, "isodow(d)")
    assert weekday[6] < 0.9 * weekday[1]
    month = orders_per(shop, "month(d)")
    assert month[12] > 1.1 * month[10]


def test_the_night_is_quiet(shop: DemoShop) -> None:
    night, evening = one(
        shop,
        """
        select
            count(*) filter (where hour(ordered_at) between 1 and 4),
            count(*) filter (where hour(ordered_at) between 18 and 21)
        from latest_orders
        """,
    )
    assert evening > 10 * night


def test_few_customers_and_few_products_make_much_of_the_sales(shop: DemoShop) -> None:
    share = """
        select sum(n) filter (where place <= 0.1 * things) / sum(n)
        from (
            select n, row_number() over (order by n desc) as place, count(*) over () as things
            from (select {key}, count(*) as n from {table} group by 1)
        )
    """
    assert one(shop, share.format(key="customer_id", table="latest_orders")) > 0.3
    assert one(shop, share.format(key="product_id", table="order_items")) > 0.4


def test_several_currencies_and_countries(shop: DemoShop) -> None:
    assert one(shop, "select count(distinct currency_code), count(distinct ship_country_code) from orders") == (6, 11)
    assert 0.5 < one(shop, "select avg((currency_code = 'EUR')::integer) from latest_orders") < 0.8


def test_visitors_return_and_drop_off(shop: DemoShop) -> None:
    steps = dict(shop.execute("select type, count(*) from events group by 1").fetchall())
    assert steps["product_view"] > steps["add_to_cart"] > steps["checkout"] > steps["purchase"] > 0
    assert (
        one(
            shop,
            """
            select avg((days > 1)::integer)
            from (select count(distinct occurred_at::date) as days from events group by visitor_id)
            """,
        )
        > 0.2
    )
    assert 8 < one(shop, "select count(*) / (select count(distinct order_id) from orders) from events") < 20


def test_events_come_out_of_order_and_across_midnight(shop: DemoShop) -> None:
    apart = dict(
        shop.execute("select date_diff('day', occurred_at::date, day_of(filename)), count(*) from events group by 1").fetchall()
    )
    assert apart[1] > 20
    assert min(apart) == 0
    assert set(apart) == {0, 1}
    disorder = """
        select avg((occurred_at < before_at)::integer)
        from (
            select occurred_at, lag(occurred_at) over (partition by filename order by line_no) as before_at from events
        )
    """
    assert 0.01 < one(shop, disorder) < 0.6


def test_some_visits_run_past_midnight(shop: DemoShop) -> None:
    past = """
        select count(*) from events as a inner join events as b
            on a.visitor_id = b.visitor_id and b.occurred_at::date = a.occurred_at::date + 1
            and b.occurred_at - a.occurred_at < interval 5 minute
    """
    assert one(shop, past) > 0


def test_card_testing_is_many_small_declines_in_minutes(shop: DemoShop) -> None:
    tested = shop.execute(
        """
        select
            count(*), max(amount.value), count(distinct card.fingerprint),
            max(created_at) - min(created_at) < interval 6 minute
        from transactions where type = 'declined' group by order_id having count(*) >= 8
        """
    ).fetchall()
    assert len(tested) >= 3
    for _, amount, cards, is_quick in tested:
        assert cards <= 5
        assert amount < 400  # of any currency: SEK is the widest
        assert is_quick


def test_stolen_cards_buy_dear_goods_from_elsewhere_and_are_disputed(shop: DemoShop) -> None:
    dear, usual = one(
        shop,
        """
        with first as (select order_id, max(amount.value) as total, bool_or(card.issuer_country != ip_country) as is_far
                       from transactions where type = 'captured' and amount.currency = 'EUR' group by 1),
        fraud as (select distinct t.order_id from disputes as d inner join transactions as t using (transaction_id)
                  where d.reason = 'fraudulent')
        select avg(total) filter (where order_id in (from fraud) and is_far), median(total) from first
        """,
    )
    assert dear > 4 * usual
    assert (
        one(
            shop,
            """
            select min(date_diff('day', t.created_at, d.opened_at))
            from disputes as d inner join transactions as t using (transaction_id)
            """,
        )
        >= 7
    )
