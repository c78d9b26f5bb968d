"""Each series has a point for each day: figures counted by hand from rows written out here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.helpers.followed import Followed

from sluice.core.errors import SluiceError

# A Thursday to the next Wednesday; web has nothing on the 3rd, the shop nothing on the 5th, and app begins on the 4th.
SALES = """
    select day::date as sold_on, moment::timestamp as sold_at, shop, amount, country from (values
        ('2026-01-01', '2026-01-01 23:30', 'web', 10.0, 'DE'), ('2026-01-01', '2026-01-02 00:30', 'web', 30.0, null),
        ('2026-01-02', '2026-01-02 08:00', 'web', 20.0, 'DE'), ('2026-01-02', '2026-01-02 09:00', null, 5.0, 'AT'),
        ('2026-01-03', '2026-01-03 08:00', null, 5.0, 'AT'),
        ('2026-01-04', '2026-01-04 08:00', 'web', 40.0, null), ('2026-01-04', '2026-01-04 09:00', 'app', 1.0, 'FR'),
        ('2026-01-06', '2026-01-06 08:00', 'web', 60.0, 'DE'), ('2026-01-06', '2026-01-06 09:00', 'web', 70.0, 'DE'),
        ('2026-01-07', '2026-01-07 08:00', 'web', 10.0, 'DE')
    ) as sales (day, moment, shop, amount, country)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Followed:
    shop = Followed(tmp_path)
    shop.build(SALES)
    return shop


def test_a_day_without_rows_is_zero_for_counts_and_absent_for_the_rest(shop: Followed) -> None:
    measures = {"rows": "count", "mean": "avg(amount)", "no_country": {"condition": "country is null"}}
    points = shop.points({"measures": measures})
    days = ["01-01", "01-02", "01-03", "01-04", "01-05", "01-06", "01-07"]
    assert points["rows"] == [(day, rows, None) for day, rows in zip(days, [2, 2, 1, 2, 0, 2, 1], strict=True)]
    assert points["mean"] == [
        ("01-01", 20.0, None), ("01-02", 12.5, None), ("01-03", 5.0, None), ("01-04", 20.5, None),
        ("01-06", 65.0, None), ("01-07", 10.0, None),
    ]  # fmt: skip
    assert points["no_country"] == [
        ("01-01", 1, 2), ("01-02", 0, 2), ("01-03", 0, 1), ("01-04", 1, 2), ("01-06", 0, 2), ("01-07", 0, 1)
    ]  # fmt: skip


def test_a_value_of_a_dimension_begins_with_its_first_day_and_goes_on_to_the_newest(shop: Followed) -> None:
    points = shop.points({"by": "shop"})
    assert points["rows{shop=app}"] == [("01-04", 1, None), ("01-06", 0, None), ("01-07", 0, None)]
    # On the 5th nothing came at all: that is one point, of all rows.
    assert [day for day, rows, _ in points["rows"] if not rows] == ["01-05"]
    assert points["rows{shop=web}"] == [
        ("01-01", 2, None), ("01-02", 1, None), ("01-03", 0, None), ("01-04", 1, None), ("01-06", 2, None), ("01-07", 1, None)
    ]  # fmt: skip
    assert points["rows{shop=(null)}"][:2] == [("01-02", 1, None), ("01-03", 1, None)]


def test_all_rows_are_a_series_only_where_a_new_value_may_move_it(shop: Followed) -> None:
    by_shop = {"by": "shop", "total": False}
    assert "rows" not in shop.points(by_shop)
    # Without it, a day on which nothing came at all is a point of each.
    some = {name: [one for one in points if one[0] != "01-05"] for name, points in shop.points(by_shop).items()}
    assert some == {name: points for name, points in shop.points({"by": "shop"}).items() if name != "rows"}
    assert ("01-05", 0, None) in shop.points(by_shop)["rows{shop=web}"]
    assert "rows" in shop.points([by_shop, {"by": "country"}])
    assert "rows" in shop.points({"total": False})  # there is no other


def test_two_dimensions_give_a_series_for_each_pair(shop: Followed) -> None:
    points = shop.points([{"by": ["shop", "country"]}, {"by": "country"}])
    assert points["rows{shop=web,country=DE}"][0] == ("01-01", 1, None)
    assert sum(rows for _, rows, _ in points["rows{country=DE}"]) == 5
    assert sum(rows for _, rows, _ in points["rows"]) == 10


def test_where_and_the_least_number_of_rows_leave_out(shop: Followed) -> None:
    points = shop.points({"where": "shop = 'web'", "measures": {"most": "max(amount)"}, "least_rows": 2})
    assert points == shop.points({"where": "shop = 'web' -- only", "measures": {"most": "max(amount) -- ever"}, "least_rows": 2})
    assert points["most"] == [("01-01", 30.0, None), ("01-06", 70.0, None)]


def test_a_time_counts_for_its_day_in_utc(shop: Followed) -> None:
    assert shop.points({"at": "sold_at"})["rows"][:2] == [("01-01", 1, None), ("01-02", 3, None)]
    in_berlin = "sold_at at time zone 'UTC' at time zone 'Europe/Berlin'"
    assert shop.points({"at": in_berlin})["rows"][:2] == [("01-02", 4, None), ("01-03", 1, None)]


def test_a_day_counts_when_it_is_over(shop: Followed) -> None:
    def newest(**more: object) -> str:
        day = more.pop("today", date(2026, 3, 2))
        assert isinstance(day, date)
        return str(shop.points({**more}, today=day)["rows"][-1][0])

    assert newest() == "01-07"
    assert newest(today=date(2026, 1, 7)) == "01-06"
    assert newest(wait=1) == "01-06"
    assert newest(wait=1, today=date(2026, 1, 7)) == "01-05"


def test_rows_far_away_from_all_others_do_not_lengthen_a_series(tmp_path: Path) -> None:
    shop = Followed(tmp_path)
    shop.sell([20] * 20)
    shop.build("""
        select date '2026-01-01' + i::integer as sold_on from range(20) as days (i), range(20)
        union all select unnest([date '1970-01-01', date '2025-06-01', date '2026-02-28', date '2099-01-01', null])
    """)
    found = shop.judge(True)
    assert found.series[0].points == 20
    assert found.notes == (
        "core.sales: 2 rows dated after 2026-01-20: left out", "core.sales: 2 rows dated before 2026-01-01: left out"
    )  # fmt: skip
    # Where there are many of them, the shop was closed.
    shop.build("select date '2026-01-01' + i::integer as sold_on from range(20) as days (i) union all select date '2026-02-28'")
    assert shop.judge(True).series[0].points == 59


def test_only_the_newest_days_are_judged(tmp_path: Path) -> None:
    shop = Followed(tmp_path)
    shop.sell([3] * 50)
    assert next(day for day, *_ in shop.points({"days": 30})["rows"]) == "01-21"


def test_the_most_frequent_values_are_followed_and_the_others_are_counted(tmp_path: Path) -> None:
    shop = Followed(tmp_path)
    shop.build("""
        select date '2026-01-01' + d::integer as sold_on, i as customer
        from range(20) as days (d), range(100) as customers (i), range(if(i < 2, 90, 1))
    """)
    found = shop.judge({"by": "customer", "most": 2})
    assert [one.dimension for one in found.series] == [None, "customer=0", "customer=1"]
    assert found.notes == (
        "core.sales by customer: the 2 most frequent values are followed; 98 others have 35.3 % of the rows",
    )  # fmt: skip


def test_a_model_without_rows_has_no_series(tmp_path: Path) -> None:
    shop = Followed(tmp_path)
    shop.build("select date '2026-01-01' as sold_on, 'web' as shop where false")
    assert shop.judge({"by": "shop"}).series == ()


@pytest.mark.parametrize(
    ("follow", "where", "words"),
    [
        (
            {"measures": {"rows": "count", "mean": "avg(price)"}},
            "core.sales, follow: mean",
            'Referenced column "price" not found',
        ),
        ({"at": "sold_in"}, "core.sales, follow: at", 'Referenced column "sold_in" not found'),
        ({"where": "shop = 'web' and and"}, "core.sales, follow: where", "syntax error"),
        ({"by": "channel"}, "core.sales, follow: by channel", 'Referenced column "channel" not found'),
        ({"measures": {"one": "amount"}}, "core.sales, follow: one", "must be part of an aggregate function"),
        ({"measures": {"one": {"value": "sum(-amount)", "kind": "count"}}}, "core.sales.one", "-40 on 2026-01-01 is not valid"),
        (
            {"measures": {"one": {"value": "3", "denominator": "count(*)", "kind": "p"}}},
            "core.sales.one",
            "3 of 2 on 2026-01-01 is not valid for the kind p",
        ),
    ],
)
def test_what_cannot_be_measured_is_named(shop: Followed, follow: dict[str, object], where: str, words: str) -> None:
    with pytest.raises(SluiceError) as error:
        shop.judge(follow)
    assert error.value.where == where
    assert words in error.value.what
