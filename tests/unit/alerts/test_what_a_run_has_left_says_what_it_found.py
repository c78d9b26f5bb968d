"""Artifacts of dbt, audits, refusals, deliveries and steps are read as findings, without values of rows or paths."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from tests.helpers.incidents import FCT_ORDERS, NOW, ORDERS, manifest

from sluice.alerts import of_audit, of_dbt, of_feeds, of_steps
from sluice.alerts.finding import Evidence
from sluice.alerts.of_feeds import Delivered
from sluice.history.kinds import RefusalEntry, StepEntry

MANIFEST = manifest()
TESTS: dict[str, dict[str, Any]] = {
    "test.shop.orders_are_paid.1": {
        "attached_node": FCT_ORDERS, "column_name": "paid", "depends_on": {"nodes": [FCT_ORDERS]},
        "test_metadata": {"name": "not_null", "kwargs": {"column_name": "paid", "model": "{{ x }}"}},
    },
    "test.shop.orders_are_of_a_payment.2": {
        "attached_node": FCT_ORDERS, "depends_on": {"nodes": ["model.shop.fct_payments", FCT_ORDERS]},
        "test_metadata": {"name": "relationships", "kwargs": {"column_name": "id", "to": "ref('fct_payments')", "field": "id"}},
    },
    "test.shop.revenue_is_that_of_orders.3": {"depends_on": {"nodes": ["model.shop.rpt_revenue", FCT_ORDERS]}},
}  # fmt: skip
MANIFEST["nodes"] |= {name: {"unique_id": name, "resource_type": "test", **node} for name, node in TESTS.items()}
MANIFEST["unit_tests"] = {
    "unit_test.shop.fct_orders.adds_up": {"tested_node_unique_id": FCT_ORDERS, "depends_on": {"nodes": [FCT_ORDERS]}}
}


def of_results(*results: tuple[str, str], acknowledged: tuple[str, ...] = ()) -> Evidence:
    entries = [
        {
            "unique_id": name,
            "status": status,
            "failures": 3,
            "message": "Runtime Error\n  Conversion Error: Could not convert 'ann@shop.example'",
            "timing": [{"completed_at": "2026-03-02T03:00:00Z"}],
        }
        for name, status in results
    ]
    return of_dbt.evidence({"metadata": {"generated_at": "2026-03-02T03:00:00Z"}, "results": entries}, MANIFEST, acknowledged)


@pytest.mark.parametrize(
    ("name", "status", "node", "kind", "severity", "sentence"),
    [
        ("test.shop.orders_are_paid.1", "fail", FCT_ORDERS, "data_test", "error", "orders_are_paid: 3 rows of core.fct_orders"),
        ("test.shop.orders_are_paid.1", "warn", FCT_ORDERS, "data_test", "warn", "orders_are_paid: 3 rows of core.fct_orders"),
        (
            "test.shop.orders_are_paid.1", "error", FCT_ORDERS, "data_test", "error",
            "the test orders_are_paid of core.fct_orders cannot run: Conversion Error",
        ),
        (
            "test.shop.revenue_is_that_of_orders.3", "fail", "model.shop.rpt_revenue", "data_test", "error",
            "revenue_is_that_of_orders: 3 rows of finance.rpt_revenue",
        ),
        (FCT_ORDERS, "error", FCT_ORDERS, "model", "error", "core.fct_orders cannot be built: Conversion Error"),
        (
            "unit_test.shop.fct_orders.adds_up", "fail", FCT_ORDERS, "unit_test", "error",
            "the unit test adds_up of core.fct_orders fails",
        ),
    ],
)  # fmt: skip
def test_what_dbt_found(name: str, status: str, node: str, kind: str, severity: str, sentence: str) -> None:
    (found,) = of_results((name, status)).findings
    assert (found.node, found.kind, found.severity, found.sentence) == (node, kind, severity, sentence)


def test_the_columns_of_both_sides_of_a_reference_are_looked_at() -> None:
    (found,) = of_results(("test.shop.orders_are_of_a_payment.2", "fail")).findings
    assert set(found.columns) == {(FCT_ORDERS, "id"), ("model.shop.fct_payments", "id")}


def test_what_passed_acknowledged_or_skipped_is_no_finding_and_what_was_skipped_is_not_gone() -> None:
    found = of_results(("test.shop.orders_are_paid.1", "fail"), acknowledged=("orders_are_paid",))
    assert found.findings == of_results(("test.shop.orders_are_paid.1", "pass")).findings == ()
    (failed,) = of_results(("test.shop.orders_are_paid.1", "fail")).findings
    assert of_results((FCT_ORDERS, "success")).is_gone(failed)
    assert not of_results(("test.shop.orders_are_paid.1", "skipped")).is_gone(failed)
    assert not Evidence().is_gone(failed)


def audit(status: str, series: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    check = {"name": "few_are_dear", "column": "Amount", "severity": "error", "status": status, "failures": 7, "expected": {}}
    signal = {
        "metric": "core.fct_orders.mean_amount{country=SE}", "relation": "core.fct_orders", "model": "fct_orders",
        "measure": "mean_amount", "dimension": "country=SE", "kind": "value", "severity": "warn", "direction": "both",
        "owner": None, "status": "pass", "points": 40, "new": 1, "signalled": 1, "worst": None, "since": None, "remark": "",
    }  # fmt: skip
    models = [{"model": "fct_orders", "relation": "core.fct_orders", "checks": [check]}]
    return {"checked_at": "2026-03-02T03:30:00", "models": models, "charts": {"series": [{**signal, **series}]}}


WORST = {
    "at": "2026-03-01T00:00:00", "level": "block", "hurts": True, "is_new": True, "value": 9.5, "usual": 4.0, "lower": 3.0,
    "upper": 5.0, "strength": 8.0, "rules": ["shewhart"], "before": None,
}  # fmt: skip


def test_what_an_audit_found() -> None:
    (found,) = of_audit.evidence(audit("fail"), MANIFEST).findings
    assert (found.node, found.columns) == (FCT_ORDERS, ((FCT_ORDERS, "amount"),))
    assert found.sentence == "few_are_dear does not hold in core.fct_orders: 7 rows"
    assert of_audit.evidence(audit("fail"), MANIFEST, ("fct_orders.few_are_dear",)).findings == ()
    assert not of_audit.evidence(audit("not_run"), MANIFEST).is_gone(found)


def test_what_a_control_chart_saw() -> None:
    node = MANIFEST["nodes"][FCT_ORDERS]
    node["config"], node["columns"] = {"meta": {"follow": {"measures": {"mean_amount": "avg(amount)"}}}}, {"amount": {}}
    (found,) = of_audit.evidence(audit("pass", series={"status": "warn", "worst": WORST}), MANIFEST).findings
    assert (found.kind, found.severity, found.since) == ("control_chart", "warn", NOW.replace(day=1, hour=0))
    assert found.columns == ((FCT_ORDERS, "amount"),)
    assert found.sentence.startswith("core.fct_orders.mean_amount{country=SE} was 9.5 on 2026-03-01; usual is 4 (3 to 5)")


def refusal(feed: str, file: str, reason: str) -> RefusalEntry:
    return RefusalEntry(refused_at=NOW, run_id="r", feed=feed, file=file, reason=reason)


def test_refused_files_of_a_feed_are_one_finding_without_paths() -> None:
    files = [
        refusal("raw.orders", "/srv/in/orders2.csv", "the file is empty (/srv/in/orders2.csv)\nid,mail\n1,ann@shop.example"),
        refusal("raw.orders", "/srv/in/orders1.csv", "x"),
        refusal("raw.other", "a.csv", "x"),
    ]
    first, second = of_feeds.refused(files, MANIFEST, None, NOW).findings
    assert (first.node, second.node) == (ORDERS, "feed.raw.other")
    assert first.sentence == "raw.orders: refused orders2.csv: the file is empty (orders2.csv) (and 1 file more)"


def test_a_feed_that_was_not_read_is_not_resolved() -> None:
    (refused,) = of_feeds.refused([refusal("raw.orders", "a.csv", "x")], MANIFEST, None, NOW).findings
    assert of_feeds.refused([], MANIFEST, ["raw.orders"], NOW).is_gone(refused)
    assert not of_feeds.refused([], MANIFEST, ["raw.payments"], NOW).is_gone(refused)


HOURS = timedelta(hours=1)
FRESH = {"warn_after": {"count": 36, "period": "hour"}, "error_after": {"count": 3, "period": "day"}}


@pytest.mark.parametrize(
    ("hours", "freshness", "deliveries", "longest", "severity"),
    [
        (35, FRESH, 30, 24, None), (37, FRESH, 30, 24, "warn"), (73, FRESH, 0, None, "error"),
        (47, None, 30, 24, None), (49, None, 30, 24, "warn"), (999, None, 7, 24, None), (999, None, 0, None, None),
    ],
    ids=["in time", "late by dbt", "too late by dbt", "usual", "unusual", "too few to know", "once"],
)  # fmt: skip
def test_a_feed_is_late_by_its_freshness_or_by_what_is_usual(
    hours: int, freshness: Any, deliveries: int, longest: int | None, severity: str | None
) -> None:
    sources = {ORDERS: {**MANIFEST["sources"][ORDERS], "freshness": freshness}}
    delivered = Delivered("raw.orders", NOW - hours * HOURS, deliveries, longest * HOURS if longest else None)
    found = of_feeds.late([delivered], {**MANIFEST, "sources": sources}, NOW).findings
    assert [one.severity for one in found] == ([severity] if severity else [])
    assert all(one.since == NOW - hours * HOURS for one in found)


def step(name: str, outcome: str = "done", code: int = 0, detail: str | None = None) -> StepEntry:
    return StepEntry(
        run_id="r", step=name, invocation_id=None, environment="prod", release_id=None, started_at=NOW, seconds=1,
        outcome=outcome, exit_code=code, detail=detail,
    )  # fmt: skip


def test_a_step_that_failed_is_a_finding_where_nothing_says_why() -> None:
    steps = [step("ingest"), step("build", "failed", 2, "dbt could not run\nin /srv/shop/models/a.sql")]
    (found,) = of_steps.evidence(steps, Evidence(), NOW).findings
    assert (found.node, found.sentence) == ("step.build", "build failed: dbt could not run")
    assert of_steps.evidence([*steps[:1], step("build")], Evidence(), NOW).is_gone(found)
    assert not of_steps.evidence(steps[:1], Evidence(), NOW).is_gone(found)
    said = of_results(("test.shop.orders_are_paid.1", "fail"))
    assert of_steps.evidence([step("ingest"), step("build", "failed", 1)], said, NOW).findings == ()
    (late,) = of_steps.evidence([step("publish", "refused", 1, "prod was moved")], Evidence(), NOW).findings
    assert late.sentence == "publish was refused: prod was moved"
