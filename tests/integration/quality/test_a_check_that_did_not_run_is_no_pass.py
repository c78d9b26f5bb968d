"""Whatever goes wrong inside Great Expectations, a check that was not judged says so and the audit ends with 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.helpers.audited import Audited, check

from sluice.quality.expectations.quiet import quiet_gx
from sluice.quality.expectations.report import as_text

GOOD = check("expect_column_values_to_be_between", "amounts_are_positive", column="amount", min_value=0)
OTHER = check("expect_column_values_to_be_between", "costs_are_positive", column="cost", min_value=0)


@pytest.fixture
def tampered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], Any]], None]:
    """Change what GX's validator gives back."""
    with quiet_gx():
        from great_expectations.validator.validator import Validator

    original = Validator.graph_validate

    def tamper(change: Callable[[Any], Any]) -> None:
        monkeypatch.setattr(Validator, "graph_validate", lambda self, *given, **named: change(original(self, *given, **named)))

    return tamper


def test_a_result_that_is_missing_is_an_error(shop: Audited, tampered: Any) -> None:
    shop.declare(GOOD, OTHER)
    assert shop.audit().exit_code == 0
    tampered(lambda results: results[1:])
    report = shop.audit()
    statuses = {found.name: (found.status, found.message) for found in report.models[0].checks}
    assert statuses["amounts_are_positive"] == ("error", "Great Expectations gave no result for it")
    assert statuses["costs_are_positive"] == ("pass", "")
    assert report.exit_code == 2
    assert "NOT JUDGED  amounts_are_positive" in as_text(report)


def test_a_result_that_raised_is_an_error_even_if_it_says_success(shop: Audited, tampered: Any) -> None:
    def raised(results: Any) -> Any:
        results[0].exception_info = {"raised_exception": True, "exception_message": "the disk is on fire"}
        results[0].success = True
        return results

    shop.declare(GOOD, OTHER)
    tampered(raised)
    report = shop.audit()
    assert [found.status for found in report.models[0].checks] == ["error", "pass"]
    assert report.models[0].checks[0].message == "the disk is on fire"
    assert report.exit_code == 2


def test_a_check_that_duckdb_cannot_compute_leaves_the_others_standing(shop: Audited) -> None:
    shop.declare(check("expect_column_mean_to_be_between", "texts_have_a_mean", column="channel", min_value=0), GOOD, OTHER)
    report = shop.audit()
    assert [found.status for found in report.models[0].checks] == ["error", "pass", "pass"]
    assert "No function matches the given name and argument types '*(DOUBLE, VARCHAR)'" in report.models[0].checks[0].message
    assert report.exit_code == 2


def test_one_that_is_part_of_the_scan_neither(shop: Audited) -> None:
    deviation = check("expect_column_stdev_to_be_between", "texts_deviate", column="channel", min_value=0)
    shop.declare(
        deviation, GOOD, check("expect_column_median_to_be_between", "middle", column="amount", min_value=54, max_value=56)
    )
    report = shop.audit()
    assert [found.status for found in report.models[0].checks] == ["error", "pass", "pass"]
    assert "No function matches" in report.models[0].checks[0].message
