"""Which alerts there must be: from the incidents, the routes and the silences, whatever was interrupted before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sluice.alerts.incident import Incident, State
from sluice.alerts.message import Action, message
from sluice.alerts.settings import Settings
from sluice.alerts.silence import Silence, covering
from sluice.history.kinds import AlertEntry

# What ended longer ago is not sent any more.
RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Alert:
    """An alert of the outbox, as far as it has come; `event` is queued, failed, sent or dropped."""

    alert_id: str
    channel: str
    incident_id: str
    action: Action
    event: str
    queued_at: datetime
    due_at: datetime
    attempt: int = 0
    detail: str | None = None
    body: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether it is to be sent."""
        return self.event in ("queued", "failed")


def planned(
    incidents: Sequence[Incident], outbox: Sequence[Alert], settings: Settings, silences: Sequence[Silence], now: datetime
) -> list[Alert]:
    """The alerts that are missing in the outbox, in the order in which they are to be sent.

    An open incident is sent once to each channel that a route names, unless it is silenced; what follows is sent to the
    channels that know of it.
    """
    known = {one.alert_id: one for one in outbox}
    missing = []
    for incident in incidents:
        others = [one for one in incidents if one is not incident and not one.state.is_over]
        for alert in _wanted(incident, known, settings, covering(silences, incident, now) is not None, now):
            if alert.alert_id not in known:
                missing.append(replace(alert, body=message(alert.alert_id, alert.action, incident, others).as_json()))
    return missing


def _wanted(
    incident: Incident, known: Mapping[str, Alert], settings: Settings, is_silent: bool, now: datetime
) -> Iterator[Alert]:
    """The alerts about an incident, without their bodies; those that are in the outbox already may be among them."""
    if incident.ended_at and now - incident.ended_at > RECENT:
        return
    holds = settings.route(incident)
    for channel in settings.channels:
        first = known.get(id_of(incident, channel, Action.trigger, incident.opened_at))
        if first is not None:
            yield from _following(incident, first, is_silent, now)
        elif channel in holds and incident.state is State.open and not is_silent:
            due = max(now, incident.opened_at + holds[channel])
            yield _alert(incident, channel, Action.trigger, incident.opened_at, now, due)


def _following(incident: Incident, first: Alert, is_silent: bool, now: datetime) -> Iterator[Alert]:
    """What is sent to a channel after the `first` alert; nothing before that."""

    def told(action: Action, at: datetime) -> Alert:
        return _alert(incident, first.channel, action, at, now, max(now, first.due_at))

    changed, answered, ended = incident.changed_at, incident.answered_at, incident.ended_at
    if changed and changed > first.queued_at and not is_silent and not incident.state.is_over:
        yield told(Action.update, changed)
    if answered and incident.state is State.acknowledged:
        yield told(Action.acknowledge, answered)
    if ended:
        yield told(Action.resolve, ended)


def _alert(incident: Incident, channel: str, action: Action, at: datetime, now: datetime, due: datetime) -> Alert:
    return Alert(id_of(incident, channel, action, at), channel, incident.incident_id, action, "queued", now, due)


def id_of(incident: Incident, channel: str, action: Action, at: datetime) -> str:
    """The same for every process that plans this alert: what happened to the incident, and when, to which channel it goes."""
    parts = (incident.incident_id, channel, action, at.isoformat())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def dropped(outbox: Sequence[Alert], now: datetime) -> list[tuple[Alert, str]]:
    """Alerts that need not be sent, and why: those that were still waiting when their incident ended, and those too old."""
    waiting = {
        (one.channel, one.incident_id) for one in outbox if one.is_pending and one.action is Action.trigger and one.due_at > now
    }
    over = {(one.channel, one.incident_id) for one in outbox if one.is_pending and one.action is Action.resolve}
    found = []
    for one in outbox:
        if one.is_pending and (one.channel, one.incident_id) in waiting & over:
            found.append((one, "it was resolved before its time had come"))
        elif one.is_pending and now - one.queued_at > RECENT:
            found.append((one, f"it could not be sent in {RECENT.days} days"))
    return found


def entry(
    alert: Alert, kind: str, run: str, event: str, now: datetime, detail: str | None = None, seconds: float | None = None
) -> AlertEntry:
    """What happened to an alert, as the history has it; its body is kept with the first entry."""
    return AlertEntry(
        alert_id=alert.alert_id,
        happened_at=now,
        event=event,
        run_id=run,
        channel=alert.channel,
        kind=kind,
        incident_id=alert.incident_id,
        action=alert.action,
        due_at=alert.due_at,
        attempt=alert.attempt,
        seconds=seconds,
        detail=detail,
        body=alert.body if event == "queued" else None,
    )
