"""A night of a small shop as events of OpenLineage: valid, in order, named the same everywhere."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.helpers.incidents import FCT_ORDERS, NOW, ORDERS, REVENUE, manifest
from tests.helpers.openlineage import columns_of, must_be_valid
from tests.helpers.records import record

from sluice.core.errors import INTERRUPTED
from sluice.history.kinds import BatchEntry, CheckEntry, RefusalEntry, ReleaseEntry, RunEntry, StepEntry
from sluice.openlineage.event import Event, Job, in_order
from sluice.openlineage.gathered import Artifacts, Left
from sluice.openlineage.names import Names
from sluice.openlineage.source_code import Code
from sluice.openlineage.told import Telling, told
from sluice.store.record import Relation

RELEASE = "20260302T030000Z-aaaaaa"
NAMES = Names("shop")


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def step(name: str, minute: float, **said: Any) -> StepEntry:
    fixed = {"run_id": "night-1", "environment": "prod", "release_id": RELEASE, "invocation_id": None, "seconds": 50.0}
    ended = {"outcome": "done", "exit_code": 0, "detail": None}
    return StepEntry(**{**fixed, **ended, "step": name, "started_at": at(minute), **said})


def command(name: str = "run", **said: Any) -> RunEntry:
    fixed: dict[str, Any] = {
        "run_id": "night-1", "command": name, "environment": "prod", "release_id": RELEASE, "started_at": at(0), "seconds": 300.0,
        "outcome": "done", "exit_code": 0, "detail": None, "actor": "ci", "code_commit": None, "is_dirty": None,
        "sluice_version": "1",
    }  # fmt: skip
    return RunEntry(**{**fixed, **said})


def result(unique_id: str, status: str, **said: Any) -> dict[str, Any]:
    moments = {"started_at": f"{at(1.1).isoformat()}Z", "completed_at": f"{at(1.2).isoformat()}Z"}
    return {"unique_id": unique_id, "status": status, "timing": [moments], "execution_time": 6.0, "message": None, **said}


def project() -> dict[str, Any]:
    """The small project with the sources in the lake, a personal column and a test."""
    found = manifest()
    found["metadata"] |= {"project_name": "shop", "dbt_version": "1.12.6"}
    for source in found["sources"].values():
        source["config"]["meta"]["external_location"] = "delta_scan('/home/me/lake/raw/raw/{name}')"
    found["nodes"][FCT_ORDERS] |= {
        "description": "One row per order.",
        "columns": {"id": {"name": "id"}, "country": {"name": "country", "meta": {"pii": "place"}}},
        "original_file_path": "models/fct_orders.sql",
        "package_name": "shop",
        "raw_code": "select 'a@b.example' as mail",
    }
    found["nodes"]["test.shop.ids"] = {
        "unique_id": "test.shop.ids", "resource_type": "test", "name": "every_order_is_there_once", "attached_node": FCT_ORDERS,
        "column_name": "id", "test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}},
        "config": {"severity": "ERROR"}, "depends_on": {"nodes": [FCT_ORDERS]},
    }  # fmt: skip
    return found


def night(status: str = "success", test: str = "pass", **more: Any) -> Left:
    """Ingest, build, audit and publish of one night."""
    results = {
        "metadata": {"invocation_id": "dbt-1", "generated_at": f"{at(2).isoformat()}Z"},
        "results": [
            result(FCT_ORDERS, status, message=None if status == "success" else "Conversion Error: 'secret value'"),
            result(REVENUE, "skipped" if status != "success" else "success"),
            result("test.shop.ids", test, failures=0 if test == "pass" else 2),
        ],
    }
    columns = (("id", "BIGINT"), ("country", "VARCHAR"), ("amount", "DECIMAL(12,2)"), ("paid", "DECIMAL(12,2)"))
    made = record(release_id=RELEASE, relations={"core.fct_orders": Relation(7, columns, "0" * 64)})
    artifacts = Artifacts(project(), results, made)
    counts: dict[str, Any] = {"rows_read": 10, "rows_landed": 8, "rows_quarantined": 2, "bytes_read": 1, "seconds": 3.0}
    batch = BatchEntry(
        batch_id="b", run_id="night-1", feed="raw.orders", loaded_at=at(0.5), reasons=(), files=(), new_columns=(), **counts
    )
    check = CheckEntry(
        run_id="audit-1", checked_at=at(3), warehouse=RELEASE, kind="expectation", model="fct_orders", column_name=None,
        check_name="enough_orders", severity="error", status="pass", failures=None, observed="7", expected="5", seconds=0.1,
    )  # fmt: skip
    whole: dict[str, Any] = {
        "runs": [command()],
        "steps": [
            step("ingest", 0, environment=None, release_id=None),
            step("build", 1, invocation_id="dbt-1"),
            step("audit", 2.5, invocation_id="audit-1"),
            step("publish", 4),
        ],
        "batches": [batch],
        "checks": [check],
        "artifacts": dict.fromkeys((1, 2, 3), artifacts),
    }
    return Left(**{**whole, **more})


def events(left: Left, code: Code = Code(), **more: Any) -> list[Event]:  # noqa: B008  # frozen
    return in_order(told(Telling(left, NAMES, code, **more)))


def ended(found: list[Event], name: str) -> Event:
    (one,) = [event for event in found if event["job"]["name"] == name and event["eventType"] != "START"]
    return one


def test_each_run_begins_once_and_ends_once_and_every_event_is_valid() -> None:
    found = events(night())
    names = [
        "prod.run", "ingest", "ingest.raw.orders", "prod.build", "prod.build.core.fct_orders", "prod.build.finance.rpt_revenue",
        "prod.build.tests", "prod.audit", "prod.publish",
    ]  # fmt: skip
    for event in found:
        must_be_valid(event)
    assert sorted(event["job"]["name"] for event in found if event["eventType"] == "START") == sorted(names)
    assert sorted(event["job"]["name"] for event in found if event["eventType"] == "COMPLETE") == sorted(names)
    assert [event["eventTime"] for event in found] == sorted(event["eventTime"] for event in found)


@pytest.mark.parametrize("seconds", [50.0, 12.0])  # 12: it ends at the moment when its last model does
def test_what_starts_a_run_begins_before_it_and_ends_after_it_and_is_its_parent(seconds: float) -> None:
    steps = [replace(one, seconds=seconds) if one.step == "build" else one for one in night().steps]
    found = events(night(steps=steps))
    begun = [event["run"]["runId"] for event in found if event["eventType"] == "START"]
    over = [event["run"]["runId"] for event in found if event["eventType"] != "START"]
    children = [event for event in found if "parent" in event["run"]["facets"]]
    for event in children:
        parent = event["run"]["facets"]["parent"]
        assert begun.index(parent["run"]["runId"]) < begun.index(event["run"]["runId"])
        assert over.index(parent["run"]["runId"]) > over.index(event["run"]["runId"])
        assert parent["root"]["job"]["name"] == "prod.run"
    assert {event["job"]["name"] for event in found} - {event["job"]["name"] for event in children} == {"prod.run"}


def test_a_command_that_is_its_only_step_is_one_run_below_the_run_of_a_scheduler() -> None:
    left = Left(runs=[command("rollback")], steps=[step("rollback", 0)])
    outer = Job("airflow", "nightly.shop", "0190a3c2-0000-7000-8000-000000000000")
    begun, _ = events(left, outer=outer)
    assert begun["job"]["name"] == "prod.rollback"
    assert begun["run"]["facets"]["parent"]["job"] == {"namespace": "airflow", "name": "nightly.shop"}


def test_rows_go_from_the_feed_to_the_lake_to_the_candidate_to_prod() -> None:
    found = events(night())
    ingest = ended(found, "ingest.raw.orders")
    assert [one["name"] for one in ingest["inputs"]] == ["raw.orders"]
    rows = {one["name"]: one["outputFacets"]["outputStatistics"]["rowCount"] for one in ingest["outputs"]}
    assert rows == {"raw.raw.orders": 8, "quarantine.raw.orders": 2}
    build = ended(found, "prod.build.core.fct_orders")
    assert [one["name"] for one in build["outputs"]] == ["prod-candidate.core.fct_orders"]
    assert build["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 7
    publish = ended(found, "prod.publish")
    assert [one["name"] for one in publish["inputs"]] == ["prod-candidate.core.fct_orders"]
    assert [one["name"] for one in publish["outputs"]] == ["prod.core.fct_orders"]
    assert publish["outputs"][0]["facets"]["version"]["datasetVersion"] == RELEASE
    assert columns_of(publish)["paid"] == {("prod-candidate.core.fct_orders", "paid", "DIRECT", "IDENTITY")}


def test_a_model_reads_what_another_one_wrote_under_the_same_name() -> None:
    found = events(night())
    reads = ended(found, "prod.build.finance.rpt_revenue")["inputs"]
    writes = ended(found, "prod.build.core.fct_orders")["outputs"]
    assert [(one["namespace"], one["name"]) for one in reads] == [(one["namespace"], one["name"]) for one in writes]


def test_columns_have_their_origin_and_what_decides_about_rows_is_indirect() -> None:
    lineage = columns_of(ended(events(night()), "prod.build.core.fct_orders"))
    orders, payments = "prod-candidate.staging.stg_orders", "prod-candidate.staging.stg_payments"
    assert lineage["amount"] == {(orders, "amount", "DIRECT", "IDENTITY")}
    assert lineage["(rows)"] == {(orders, "id", "INDIRECT", "JOIN"), (payments, "order_id", "INDIRECT", "JOIN")}


def test_a_source_that_is_pinned_to_a_version_is_the_origin_of_columns() -> None:
    left = night()
    found = copy.deepcopy(dict(left.artifacts[1].manifest))
    path = "delta_scan('/home/me/lake/raw/raw/orders'"
    found["sources"][ORDERS]["relation_name"] = f"{path})"
    found["nodes"]["model.shop.stg_orders"]["compiled_code"] = f"select id, amount from {path}, version => 3)"
    results = {**(left.artifacts[1].results or {}), "results": [result("model.shop.stg_orders", "success")]}
    artifacts = {**left.artifacts, 1: replace(left.artifacts[1], manifest=found, results=results)}
    told = ended(events(replace(left, artifacts=artifacts)), "prod.build.staging.stg_orders")
    assert columns_of(told)["amount"] == {("raw.raw.orders", "amount", "DIRECT", "IDENTITY")}


def test_a_dataset_says_what_it_is_and_which_columns_are_personal() -> None:
    facets = ended(events(night()), "prod.build.core.fct_orders")["outputs"][0]["facets"]
    assert [(one["name"], one["type"]) for one in facets["schema"]["fields"]][:2] == [("id", "BIGINT"), ("country", "VARCHAR")]
    assert facets["documentation"]["description"] == "One row per order."
    assert facets["ownership"]["owners"] == [{"name": "Sales", "type": "OWNER"}]
    assert [(one["key"], one["field"]) for one in facets["tags"]["tags"]] == [("pii", "country")]


def test_checks_are_told_with_what_they_judged() -> None:
    found = events(night(test="fail"))
    tests = ended(found, "prod.build.tests")
    assert tests["eventType"] == "FAIL"
    (one,) = tests["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert one == {
        "assertion": "unique", "name": "every_order_is_there_once", "success": False, "column": "id", "severity": "error",
        "expected": "0", "actual": "2",
    }  # fmt: skip
    (judged,) = ended(found, "prod.audit")["inputs"]
    assert judged["name"] == "prod-candidate.core.fct_orders"
    (passed,) = judged["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert (passed["name"], passed["success"]) == ("enough_orders", True)


@pytest.mark.parametrize("name", ["core.fct_orders", "fct_orders", "orders.v2"])
def test_a_check_finds_its_model_by_every_name_that_it_has(name: str) -> None:
    left = night()
    found = copy.deepcopy(dict(left.artifacts[2].manifest))
    found["nodes"][FCT_ORDERS] |= {"name": "orders", "version": 2}
    artifacts = {**left.artifacts, 2: replace(left.artifacts[2], manifest=found)}
    judged = ended(events(replace(left, artifacts=artifacts, checks=[replace(left.checks[0], model=name)])), "prod.audit")
    assert [one["name"] for one in judged["inputs"]] == ["prod-candidate.core.fct_orders"]


@pytest.mark.parametrize(("minute", "place"), [(-60, "prod"), (4, "prod-candidate")])
def test_an_audit_is_of_the_environment_only_if_it_was_published_before(minute: int, place: str) -> None:
    fields: dict[str, Any] = dict.fromkeys(("from_release_id", "why", "detail", "seconds"))
    move = ReleaseEntry(
        event_id="1", tried_at=at(minute), action="publish", environment="prod", release_id=RELEASE, actor="ci",
        outcome="done", **fields,
    )  # fmt: skip
    (judged,) = ended(events(night(moves=[move])), "prod.audit")["inputs"]
    assert judged["name"] == f"{place}.core.fct_orders"


def test_a_model_that_failed_says_why_without_a_value_and_what_was_skipped_is_not_told() -> None:
    found = events(night("error"))
    model = ended(found, "prod.build.core.fct_orders")
    assert model["eventType"] == "FAIL"
    assert model["run"]["facets"]["errorMessage"]["message"].startswith("Conversion Error")
    assert "secret value" not in json.dumps(found)
    assert not [event for event in found if event["job"]["name"] == "prod.build.finance.rpt_revenue"]


@pytest.mark.parametrize(("code", "state"), [(1, "FAIL"), (2, "FAIL"), (INTERRUPTED, "ABORT")])
def test_a_step_that_did_not_succeed_says_why_without_secrets(code: int, state: str) -> None:
    failed = step("publish", 4, exit_code=code, outcome="refused", detail="token=abc123 was refused for me@shop.example")
    found = ended(events(night(steps=[failed])), "prod.publish")
    assert found["eventType"] == state
    assert found["run"]["facets"]["errorMessage"]["message"] == "token=*** was refused for ***"
    assert found["outputs"] == []


def test_a_feed_that_was_refused_failed() -> None:
    refusal = RefusalEntry(
        refused_at=at(0.4), run_id="night-1", feed="raw.payments", file="/home/me/in/day1.csv", digest=None, reason="it is empty"
    )
    found = ended(events(night(refusals=[refusal])), "ingest.raw.payments")
    assert (found["eventType"], found["outputs"]) == ("FAIL", [])
    assert found["run"]["facets"]["errorMessage"]["message"] == "day1.csv: it is empty"


def test_what_an_earlier_invocation_left_is_not_told_again() -> None:
    left = night()
    old = replace(left.artifacts[1], results={**(left.artifacts[1].results or {}), "metadata": {"invocation_id": "dbt-0"}})
    found = events(replace(left, artifacts={**left.artifacts, 1: old}))
    assert not [event for event in found if event["job"]["name"].startswith("prod.build.")]


def test_events_are_the_same_on_every_machine() -> None:
    here, there = night(), night()
    moved = copy.deepcopy(dict(there.artifacts[1].manifest))
    for source in moved["sources"].values():
        source["config"]["meta"]["external_location"] = "delta_scan('/srv/other/lake/raw/raw/{name}')"
    for node in (*moved["nodes"].values(), *moved["sources"].values()):
        node["database"] = "another_file"
    artifacts = {number: replace(one, manifest=moved) for number, one in there.artifacts.items()}
    assert events(here) == events(replace(there, artifacts=artifacts))
    assert "/home/me" not in json.dumps(events(here)), "a path of this machine"


def test_code_is_at_its_commit_and_without_an_address() -> None:
    code = Code("https://code.example/shop", "a" * 40, "dbt")
    facets = ended(events(night(), code), "prod.build.core.fct_orders")["job"]["facets"]
    assert facets["sourceCodeLocation"]["url"] == f"https://code.example/shop/blob/{'a' * 40}/dbt/models/fct_orders.sql"
    assert facets["sourceCode"]["sourceCode"] == "select '***' as mail"
