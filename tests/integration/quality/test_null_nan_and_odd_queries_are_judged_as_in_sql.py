"""Null is in no set and a value of a key, NaN meets no bound, a day is its midnight; and any query of one's own can be run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.helpers.audited import Audited, check

from sluice.core.document import document
from sluice.core.errors import SluiceError
from sluice.quality.expectations.report import as_fields, as_markdown, as_text, rows
from sluice.quality.expectations.result import CheckResult


def judged(shop: Audited, table: str, expectation: str, **arguments: Any) -> CheckResult:
    """One check of a table."""
    shop.build(table)
    shop.declare(check(expectation, **arguments), columns=())
    ((found,),) = (model.checks for model in shop.audit().models)
    return found


def values(listed: str, names: str = "x") -> str:
    return f"select * from (values {listed}) t ({names})"


@pytest.mark.parametrize("name", ["asof", "semi", "anti", "positional", "select", "qualify", "lambda", "Ä b", 'a"b'])
def test_any_name_of_a_column(shop: Audited, name: str) -> None:
    quoted = name.replace('"', '""')
    found = judged(shop, values("(1), (null)", f'"{quoted}"'), "expect_column_values_to_not_be_null", column=name)
    assert (found.status, found.failures) == ("fail", 1), found.message


@pytest.mark.parametrize("ignored", [{}, {"ignore_row_if": "never"}])
def test_two_rows_with_null_in_a_key_are_no_key(shop: Audited, ignored: dict[str, str]) -> None:
    table = values("('A', null), ('A', null), ('B', 'x')", "x, y")
    found = judged(shop, table, "expect_compound_columns_to_be_unique", column_list=["x", "y"], **ignored)
    assert (found.status, found.failures) == ("fail", 2)
    assert found.sample == ({"x": "A", "y": None}, {"x": "A", "y": None})
    table = values("(null, null), (null, null), ('B', 'x')", "x, y")
    found = judged(shop, table, "expect_compound_columns_to_be_unique", column_list=["x", "y"], **ignored)
    assert found.status == ("fail" if ignored else "pass")  # Great Expectations leaves out rows that are null by default


@pytest.mark.parametrize(
    ("expectation", "value_set", "status"),
    [
        ("expect_column_distinct_values_to_be_in_set", ["a", None], "fail"),
        ("expect_column_distinct_values_to_be_in_set", ["a", "zzz", None], "pass"),
        ("expect_column_distinct_values_to_contain_set", ["a", None], "pass"),
        ("expect_column_distinct_values_to_equal_set", ["a", "zzz", None], "pass"),
        ("expect_column_values_to_be_in_set", ["a", None], "fail"),
        ("expect_column_values_to_not_be_in_set", ["b", None], "pass"),
        ("expect_column_values_to_not_be_in_set", ["a", None], "fail"),
    ],
)
def test_null_is_in_no_set(shop: Audited, expectation: str, value_set: list[str | None], status: str) -> None:
    assert judged(shop, values("('a'), ('zzz')"), expectation, column="x", value_set=value_set).status == status


def test_a_set_of_null_alone_is_a_mistake(shop: Audited) -> None:
    with pytest.raises(SluiceError, match="value_set has only null"):
        judged(shop, values("('a')"), "expect_column_values_to_be_in_set", column="x", value_set=[None])


@pytest.mark.parametrize(
    ("listed", "expectation", "arguments", "status"),
    [
        ("('nan'::double, 0), (1, 0)", "expect_column_values_to_be_between", {"column": "x", "min_value": 0}, "fail"),
        ("('nan'::float, 0), (1, 0)", "expect_column_values_to_be_between", {"column": "x", "min_value": 0}, "fail"),
        ("('inf'::double, 0), (1, 0)", "expect_column_values_to_be_between", {"column": "x", "min_value": 0}, "pass"),
        ("('nan'::double, 0)", "expect_column_min_to_be_between", {"column": "x", "min_value": 0}, "fail"),
        ("('nan'::double, 0), (1, 0)", "expect_column_min_to_be_between", {"column": "x", "min_value": 0}, "pass"),
        ("('nan'::double, 0), (1, 0)", "expect_column_max_to_be_between", {"column": "x", "min_value": 0}, "fail"),
        ("('nan'::double, 1.0)", "expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "x", "column_B": "y"}, "fail"),
        ("(2::double, 1.0)", "expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "x", "column_B": "y"}, "pass"),
    ],
)
def test_nan_meets_no_bound(shop: Audited, listed: str, expectation: str, arguments: dict[str, Any], status: str) -> None:
    assert judged(shop, values(listed, "x, y"), expectation, **arguments).status == status


@pytest.mark.parametrize(
    ("moment", "most", "status"),
    [
        ("'2024-12-31 23:59:59'::timestamp", "2024-12-31", "fail"),
        ("'2024-12-31'::timestamp", "2024-12-31", "pass"),
        ("'2024-12-31'::date", "2024-12-31", "pass"),
        ("'2025-01-01'::date", "2024-12-31", "fail"),
        ("'2024-12-31 01:00:00+02'::timestamptz", "2024-12-31", "pass"),
        ("'2024-12-31 23:59:59'::timestamp", "2024-12-31 23:59:59", "pass"),
        ("'infinity'::timestamp", "2024-12-31", "fail"),
    ],
)
def test_a_day_is_its_midnight(shop: Audited, moment: str, most: str, status: str) -> None:
    found = judged(shop, values(f"({moment})"), "expect_column_max_to_be_between", column="x", max_value=most)
    assert found.status == status, found.message


def test_the_most_common_value_of_some_rows(shop: Audited) -> None:
    table = values("('p', 'a'), ('q', 'b'), ('q', 'b')", "x, z")
    where = {"row_condition": 'col("z") == "a"'}
    name = "expect_column_most_common_value_to_be_in_set"
    assert judged(shop, table, name, column="x", value_set=["p"], **where).status == "pass"
    assert judged(shop, table, name, column="x", value_set=["q"], **where).status == "fail"


@pytest.mark.parametrize(
    "query",
    [
        "select * from {batch} where x like '%:c'",
        "select * from {batch} -- those with a colon\nwhere x like 'a%'",
        "select * from {batch} where x like 'a%' -- at the end",
        "select * from {batch} where x like 'a%';",
        "select x, {'n': 1} as s from {batch} where x::varchar like 'a%'",
        "/* {batch} */ select * from {batch} where x = 'a:c'",
    ],
)
def test_a_query_is_run_as_it_is_written(shop: Audited, query: str) -> None:
    found = judged(shop, values("('a:c'), ('b')"), "unexpected_rows_expectation", unexpected_rows_query=query)
    assert (found.status, found.observed) == ("fail", {"observed_value": 1}), found.message
    assert found.sample[0]["x"] == "a:c"
    assert found.query == query.rstrip(";").replace("{batch}", "core.sales")


def test_a_query_that_is_broken_is_an_error_of_its_check(shop: Audited) -> None:
    found = judged(shop, values("(1)"), "unexpected_rows_expectation", unexpected_rows_query="select nothing from {batch}")
    assert found.status == "error"


def test_infinity_is_valid_json(shop: Audited) -> None:
    judged(shop, values("('inf'::double), (2)"), "expect_column_mean_to_be_between", column="x", min_value=0, max_value=10)
    report = shop.audit()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(document(as_fields(report)), parse_constant=refuse)
    json.loads(rows(report)[0].observed or "", parse_constant=refuse)
    assert "inf" in as_text(report)
    assert "blocked" in as_markdown(report)
