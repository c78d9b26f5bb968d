"""A candidate is compared with the release before it; a pull request with its base, and only in models that it builds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.helpers.followed import manifest
from tests.helpers.records import record

from sluice.environments.partial import Partial
from sluice.environments.resolve import Located
from sluice.steps import audit as step
from sluice.steps import charts

BASE, PARENT = "20260101T000000Z-aaaaaa", "20260101T000000Z-bbbbbb"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the charts are asked for; the project follows core.sales."""
    import json

    (tmp_path / "manifest.json").write_text(json.dumps({**manifest(True, event_time="sold_on"), "metadata": {}}))
    found: dict[str, Any] = {}

    def asked_for(context: Any, located: Any, artifacts: Any, select: Any, **more: Any) -> str:  # noqa: ARG001
        found.update(select=list(select), **more)
        return "charts"

    monkeypatch.setattr(charts, "charts", asked_for)
    return found


def of(tmp_path: Path, pull_request: Partial | None, **located: Any) -> Any:
    wish = step._Wish(Located("x", tmp_path / "x.duckdb", artifacts=tmp_path, **located), (), tmp_path, None, "1GB")
    return step._charts(wish, SimpleNamespace(), pull_request, None, lambda *_: None)  # type: ignore[arg-type]


def partial(*built: str) -> Partial:
    return Partial("pr-1", BASE, "", built, (), ())


def test_a_candidate_is_compared_with_its_parent(asked: dict[str, Any], tmp_path: Path) -> None:
    assert of(tmp_path, None, record=record(parent=PARENT)) == "charts"
    assert (asked["base"], asked["select"]) == (PARENT, [])


def test_a_pull_request_is_compared_with_its_base_where_it_builds(asked: dict[str, Any], tmp_path: Path) -> None:
    assert of(tmp_path, partial("core.sales", "core.other")) == "charts"
    assert (asked["base"], asked["select"]) == (BASE, ["core.sales"])


def test_a_pull_request_that_builds_nothing_of_it_judges_nothing(asked: dict[str, Any], tmp_path: Path) -> None:
    assert of(tmp_path, partial("core.other")).series == ()
    assert asked == {}
