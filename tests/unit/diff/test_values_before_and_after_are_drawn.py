"""Each changed column has its distribution before and after, in bins that people read; every row is counted once."""

from __future__ import annotations

import pytest
from tests.helpers.diffed import Sides, node
from tests.helpers.pages import assert_whole

from sluice.core.text import moment_of_data, number
from sluice.diff import words
from sluice.diff.formats import write
from sluice.diff.result import Bin, Distribution, Top


def drawn(sides: Sides, before: str, after: str, rows: str = "range(1, 101)") -> Distribution | None:
    """The distribution of column v, computed from `range`, before and after."""
    sides.tables(*(f"select range as order_id, {value} as v from {rows}" for value in (before, after)))
    found = sides.diff()
    assert_whole(write(found, "html"))
    return next((one for one in found.relations[0].distributions if one.column == "v"), None)


def test_bins_are_as_counted_by_hand(sides: Sides) -> None:
    """1 to 100, and the same times two: tens, and from 100 on only the second half."""
    found = drawn(sides, "range", "range * 2")

    assert found is not None
    assert found.bins[0] == Bin(0.0, 20.0, 19, 9)
    assert found.bins[5] == Bin(100.0, 120.0, 1, 10)
    assert found.bins[-1] == Bin(200.0, 220.0, 0, 1)
    assert [bin.before for bin in found.bins] == [19, 20, 20, 20, 20, 1, 0, 0, 0, 0, 0]
    assert [bin.after for bin in found.bins] == [9, *[10] * 9, 1]


def test_an_outlier_does_not_hide_the_others(sides: Sides) -> None:
    value = "case when range = 7 then 1e12 else range % 10 end"
    found = drawn(sides, value, f"{value} + 1", "range(1, 1001)")

    assert found is not None
    assert len(found.bins) > 8
    assert found.bins[-1] == Bin(found.bins[-2].high, None, 1, 1)
    assert all(bin.low is not None and bin.high is not None for bin in found.bins[:-1])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("range::double", "-range::double / 3"),
        ("(range / 7)::float", "(range / 8)::float"),
        ("(range / 100)::decimal(38, 10)", "(range / 99)::decimal(38, 10)"),
        ("('99999999999999999999999999999999999999')::decimal(38, 0)", "(-range)::decimal(38, 0)"),
        ("340282366920938463463374607431768211455::uhugeint", "range::uhugeint"),
        ("9007199254740992 + range % 2", "9007199254740993 + range % 2"),
        ("5", "6"),
        ("if(range % 2 = 0, 'nan'::double, range)", "case range when 3 then 'inf'::double when 4 then null else 1e300 end"),
        ("nullif(range, 3)", "nullif(range, 4)::decimal(10, 2)"),
        ("range::tinyint", "range::double"),
        ("date '2024-01-01' + range::integer", "date '2024-02-01' + range::integer"),
        ("date '5881580-07-10' - range::integer", "date '0044-03-15 (BC)' + range::integer"),
        ("if(range = 1, 'infinity'::date, date '2024-01-01')", "'-infinity'::date"),
        ("timestamp '2024-01-01' + to_microseconds(range)", "timestamp '2024-01-01' + to_hours(range)"),
        ("timestamptz '2024-01-01 00:00:00+02' + to_minutes(range)", "(timestamp '2024-01-01' + to_minutes(range))::timestamptz"),
        ("(timestamp '2024-01-01' + to_days(range::integer))::timestamp_ns", "date '2024-01-01' + range::integer"),
        ("range % 3 = 0", "range % 3 = 1"),
        ("['web', 'it''s', '<b>'][1 + range % 3]", "['web', 'it''s', null][1 + range % 3]"),
    ],
)  # fmt: skip
def test_every_row_is_counted_once(sides: Sides, before: str, after: str) -> None:
    found = drawn(sides, before, after)

    assert found is not None
    for side in (0, 1):
        shown = sum((bin.before, bin.after)[side] for bin in found.bins) + sum(
            (top.before, top.after)[side] for top in found.values
        )
        assert shown + found.nulls[side] + found.not_finite[side] == 100
    assert len(found.bins) <= 20
    assert [bin.low for bin in found.bins[1:]] == [bin.high for bin in found.bins[:-1]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("null::integer", "null::double"),
        ("'nan'::double", "'inf'::double"),
        ("1.7e308 * (range % 2)", "-1.7e308 * (range % 2)"),
        ("'a' || range", "'b' || range"),
        ("[range]", "[range + 1]"),
    ],
)
def test_what_has_no_picture_is_not_drawn(sides: Sides, before: str, after: str) -> None:
    """No finite value, a range beyond doubles, texts of which none is frequent, lists."""
    assert drawn(sides, before, after) is None


def test_an_empty_side(sides: Sides) -> None:
    sides.tables("select 1 as order_id, 5 as v where false", "select range as order_id, range as v from range(3)")
    (found,) = sides.relation().distributions

    assert [(bin.before, bin.after) for bin in found.bins] == [(0, 1)] * 3


def test_top_values_and_the_others(sides: Sides) -> None:
    """Of a hundred rows eighty have one of two values; ten others are in two rows each."""
    value = "case when range <= 50 then 'web' when range <= 80 then 'app' else 's' || (range % 10) end"
    found = drawn(sides, value, value.replace("50", "60"))

    assert found is not None
    assert found.values[:2] == (Top("web", 50, 60), Top("app", 30, 20))
    assert (len(found.values), found.others) == (6, 6)
    text = write(sides.diff(), "html")
    assert "6 other values" in text
    assert "50 % → 60 %" in text


def test_a_view_and_names_of_others(sides: Sides) -> None:
    name, quoted = 'A "b" <c>', '"A ""b"" <c>"'
    sides.declare(node("orders", schema="Shop.eu", key=["order_id"]))
    for side, value in (("a", "range"), ("b", "range + 5")):
        query = f"select range as order_id, {value} as {quoted} from range(9)"
        sides.build(side, 'create schema "Shop.eu"', f'create view "Shop.eu".orders as {query}')
    found = sides.diff()

    assert [one.column for one in found.relations[0].distributions] == [name]
    assert_whole(write(found, "html"))
    assert "<c>" not in write(found, "html")


def test_keys_are_not_drawn(sides: Sides) -> None:
    sides.tables("select range as order_id from range(5)", "select range as order_id from range(9)")

    assert sides.relation().distributions == ()


def test_nothing_is_counted_where_no_row_changed(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.diff.distribution.of_numbers", lambda *_: pytest.fail("counted"))
    sides.tables("select 1 as order_id, 5 as v", "select 1 as order_id, 5 as v")

    assert sides.relation().status == "same"


@pytest.mark.parametrize(
    ("of_data", "said"),
    [
        ("2026-11-27", "27 Nov 2026"),
        ("2026-11-27 13:20:00", "27 Nov 2026, 13:20"),
        ("2026-11-27 13:20:05.123456", "27 Nov 2026, 13:20:05.123456"),
        ("2026-11-27 13:20:00.5", "27 Nov 2026, 13:20:00.5"),
        ("2026-11-27 13:20:00+00", "27 Nov 2026, 13:20 UTC"),
        ("infinity", "infinity"),
        ("5881580-07-10", "5881580-07-10"),
        ("0044-03-15 (BC)", "0044-03-15 (BC)"),
    ],
)
def test_dates_are_for_people_and_lose_nothing(of_data: str, said: str) -> None:
    assert moment_of_data(of_data) == said


def test_growth_is_said_where_it_says_something() -> None:
    pairs = [(100, 103), (-100, -90), (0, 5), (None, 5), ("a", "b"), (5, 5), (10**6, 10**6 + 1), (1, float("inf")), (1, 10**400)]

    assert [words.grown(*pair) for pair in pairs] == ["+3.0 %", "+10.0 %", "", "", "", "", "+< 0.1 %", "", ""]
    assert number(1e300) == "1e+300"
