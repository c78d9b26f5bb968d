"""What people say about an incident: they know of it, or it is over."""

from __future__ import annotations

import secrets
from dataclasses import fields, replace
from datetime import datetime

from sluice.alerts import book
from sluice.alerts.incident import Event, Incident
from sluice.alerts.opened import OpenLake
from sluice.core.errors import SluiceError
from sluice.environments.policy import Policy
from sluice.history.kinds import IncidentEntry


def answer(
    lake: OpenLake,
    policy: Policy,
    prefix: str,
    event: Event,
    by: str,
    why: str | None,
    now: datetime,
    bad_from: datetime | None = None,
) -> Incident:
    """Acknowledge or close an incident that is open; give it as it is then. What was acknowledged before may be again.

    `bad_from` is the time of the first row that is wrong. Raises SluiceError where there is none, or it is over, and
    RefusedError where `by` may not answer for its environment.
    """
    if bad_from is not None and bad_from > now:
        raise SluiceError(f"{bad_from} has not come yet", where="--bad-from", hint="give the time of the first wrong row, in UTC")
    with book.writing(lake.path):
        incident = book.find(lake, prefix)
        policy.allow_answer(incident.environment, by)
        if incident.state.is_over:
            what = f"the incident {incident.incident_id[:8]} is {incident.state} already"
            raise SluiceError(what, hint="sluice incidents list shows those that are open")
        book.append(lake.path, [replace(_entry(incident, event, by, why, now), bad_from_at=bad_from)])
    return book.find(lake, incident.incident_id)


def _entry(incident: Incident, event: Event, by: str, why: str | None, now: datetime) -> IncidentEntry:
    own = ("findings", "touches", "next_step", "by_actor", "why")
    known = {one.name: getattr(incident, one.name) for one in fields(IncidentEntry) if hasattr(incident, one.name)}
    said = {name: value for name, value in known.items() if name not in own}
    return IncidentEntry(**said, event_id=secrets.token_hex(8), happened_at=now, event=event, by_actor=by, why=why)
