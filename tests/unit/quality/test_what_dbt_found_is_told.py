"""dbt's last results are shown with the audit, block where they failed, and are doubted aloud where they may be stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.audited import Audited, check, manifest

from sluice.quality.expectations.dbt_findings import DbtFindings, dbt_findings


def result(status: str, name: str = "model.shop.sales", failures: int | None = None) -> dict[str, Any]:
    return {"unique_id": name, "status": status, "failures": failures, "message": f"it is {status}"}


@pytest.fixture
def left(tmp_path: Path) -> Any:
    """Write run_results.json and read it back, with a manifest that knows one data test and one unit test."""
    shop = Audited(tmp_path)
    shop.declare(check("x"))

    def read(*results: dict[str, Any], **options: Any) -> DbtFindings:
        shop.results(*results, **options)
        document = manifest([])
        document["nodes"]["test.shop.t.1"] = {"resource_type": "test"}
        document["unit_tests"]["unit_test.shop.sales.u"] = {}
        return dbt_findings(shop.target, document)

    return read


PASSED = (result("pass", "test.shop.t.1", 0), result("pass", "unit_test.shop.sales.u"))


def test_all_passed_leaves_nothing_to_say(left: Any) -> None:
    found = left(result("success"), *PASSED)
    assert (found.passed, found.warned, found.failed, found.findings, found.remarks) == (2, 0, 0, (), ())


@pytest.mark.parametrize("status", ["fail", "error", "runtime error"])
def test_a_failed_test_blocks(left: Any, status: str) -> None:
    found = left(result(status, "test.shop.t.1", 3), PASSED[1])
    assert found.failed == 1
    assert (found.findings[0].name, found.findings[0].failures) == ("t", 3)


def test_a_model_that_errored_blocks(left: Any) -> None:
    assert left(result("error"), *PASSED).failed == 1


def test_a_warning_does_not_block(left: Any) -> None:
    found = left(result("warn", "test.shop.t.1", 3), PASSED[1])
    assert (found.failed, found.warned) == (0, 1)


@pytest.mark.parametrize(
    ("results", "options", "words"),
    [
        (PASSED, {"command": "run"}, "the last dbt command was run, which runs no tests"),
        (PASSED, {"at": "2025-01-31T00:00:00Z"}, "older than manifest.json"),
        ((result("skipped", "test.shop.t.1"), PASSED[1]), {}, "dbt skipped 1 of its tests"),
        ((PASSED[0],), {}, "1 of the project's 2 tests were not part of the last dbt build"),
    ],
)
def test_what_weakens_the_results_is_said(left: Any, results: Any, options: dict[str, str], words: str) -> None:
    (remark,) = left(*results, **options).remarks
    assert words in remark


def test_no_results_are_a_remark_and_not_a_pass_in_silence(tmp_path: Path) -> None:
    (remark,) = dbt_findings(tmp_path, manifest([])).remarks
    assert "no run_results.json" in remark
    (tmp_path / "run_results.json").write_text(json.dumps({})[:1])
    assert "not JSON" in dbt_findings(tmp_path, manifest([])).remarks[0]
