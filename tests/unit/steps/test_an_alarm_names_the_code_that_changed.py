"""An alarm says which code of the release changed, if the series is made from it, and whether everything was built again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.helpers.diffed import manifest, node
from tests.helpers.records import record

from sluice.quality.charts.result import ChartFindings, SeriesResult, Signal
from sluice.quality.charts.words import sentence
from sluice.steps.charts import explained

WORST = Signal(datetime(2026, 3, 2), "block", True, True, 12, 100, 80.4, 121, 9.0, ("point",))  # noqa: DTZ001


def project(raw: str = "1", other: str = "1") -> dict[str, Any]:
    """core.total is made from core.orders, which is made from core.raw; core.other is not part of it."""
    return manifest(
        node("raw", sql=f"select {raw} as id"),
        node("orders", sql="select * from core.raw", reads=["model.shop.raw"]),
        node("total", sql="select count(*) from core.orders", reads=["model.shop.orders"]),
        node("other", sql=f"select {other} as id"),
    )


def said(now: dict[str, Any], before: dict[str, Any] | None, status: str = "fail", **of_record: Any) -> str:
    series = SeriesResult(
        "core.total.rows", "core.total", "total", "rows", None, "count", "error", "both", None, status, 30, 1, 1, WORST
    )
    (found,) = explained(ChartFindings((series,)), now, before, record(**of_record)).series
    return sentence(found).removeprefix("core.total.rows was 12 on 2026-03-02; usual is 100 (80 to 121)")


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (project(), ""),
        (project(raw="2"), "; this release changes the code of raw"),
        (project(other="2"), ""),
    ],
)
def test_only_code_that_it_is_made_from_is_named(now: dict[str, Any], words: str) -> None:
    assert said(now, project(), full_refresh=False) == words


def test_what_only_looks_for_newer_rows_is_the_same_code() -> None:
    night = project()
    night["nodes"]["model.shop.orders"]["compiled_code"] = "select * from core.raw where loaded_at > timestamp '2026-03-01'"
    assert said(night, project(), full_refresh=False) == ""


def test_a_release_that_was_built_again_says_so() -> None:
    assert said(project(), project(), full_refresh=True) == "; everything was built from nothing"


def test_what_does_not_alarm_and_a_first_release_have_nothing_to_explain() -> None:
    assert said(project(raw="2"), project(), status="pass") == ""
    assert said(project(raw="2"), None) == ""
