"""`sluice run` goes from the lake to a published release, or stops at the step that refuses and leaves readers what they have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.candidates import SalesShop, make_shop, rows
from tests.helpers.history import entries
from tests.helpers.schemas import document

from sluice.core.duck import connect
from sluice.history.kinds import CommitEntry, NodeEntry, ProfileEntry, RunEntry, StepEntry


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SalesShop:
    """The small project; ten sales wait in its lake."""
    return make_shop(tmp_path_factory.mktemp("run"))


def trail(shop: SalesShop) -> list[tuple[str, str]]:
    """What was tried, and how it ended, in order."""
    with connect(extensions=["delta"]) as connection:
        return connection.execute(f"""
            select action, outcome from delta_scan('{shop.lake}/ops/releases') order by tried_at, action
        """).fetchall()


def sold(shop: SalesShop) -> list[tuple[float]]:
    return rows(shop.warehouse / "prod.duckdb", "select sum(amount) from core.rpt_shops")


def test_it_builds_audits_and_publishes_and_stops_where_a_step_refuses(shop: SalesShop) -> None:
    assert shop.sluice("run", "--env", "dev", code=2).stderr.startswith("error: dev is a file of its own")

    assert set(document(["run"], shop.sluice("run", "--why", "the first", "--format", "json").stdout)["steps"]) == {
        "build",
        "audit",
        "publish",
        "incidents",
    }
    first = (shop.warehouse / "prod.duckdb").readlink()
    assert sold(shop) == [(55,)]
    assert trail(shop) == [("build", "done"), ("audit", "done"), ("publish", "done")]

    shop.deliver(11, 12)
    shop.sluice("run")
    second = (shop.warehouse / "prod.duckdb").readlink()
    assert second != first
    assert sold(shop) == [(78,)]

    shop.deliver(13, 13)
    shop.deliver(13, 13)
    said = shop.sluice("run", code=1)
    assert "every_sale_is_there_once" in said.stdout
    assert (shop.warehouse / "prod.duckdb").readlink() == second
    assert sold(shop) == [(78,)]
    (kept,) = shop.candidates()
    assert rows(shop.warehouse / "candidates" / kept / "work.duckdb", "select count(*) from core.all_sales") == [(14,)]
    assert trail(shop)[-1] == ("build", "failed")
    _is_recorded(shop, first.parent.name, second.parent.name, kept)


def _is_recorded(shop: SalesShop, first: str, second: str, kept: str) -> None:
    """Each run, its steps, and the nodes of its build, under one id; the code is that of the checkout."""
    code = shop.commit_now()
    assert entries(shop.lake, RunEntry, "command, environment, release_id, outcome, exit_code, code_commit, is_dirty") == [
        ("run", "dev", None, "failed", 2, code, False),
        ("run", "prod", first, "done", 0, code, False),
        ("run", "prod", second, "done", 0, code, False),
        ("run", "prod", kept, "failed", 1, code, False),
    ]
    ids = [run_id for (run_id,) in entries(shop.lake, RunEntry, "run_id")]
    assert entries(shop.lake, StepEntry, "run_id, step, environment, release_id, outcome") == [
        *((ids[1], step, "prod", first, "done") for step in ("build", "audit", "publish")),
        *((ids[2], step, "prod", second, "done") for step in ("build", "audit", "publish")),
        (ids[3], "build", "prod", kept, "failed"),
    ]
    failed = entries(shop.lake, NodeEntry, "run_id, environment, release_id, name, failures", "all")
    test = "every_sale_is_there_once"
    assert [row for row in failed if row[3] == test] == sorted(
        [(ids[1], "prod", first, test, 0), (ids[2], "prod", second, test, 0), (ids[3], "prod", kept, test, 1)]
    )
    built = "kind, relation, status, started_at is not null, seconds > 0"
    assert {row[1:] for row in entries(shop.lake, NodeEntry, f"name, {built}", "all") if row[0] == "by_shop"} == {
        ("model", "core.by_shop", "success", True, True),
        ("model", "core.by_shop", "skipped", False, False),
    }
    assert entries(shop.lake, CommitEntry, "release_id, code_commit", "all") == [(first, code)]
    profiled = "release_id, row_count, total, relation, column_name"
    sold = [row[:3] for row in entries(shop.lake, ProfileEntry, profiled, "all") if row[3:] == ("core.rpt_shops", "amount")]
    assert sold == sorted([(first, 3, 55), (second, 3, 78)])  # the third has no whole file
    # The id of dbt's invocation leads from a step to its checks.
    of_builds = {(made,) for step, made in entries(shop.lake, StepEntry, "step, invocation_id") if step == "build"}
    assert {*entries(shop.lake, NodeEntry, "invocation_id", "all")} == of_builds


def test_its_document_has_the_steps_that_were_done_and_the_error(shop: SalesShop) -> None:
    said = document(["run"], shop.sluice("run", "--format", "json", code=1).stdout)
    assert (said["outcome"], said["steps"]["build"]["is_good"], "error" in said) == ("failed", False, False)
    refused = document(["run"], shop.sluice("run", "--format", "json", code=1, SLUICE_ACTOR="job:other").stdout)
    assert (refused["outcome"], [*refused["steps"]], refused["error"]["code"]) == ("refused", ["incidents"], 1)


ALERTS = """
channels: {log: {kind: file, folder: told}}
routes: [{to: [log], severity: error}]
"""


def incidents(shop: SalesShop, *more: str) -> list[dict[str, Any]]:
    return list(json.loads(shop.sluice("incidents", "list", "--format", "json", *more).stdout)["incidents"])


def told(shop: SalesShop) -> list[str]:
    files = sorted((shop.folder / "told").glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [f"{one['action']} {one['node']}" for one in lines]


def test_what_it_finds_is_an_incident_that_is_told_once_and_ends_with_the_run_that_does_not_find_it(shop: SalesShop) -> None:
    """Two runs have failed for the same reason, one could not run; the file of alerts comes later."""
    by_node = {one["node"]: one for one in incidents(shop)}
    assert set(by_node) == {"model.sluice.all_sales", "step.build"}
    failed = by_node["model.sluice.all_sales"]
    assert (failed["state"], failed["seen"], failed["severity"], len(failed["findings"])) == ("open", 2, "error", 1)
    assert failed["title"] == "every_sale_is_there_once: 1 row of core.all_sales"
    assert failed["touches"] == ["core.by_shop", "core.rpt_shops"]
    assert failed["next_step"].endswith(
        'sluice ack every_sale_is_there_once --release {} --why "..."'.format(failed["release_id"])
    )

    shop.write("alerts.yml", ALERTS)
    shop.sluice("incidents", "send")
    shop.write("models/core/all_sales.sql", (shop.folder / "models/core/all_sales.sql").read_text().replace("*", "distinct *"))
    shop.commit()
    said = shop.sluice("run").stdout
    assert f"resolved {failed['incident_id'][:8]}: every_sale_is_there_once" in said
    assert incidents(shop) == []
    nodes = ("model.sluice.all_sales", "step.build")
    assert sorted(told(shop)) == sorted(f"{action} {node}" for action in ("trigger", "resolve") for node in nodes)
    assert {one["state"] for one in incidents(shop, "--all")} == {"resolved"}


def test_a_file_of_feeds_that_is_not_there_stops_it_before_anything_is_built(shop: SalesShop, tmp_path: Path) -> None:
    before = trail(shop)
    assert "Traceback" not in shop.sluice("run", str(tmp_path / "no.yml"), code=2).stderr
    assert trail(shop) == before
