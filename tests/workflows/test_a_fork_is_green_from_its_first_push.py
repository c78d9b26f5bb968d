"""A fork's pull request: no variable, no secret, no release to read; its base is the merge base, on demo data."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.loopback_github import GitHub
from tests.helpers.workflow_runner import Runner, long_run, make_repository

pytestmark = long_run

MART = "models/marts/core/fct_orders.sql"


def test_a_fork_is_compared_with_the_merge_base_on_demo_data(tmp_path: Path, hub: GitHub) -> None:
    team = {
        "SLUICE_PR_RUNNER": "team",
        "SLUICE_LAKE": str(tmp_path / "team/lake"),
        "SLUICE_WAREHOUSE": str(tmp_path / "team/warehouse"),
        "ORDERS": "200",
    }
    repository = make_repository(tmp_path / "repository")
    repository.branch("vouchers", {MART: ("        orders.voucher_code,", "        lower(orders.voucher_code) as voucher_code,")})
    event = repository.pull_request(3, "vouchers")
    event["pull_request"]["head"]["repo"] = {"full_name": "somebody/sluice", "fork": True}
    hub.forbids = True
    ran = Runner(repository, hub, tmp_path / "state", team, {"DAYS": "2", "SLUICE_MEMORY": "1GB"}).run(
        "pr", "pull_request", event, job="data"
    )
    assert ran.code == 0, ran.log[-6000:]
    assert f"the base is {event['pull_request']['base']['sha']} on demo data" in ran.said("data")
    assert "| `core.fct_orders` | changed" in ran.said("data")
    assert hub.log == []
    assert not (tmp_path / "team").exists()
