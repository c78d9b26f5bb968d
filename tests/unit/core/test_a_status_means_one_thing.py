"""How a node of a dbt run ended is decided in one place, for every status that dbt has."""

from __future__ import annotations

from dbt.artifacts.schemas.results import NodeStatus

from sluice.core.dbt import DbtRun, Ending, ending

# As dbt means them. A status that a later dbt adds is missing here, and the test fails.
MEANT = {
    "success": "good", "pass": "good", "no-op": "good", "reused": "good", "warn": "warned", "skipped": "skipped",
    "error": "failed", "fail": "failed", "runtime error": "failed", "partial success": "failed",
}  # fmt: skip


def test_every_status_of_dbt_has_its_meaning() -> None:
    assert {str(status): ending(status) for status in NodeStatus} == MEANT


def test_an_unknown_status_is_a_failure() -> None:
    assert ending("a new one") is Ending.failed


def test_a_run_counts_by_how_nodes_ended() -> None:
    run = DbtRun("build", 1.0, {("model", "success"): 2, ("model", "reused"): 3, ("test", "pass"): 5, ("model", "error"): 7})
    assert (run.count(Ending.good, "model"), run.count(Ending.failed, "model", "test")) == (5, 7)
