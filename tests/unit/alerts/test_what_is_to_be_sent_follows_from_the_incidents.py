"""The outbox holds what people are to be told: once, in order, and not what was resolved before its time or is silenced."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.helpers.incidents import FCT_ORDERS, NOW, finding, incident_of, manifest, run, seen

from sluice.alerts.channels.file import FileChannel
from sluice.alerts.incident import Incident, State
from sluice.alerts.kin import Kin
from sluice.alerts.plan import Alert, dropped, planned
from sluice.alerts.settings import Route, Settings
from sluice.alerts.settle import settle
from sluice.alerts.silence import Silence

KIN = Kin(manifest())
OPENED = NOW.replace(day=1)
(ENTRY,) = settle(run(1), seen(finding(FCT_ORDERS, "a"), finding(FCT_ORDERS, "b", severity="warn")), [], KIN)
INCIDENT = replace(incident_of(ENTRY), tags=("money",))


def settings(*routes: Route) -> Settings:
    return Settings({"team": FileChannel(Path("nowhere")), "mail": FileChannel(Path("nowhere"))}, routes or (Route(("team",)),))


def actions(alerts: list[Alert]) -> list[tuple[str, str]]:
    return [(one.channel, one.action) for one in alerts]


def plan(
    incident: Incident, outbox: list[Alert], minutes: int, *routes: Route, silences: tuple[Silence, ...] = ()
) -> list[Alert]:
    return planned([incident], outbox, settings(*routes), silences, OPENED + timedelta(minutes=minutes))


def test_an_incident_is_told_once_however_often_it_is_seen() -> None:
    first = plan(INCIDENT, [], 1)
    assert actions(first) == [("team", "trigger")]
    assert plan(replace(INCIDENT, seen=9, last_seen_at=OPENED + timedelta(days=9)), first, 20) == []


def later(minutes: int) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def test_what_follows_is_told_to_who_knows_of_it() -> None:
    first = plan(INCIDENT, [], 1)
    worse = plan(replace(INCIDENT, changed_at=later(2)), first, 3)
    assert actions(worse) == [("team", "update")]
    known = replace(INCIDENT, state=State.acknowledged, answered_at=later(4), by_actor="user:ann")
    assert actions(plan(known, first, 5)) == [("team", "acknowledge")]
    over = replace(INCIDENT, state=State.resolved, ended_at=later(6))
    assert actions(plan(over, first, 7)) == [("team", "resolve")]
    assert plan(over, [], 7) == []


def test_an_incident_that_opens_again_is_told_again() -> None:
    first = plan(INCIDENT, [], 1)
    again = plan(replace(INCIDENT, number=2, opened_at=later(60)), first, 61)
    assert actions(again) == [("team", "trigger")]
    assert again[0].alert_id != first[0].alert_id


def test_two_processes_plan_the_same_alert() -> None:
    assert [one.alert_id for one in plan(INCIDENT, [], 1)] == [one.alert_id for one in plan(INCIDENT, [], 2)]


@pytest.mark.parametrize(
    ("route", "is_taken"),
    [
        ({"environment": "prod"}, True), ({"environment": "staging"}, False), ({"severity": "error"}, True),
        ({"severity": "warn"}, False), ({"owner": "sal*"}, True), ({"owner": "growth"}, False), ({"node": "core.*"}, True),
        ({"node": "model.shop.fct_orders"}, True), ({"node": "finance.*"}, False), ({"tag": "money"}, True),
        ({"tag": "x"}, False), ({"owner": "sales", "tag": "x"}, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_route_takes_what_matches_all_of_it(route: dict[str, str], is_taken: bool) -> None:
    found = plan(INCIDENT, [], 1, Route(("mail",), **route))  # type: ignore[arg-type]  # severity is one of three words
    assert actions(found) == ([("mail", "trigger")] if is_taken else [])


def test_what_passes_before_its_time_is_silent() -> None:
    """A retry in the same night: the incident is resolved while its alert still waits."""
    held = plan(INCIDENT, [], 1, Route(("team",), hold_minutes=30))
    assert [one.due_at for one in held] == [later(30)]
    outbox = held + plan(replace(INCIDENT, state=State.resolved, ended_at=later(10)), held, 11, Route(("team",), hold_minutes=30))
    assert actions(outbox) == [("team", "trigger"), ("team", "resolve")]
    assert {one.action for one, _ in dropped(outbox, later(11))} == {"trigger", "resolve"}
    assert dropped(held, later(11)) == []
    assert dropped(outbox, later(31)) == []


def test_what_could_not_be_sent_for_a_week_is_dropped_with_a_reason() -> None:
    ((_, why),) = dropped(plan(INCIDENT, [], 1), OPENED + timedelta(days=8))
    assert "7 days" in why


def silence(**patterns: str) -> Silence:
    of = {"environment": None, "node": None, "check_name": None, "owner": None, **patterns}
    return Silence("ab", until_at=later(60), by_actor="user:ann", why="migration", added_at=OPENED, **of)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("patterns", "is_silent"),
    [
        ({"node": "core.*"}, True), ({"node": "model.*.fct_orders"}, True), ({"node": "finance.*"}, False),
        ({"check_name": "[ab]"}, True), ({"check_name": "a"}, False), ({"owner": "Sales"}, True),
        ({"environment": "staging"}, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_silence_covers_what_matches_and_ends(patterns: dict[str, str], is_silent: bool) -> None:
    quiet = (silence(**patterns),)
    assert plan(INCIDENT, [], 1, silences=quiet) == ([] if is_silent else plan(INCIDENT, [], 1))
    # At its end, what is still open is sent.
    assert actions(plan(INCIDENT, [], 61, silences=quiet)) == [("team", "trigger")]


def test_what_was_told_before_a_silence_is_still_resolved() -> None:
    first, quiet = plan(INCIDENT, [], 1), (silence(node="core.*"),)
    assert plan(replace(INCIDENT, changed_at=later(2)), first, 3, silences=quiet) == []
    over = replace(INCIDENT, state=State.resolved, ended_at=later(6))
    assert actions(plan(over, first, 7, silences=quiet)) == [("team", "resolve")]
