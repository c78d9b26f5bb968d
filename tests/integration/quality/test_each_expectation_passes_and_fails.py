"""Each kind of expectation in use, on ten sales: it passes where it should, fails where it should, by figures counted by hand.

The ten amounts are 10, 20 ... 100: sum 550, mean 55, median 55, sample standard deviation 30.2765 (sqrt(8250 / 9)).
Channels: web 3, store 3, app 4. Two notes of ten. One email of ten is none.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from tests.helpers.audited import Audited

WEB = {"row_condition": 'col("channel") == "web"'}


@pytest.mark.parametrize(
    ("expectation", "good", "bad", "failures"),
    [
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 10}, {"column": "amount", "min_value": 11}, 1),
        (
            "expect_column_values_to_be_between",
            {"column": "amount", "max_value": 30, **WEB},
            {"column": "amount", "max_value": 20, **WEB},
            1,
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "sold_on", "max_value": "2025-01-05"},
            {"column": "sold_on", "max_value": "2025-01-04"},
            2,
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "amount", "min_value": 11, "mostly": 0.9},
            {"column": "amount", "min_value": 11, "mostly": 0.91},
            1,
        ),
        (
            "expect_column_values_to_be_in_set",
            {"column": "channel", "value_set": ["web", "store", "app"]},
            {"column": "channel", "value_set": ["web", "store"]},
            4,
        ),
        (
            "expect_column_values_to_not_be_in_set",
            {"column": "channel", "value_set": ["fax"]},
            {"column": "channel", "value_set": ["web"]},
            3,
        ),
        ("expect_column_values_to_be_null", {"column": "note", "mostly": 0.8}, {"column": "note"}, 2),
        ("expect_column_values_to_not_be_null", {"column": "note", "mostly": 0.2}, {"column": "note"}, 8),
        ("expect_column_values_to_be_unique", {"column": "id"}, {"column": "sold_on"}, 10),
        (
            "expect_compound_columns_to_be_unique",
            {"column_list": ["sold_on", "amount"]},
            {"column_list": ["sold_on", "cost"]},
            10,
        ),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "amount", "column_B": "cost"},
            {"column_A": "cost", "column_B": "amount"},
            10,
        ),
        (
            "expect_column_pair_values_to_be_equal",
            {"column_A": "cost", "column_B": "cost"},
            {"column_A": "cost", "column_B": "amount"},
            10,
        ),
        (
            "expect_column_value_lengths_to_be_between",
            {"column": "channel", "min_value": 3, "max_value": 5},
            {"column": "channel", "max_value": 4},
            3,
        ),
        (
            "expect_column_values_to_match_regex",
            {"column": "email", "regex": "@", "mostly": 0.9},
            {"column": "email", "regex": "@"},
            1,
        ),
        ("expect_column_values_to_not_match_regex", {"column": "email", "regex": "#"}, {"column": "email", "regex": "@"}, 9),
        (
            "expect_column_values_to_match_regex_list",
            {"column": "email", "regex_list": ["@", "nobody"]},
            {"column": "email", "regex_list": ["a1@", "a2@"]},
            8,
        ),
        (
            "expect_column_values_to_not_match_regex_list",
            {"column": "email", "regex_list": ["#", "%"]},
            {"column": "email", "regex_list": ["nob", "a1"]},
            2,
        ),
        (
            "expect_column_values_to_match_like_pattern",
            {"column": "channel", "like_pattern": "%"},
            {"column": "channel", "like_pattern": "w_b"},
            7,
        ),
        (
            "expect_column_values_to_not_match_like_pattern",
            {"column": "channel", "like_pattern": "fax"},
            {"column": "channel", "like_pattern": "a%"},
            4,
        ),
        (
            "expect_column_values_to_match_like_pattern_list",
            {"column": "channel", "like_pattern_list": ["w%", "%"]},
            {"column": "channel", "like_pattern_list": ["w%", "a%"]},
            3,
        ),
        (
            "expect_column_values_to_not_match_like_pattern_list",
            {"column": "channel", "like_pattern_list": ["f%"]},
            {"column": "channel", "like_pattern_list": ["f%", "a%"]},
            4,
        ),
        (
            "expect_multicolumn_sum_to_equal",
            {"column_list": ["cost", "cost"], "sum_total": 8},
            {"column_list": ["amount", "cost"], "sum_total": 14},
            9,
        ),
        (
            "expect_column_value_z_scores_to_be_less_than",
            {"column": "amount", "threshold": 2, "double_sided": True},
            {"column": "amount", "threshold": 1, "double_sided": True},
            4,
        ),
    ],
)
def test_rows(shop: Audited, expectation: str, good: dict[str, Any], bad: dict[str, Any], failures: int) -> None:
    assert shop.judge(expectation, **good).status == "pass"
    found = shop.judge(expectation, **bad)
    assert (found.status, found.failures) == ("fail", failures)
    assert 0 < len(found.sample) <= 5
    assert found.query


@pytest.mark.parametrize(
    ("expectation", "arguments", "low", "observed", "high"),
    [
        ("expect_table_row_count_to_be_between", {}, 9, 10, 11),
        ("expect_table_row_count_to_be_between", WEB, 2, 3, 4),
        ("expect_column_mean_to_be_between", {"column": "amount"}, 54, 55, 56),
        ("expect_column_mean_to_be_between", {"column": "amount", **WEB}, 19, 20, 21),
        ("expect_column_median_to_be_between", {"column": "amount"}, 54, 55, 56),
        ("expect_column_median_to_be_between", {"column": "amount", **WEB}, 19, 20, 21),
        ("expect_column_sum_to_be_between", {"column": "amount"}, 549, 550, 551),
        ("expect_column_stdev_to_be_between", {"column": "amount"}, 30, pytest.approx(30.2765, abs=0.0001), 31),
        ("expect_column_min_to_be_between", {"column": "amount"}, 9, 10, 11),
        ("expect_column_max_to_be_between", {"column": "amount"}, 99, 100, 101),
        ("expect_column_max_to_be_between", {"column": "sold_on"}, "2025-01-04", "2025-01-05", "2025-01-06"),
        ("expect_column_unique_value_count_to_be_between", {"column": "channel"}, 2, 3, 4),
        ("expect_column_proportion_of_unique_values_to_be_between", {"column": "channel"}, 0.2, 0.3, 0.4),
        ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "note"}, 0.1, 0.2, 0.3),
    ],
)
def test_figures(shop: Audited, expectation: str, arguments: dict[str, Any], low: Any, observed: Any, high: Any) -> None:
    passed = shop.judge(expectation, **arguments, min_value=low, max_value=high)
    assert (passed.status, passed.observed["observed_value"]) == ("pass", observed)
    above = shop.judge(expectation, **arguments, min_value=high)
    below = shop.judge(expectation, **arguments, max_value=low)
    assert (above.status, below.status) == ("fail", "fail")
    assert above.observed["observed_value"] == observed
    assert above.query


@pytest.mark.parametrize(
    ("expectation", "good", "bad"),
    [
        ("expect_column_distinct_values_to_be_in_set", ["web", "store", "app", "fax"], ["web", "store"]),
        ("expect_column_distinct_values_to_contain_set", ["web"], ["web", "fax"]),
        ("expect_column_distinct_values_to_equal_set", ["web", "store", "app"], ["web", "store", "app", "fax"]),
        ("expect_column_distinct_values_to_equal_set", ["app", "web", "store"], ["web", "store"]),
        ("expect_column_most_common_value_to_be_in_set", ["app"], ["web", "store"]),
    ],
)
def test_sets(shop: Audited, expectation: str, good: list[str], bad: list[str]) -> None:
    assert shop.judge(expectation, column="channel", value_set=good).status == "pass"
    assert shop.judge(expectation, column="channel", value_set=bad).status == "fail"


def test_quantiles(shop: Audited) -> None:
    """The 10th percentile of ten values is the first, the 90th the ninth: nothing is interpolated."""
    name = "expect_column_quantile_values_to_be_between"
    ranges = {"quantiles": [0.1, 0.9], "value_ranges": [[10, 10], [90, 90]]}
    passed = shop.judge(name, column="amount", quantile_ranges=ranges)
    assert (passed.status, passed.observed["observed_value"]["values"]) == ("pass", [10, 90])
    failed = shop.judge(name, column="amount", quantile_ranges={**ranges, "value_ranges": [[10, 10], [91, 99]]})
    assert failed.status == "fail"


def test_a_distribution(shop: Audited) -> None:
    """KL divergence of (3, 3, 4)/10 from itself is 0; from (1, 1, 8)/10 it is 2 x 0.3 ln 3 + 0.4 ln 0.5 = 0.3819."""
    name, values = "expect_column_kl_divergence_to_be_less_than", ["web", "store", "app"]
    same = {"values": values, "weights": [0.3, 0.3, 0.4]}
    other = {"values": values, "weights": [0.1, 0.1, 0.8]}
    assert shop.judge(name, column="channel", partition_object=same, threshold=0.01).status == "pass"
    failed = shop.judge(name, column="channel", partition_object=other, threshold=0.3)
    assert (failed.status, failed.observed["observed_value"]) == ("fail", pytest.approx(0.3819, abs=0.0001))


def test_rows_by_a_query_of_ones_own(shop: Audited) -> None:
    name = "unexpected_rows_expectation"
    assert shop.judge(name, unexpected_rows_query="select * from {batch} where amount < cost").status == "pass"
    failed = shop.judge(name, unexpected_rows_query="select id from {batch} where amount > 80")
    assert (failed.status, failed.observed["observed_value"]) == ("fail", 2)
    assert failed.query == "select id from core.sales where amount > 80"
    assert sorted(row["id"] for row in failed.sample) == [9, 10]


def test_a_duplicate_is_counted_and_its_query_finds_it(shop: Audited) -> None:
    """The cheap question (is count = count distinct?) gives way to GX's own count where the answer is no."""
    shop.build("select range % 9 as id, 'web' as channel from range(10)")
    shop.declare_id_is_unique()
    ((found,),) = (model.checks for model in shop.audit().models)
    assert (found.status, found.failures) == ("fail", 2)
    assert found.query
    with duckdb.connect(str(shop.file), read_only=True) as connection:
        assert connection.execute(found.query).fetchall() == [(0, "web"), (0, "web")]


@pytest.mark.parametrize(
    ("expectation", "arguments"),
    [
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0}),
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_values_to_be_in_set", {"column": "channel", "value_set": ["web"]}),
        ("expect_column_values_to_not_be_null", {"column": "channel"}),
    ],
)
def test_rows_that_are_not_there_break_no_rule(shop: Audited, expectation: str, arguments: dict[str, Any]) -> None:
    nobody = {"row_condition": 'col("channel") == "fax"'}
    assert shop.judge(expectation, **arguments, **nobody).status == "pass"
    shop.build("select * from core.sales where false")
    assert shop.judge(expectation, **arguments).status == "pass"


def test_a_figure_of_no_rows_is_not_a_pass(shop: Audited) -> None:
    shop.build("select * from core.sales where false")
    found = shop.judge("expect_column_mean_to_be_between", column="amount", min_value=0)
    assert (found.status, found.observed) == ("fail", {})
