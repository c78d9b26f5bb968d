"""A check that would not check what its author meant is refused before anything runs, with a sentence that helps."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.audited import COLUMNS, check, manifest

from sluice.core.errors import SluiceError
from sluice.quality.expectations.declared import DeclaredCheck, declared
from sluice.quality.expectations.quiet import quiet_gx

BETWEEN = "expect_column_values_to_be_between"


def faults(expectation: str, **arguments: Any) -> list[str]:
    with quiet_gx():
        from sluice.quality.expectations.vocabulary import faults_of

        return list(faults_of(DeclaredCheck("a_claim", expectation, arguments, "error"), COLUMNS))


@pytest.mark.parametrize(
    ("expectation", "arguments"),
    [
        (BETWEEN, {"column": "amount", "min_value": 0}),
        ("ExpectColumnValuesToBeBetween", {"column": "amount", "min_value": 0, "strict_min": True, "mostly": 0.9}),
        (BETWEEN, {"column": "sold_on", "min_value": "2025-01-01"}),
        (BETWEEN, {"column": "amount", "min_value": 0, "row_condition": 'col("channel") == "web"'}),
        ("expect_column_values_to_be_in_set", {"column": "channel", "value_set": ["web"]}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select * from {batch} where amount < cost"}),
    ],
)
def test_what_is_right_is_taken(expectation: str, arguments: dict[str, Any]) -> None:
    assert faults(expectation, **arguments) == []


@pytest.mark.parametrize(
    ("expectation", "arguments", "words"),
    [
        ("expect_column_values_to_be_betwen", {"column": "amount"}, f"did you mean {BETWEEN}?"),
        ("expect_miracles", {}, "there is no expectation expect_miracles"),
        (BETWEEN, {"column": "amount", "min_value": 1, "maxvalue": 3}, "no argument maxvalue; did you mean max_value?"),
        (BETWEEN, {"column": "amount", "min_value": 1, "severity": "warning"}, "no argument severity"),
        (BETWEEN, {"min_value": 1}, "argument column: field required"),
        (BETWEEN, {"column": "amount"}, "min_value and max_value cannot both be None"),
        (BETWEEN, {"column": "amount", "min_value": "many"}, "argument min_value: value is not a valid float"),
        (BETWEEN, {"column": "amount", "min_value": "5"}, "argument min_value: '5' would be read as 5.0"),
        (BETWEEN, {"column": "amount", "min_value": True}, "argument min_value: True would be read as 1.0"),
        (BETWEEN, {"column": "amount", "min_value": {"$PARAMETER": "low"}}, "no suite parameters"),
        (BETWEEN, {"column": "amount", "min_value": 3, "max_value": 1}, "nothing can pass"),
        (BETWEEN, {"column": "amount", "min_value": 3, "mostly": 95}, "argument mostly"),
        (BETWEEN, {"column": "amuont", "min_value": 3}, "the model has no column amuont; did you mean amount?"),
        (BETWEEN, {"column": "amount", "min_value": 3, "row_condition": 'col("chanel") == "web"'}, "no column chanel"),
        (BETWEEN, {"column": "amount", "min_value": 3, "row_condition": "channel = 'web'"}, "unable to parse condition"),
        ("expect_compound_columns_to_be_unique", {"column_list": ["id", "day"]}, "the model has no column day"),
        ("expect_column_pair_values_to_be_equal", {"column_A": "cost", "column_B": "price"}, "the model has no column price"),
        ("expect_column_values_to_be_in_set", {"column": "channel", "value_set": "web"}, "argument value_set"),
        ("expect_column_values_to_match_regex", {"column": "email", "regex": "(@"}, "is not a regular expression of DuckDB"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select 1"}, "write {batch} for its relation"),
        (
            "expect_column_quantile_values_to_be_between",
            {"column": "amount", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1], [1, 2]]}},
            "1 quantiles and 2 value_ranges",
        ),
        ("expect_column_to_exist", {"column": "amount"}, "the contract checks columns and types"),
        ("expect_column_values_to_be_increasing", {"column": "amount"}, "has no SQL for it"),
        ("expect_table_row_count_to_equal_other_table", {"other_table_name": "x"}, "needs a second table"),
    ],
)
def test_what_is_wrong_is_named(expectation: str, arguments: dict[str, Any], words: str) -> None:
    found = faults(expectation, **arguments)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ([], "a list of checks, and not empty"),
        ({"name": "x"}, "a list of checks"),
        (["x"], "check 1 has no name"),
        ([{"expectation": BETWEEN}], "check 1 has no name"),
        ([{"name": "x"}], "sales, x: the expectation is missing"),
        ([{**check(BETWEEN), "severity": "fatal"}], "unknown severity 'fatal'; use error or warn"),
        ([{**check(BETWEEN), "argument": {}}], "unknown key argument"),
        ([{**check(BETWEEN), "arguments": ["amount"]}], "arguments must be a mapping"),
        ([check(BETWEEN), check(BETWEEN)], "two checks have this name"),
        ([{**check(BETWEEN), "model": "sails"}], "sales, a_claim: there is no model sails"),
        ([check(BETWEEN), {**check(BETWEEN), "model": "sales"}], "a_claim: two checks of sales have this name"),
        ([{**check(BETWEEN), "needs": 5}], "needs must be a text"),
        ([{**check(BETWEEN), "about": "true"}], "needs is missing"),
    ],
)
def test_a_check_has_a_name_and_known_keys(checks: Any, words: str) -> None:
    with pytest.raises(SluiceError, match="nothing was checked") as error:
        declared(manifest(checks))
    assert words in error.value.what


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(SluiceError, match="2 expectations are not valid") as error:
        declared(manifest([{"name": "x"}, {**check(BETWEEN), "severity": "fatal"}]))
    assert "sales, x: the expectation is missing" in error.value.what
    assert "sales, a_claim: unknown severity" in error.value.what


@pytest.mark.parametrize(
    ("select", "found"),
    [
        ([], True), (["sales"], True), (["sal*"], True), (["core"], True), (["core.sales"], True), (["tag:money"], True),
        (["tag:web"], False), (["sale"], False), (["finance"], False), (["finance", "sales"], True),
    ],
)  # fmt: skip
def test_models_are_selected_by_name_schema_pattern_and_tag(select: list[str], found: bool) -> None:
    assert bool(declared(manifest([check(BETWEEN)]), select)) is found


def test_both_versions_of_a_model_answer_to_its_name() -> None:
    document = manifest([check(BETWEEN)])
    document["nodes"]["model.shop.sales"]["version"] = 2
    (model,) = declared(document, ["sales"])
    assert model.name == "sales.v2"
    assert declared(document, ["sales.v1"]) == []
