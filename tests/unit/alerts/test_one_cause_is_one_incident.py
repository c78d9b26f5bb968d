"""Findings with one cause are one incident, two causes are two; what is known is not an incident again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers.incidents import (
    FCT_ORDERS,
    FCT_PAYMENTS,
    NOW,
    ORDERS,
    PAYMENTS,
    REVENUE,
    STEPS,
    finding,
    incident_of,
    manifest,
    refused,
    run,
    seen,
)

from sluice.alerts.cause import causes
from sluice.alerts.finding import Finding
from sluice.alerts.incident import Incident
from sluice.alerts.kin import Kin
from sluice.alerts.of_feeds import Delivered, empty
from sluice.alerts.settle import settle
from sluice.history.kinds import IncidentEntry

KIN = Kin(manifest())
UNIT = finding("model.shop.stg_payments", "a_unit", kind="unit_test")


@pytest.mark.parametrize(
    ("findings", "roots"),
    [
        ([finding(FCT_ORDERS, "a"), finding(FCT_ORDERS, "b")], [FCT_ORDERS]),
        ([finding(FCT_ORDERS, "a"), finding(REVENUE, "b")], [FCT_ORDERS]),
        # Both marts are made of payments: the staging model is what they have in common.
        ([finding(FCT_ORDERS, "a"), finding(FCT_PAYMENTS, "b")], ["model.shop.stg_payments"]),
        # The check of the orders looks at a column that has nothing to do with payments.
        ([finding(FCT_ORDERS, "a", "country"), finding(FCT_PAYMENTS, "b", "paid")], [FCT_ORDERS, FCT_PAYMENTS]),
        ([finding(FCT_ORDERS, "a", "paid"), finding(FCT_PAYMENTS, "b", "paid")], ["model.shop.stg_payments"]),
        ([refused(), finding(FCT_ORDERS, "a", "country"), finding(REVENUE, "b")], [ORDERS]),
        ([refused(), finding(FCT_ORDERS, "a", "country"), finding(FCT_PAYMENTS, "b")], [ORDERS, FCT_PAYMENTS]),
        ([refused(ORDERS), refused(PAYMENTS)], [ORDERS, PAYMENTS]),
        ([UNIT, finding(FCT_PAYMENTS, "b", "paid"), finding(FCT_ORDERS, "a", "country")], [UNIT.node, FCT_ORDERS]),
        ([finding("step.publish", "publish", kind="step")], ["step.publish"]),
    ],
    ids=[
        "checks of one node", "a report below it", "a common parent", "other columns", "the same column", "a refused file",
        "a refused file and a test", "two refused files", "a unit test and another column", "a step",
    ],
)  # fmt: skip
def test_findings_are_gathered_by_their_cause(findings: list[Finding], roots: list[str]) -> None:
    for order in (findings, findings[::-1]):
        found = causes(order, KIN)
        assert [one.root for one in found] == roots
        assert sorted(one.id for cause in found for one in cause.findings) == sorted(one.id for one in findings)


def test_what_is_made_of_nothing_that_came_is_no_common_cause() -> None:
    findings = [finding(FCT_ORDERS, "a"), finding(FCT_PAYMENTS, "b")]
    without_payments = Kin(manifest(), empty=[PAYMENTS])
    assert [one.root for one in causes(findings, without_payments)] == [FCT_ORDERS, FCT_PAYMENTS]


def test_a_source_is_empty_if_its_table_is_in_the_lake_and_nothing_ever_came(tmp_path: Path) -> None:
    (tmp_path / "raw" / "raw" / "payments").mkdir(parents=True)
    assert empty([], manifest(), tmp_path) == {PAYMENTS}
    assert empty([Delivered("raw.payments", NOW)], manifest(), tmp_path) == frozenset()


def events(entries: list[IncidentEntry]) -> list[tuple[str, str]]:
    return [(entry.event, entry.node) for entry in entries]


def opened(*findings: Finding) -> list[Incident]:
    return [incident_of(entry) for entry in settle(run(), seen(*findings), [], KIN)]


def test_the_id_is_the_same_on_every_machine() -> None:
    (entry,) = settle(run(), seen(finding(FCT_ORDERS, "a")), [], KIN)
    # printf 'prod\nmodel.shop.fct_orders\nquality' | sha256sum
    assert entry.incident_id == "df303a9a6cccf7bb75f19b3aa526408044161988bee292868abf4c88fefc0720"


def test_a_failure_that_goes_on_is_seen_and_resolved_within_the_run_that_does_not_find_it() -> None:
    first = finding(FCT_ORDERS, "a")
    known = opened(first)
    assert events(settle(run(2), seen(first), known, KIN)) == [("seen", FCT_ORDERS)]
    assert events(settle(run(2), seen(), known, KIN)) == [("resolved", FCT_ORDERS)]


def test_what_a_run_has_not_looked_at_is_not_resolved() -> None:
    first = finding(FCT_ORDERS, "a")
    known = opened(first)
    assert settle(run(2), seen(ended=frozenset({"feeds", "ingest"})), known, KIN) == []
    assert settle(run(2), seen(unjudged=(first.id,)), known, KIN) == []
    stopped = settle(run(2), seen(refused(PAYMENTS), ended=frozenset({"feeds", "ingest"})), known, KIN)
    assert events(stopped) == [("opened", PAYMENTS)]


def test_a_part_that_was_not_looked_at_stays_with_its_incident() -> None:
    both = [finding(FCT_ORDERS, "a"), finding(FCT_ORDERS, "b", step="audit")]
    (entry,) = settle(run(2), seen(both[0], ended=STEPS - {"audit"}), opened(*both), KIN)
    assert (entry.event, [one.check_name for one in entry.findings]) == ("seen", ["a", "b"])


def test_a_known_failure_does_not_hide_a_new_one_downstream() -> None:
    old, new = finding("model.shop.stg_orders", "a", severity="warn"), finding(REVENUE, "b")
    found = settle(run(2), seen(old, new), opened(old), KIN)
    assert events(found) == [("seen", "model.shop.stg_orders"), ("opened", REVENUE)]


def test_a_delivery_that_is_missing_explains_what_fails_later() -> None:
    late = finding(ORDERS, "late", kind="late", step="feeds")
    found = settle(run(2), seen(late, finding(REVENUE, "b")), opened(late), KIN)
    assert [(one.event, one.node, len(one.findings)) for one in found] == [("seen", ORDERS, 2)]


def test_one_more_check_at_the_root_or_a_worse_one_changes_the_incident() -> None:
    mild = finding(FCT_ORDERS, "a", severity="warn")
    assert events(settle(run(2), seen(mild, finding(FCT_ORDERS, "b")), opened(mild), KIN)) == [("changed", FCT_ORDERS)]
    assert events(settle(run(2), seen(replace(mild, severity="error")), opened(mild), KIN)) == [("changed", FCT_ORDERS)]


def test_an_up_to_date_release_resolves_what_blocked_and_keeps_warnings() -> None:
    mild, bad = finding(FCT_ORDERS, "a", severity="warn"), finding(FCT_PAYMENTS, "b", "paid")
    nothing_built = replace(seen(ended=frozenset({"feeds", "ingest"})), is_current=True)
    assert events(settle(run(2), nothing_built, opened(mild), KIN)) == []
    assert events(settle(run(2), nothing_built, opened(bad), KIN)) == [("resolved", FCT_PAYMENTS)]


def test_an_incident_says_whose_it_is_what_it_touches_and_what_to_do() -> None:
    (late,) = settle(run(), seen(refused(), finding(REVENUE, "b")), [], KIN)
    assert (late.owner, late.family, late.severity) == ("shop_team", "delivery", "error")
    assert late.touches == ("Revenue board (Finance <finance@shop.example>)", "core.fct_orders", "finance.rpt_revenue")
    assert late.next_step == "have raw.orders delivered again as its contract says, then: sluice run feeds/shop.yml --env prod"
    (failed,) = settle(run(), seen(finding(FCT_ORDERS, "orders_are_paid")), [], KIN)
    assert failed.owner == "Sales"
    assert "sluice ack orders_are_paid --release 20260302T030000Z-aaaaaa" in str(failed.next_step)
