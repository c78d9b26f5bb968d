"""Incidents and silences for people, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sluice.alerts.after import Told
from sluice.alerts.incident import Incident, State
from sluice.alerts.send import Sent
from sluice.alerts.silence import Silence, covering
from sluice.core.text import ago, moment, plural, table, wrapped

SHOWN = 8  # digits of an id
_LISTED = 10  # findings, and readers, of one incident


def short(incident: Incident) -> str:
    """The first digits of its id, which commands take."""
    return incident.incident_id[:SHOWN]


def list_text(incidents: Sequence[Incident], silences: Sequence[Silence], now: datetime) -> str:
    """A line for each."""
    if not incidents:
        return "no incident is open"
    rows = [
        (short(one), one.environment, _state(one, silences, now), one.severity, ago(one.since_at, now), one.title)
        for one in incidents
    ]
    return "\n".join(table(["incident", "env", "state", "severity", ">since", "what"], rows))


def _state(incident: Incident, silences: Sequence[Silence], now: datetime) -> str:
    is_silenced = incident.state is State.open and covering(silences, incident, now)
    return "silenced" if is_silenced else str(incident.state)


def show_text(incident: Incident) -> str:
    """Everything about one."""
    runs = f"found by {plural(incident.seen, 'run')}, last {moment(incident.last_seen_at)}"
    is_over = f"; {incident.state} {moment(incident.ended_at)}" if incident.ended_at else ""
    known = {
        "what": incident.title,
        "state": f"{incident.state}{_by(incident)}",
        "severity": incident.severity,
        "since": f"{moment(incident.since_at)}; {runs}{is_over}",
        "root": f"{incident.node} ({incident.family}, in {incident.environment})",
        "owner": incident.owner,
        "what to do": incident.next_step if not incident.state.is_over else None,
        "release": incident.release_id,
        "link": incident.link,
    }
    lines = [f"incident {incident.incident_id}"]
    for word, said in known.items():
        lines += wrapped(f"{word}: {said}", indent="  ") if said else []
    lines += _section("findings", [f"{one.severity}: {one.sentence}" for one in incident.findings])
    return "\n".join(lines + _section("who reads it", incident.touches))


def _by(incident: Incident) -> str:
    if incident.state not in (State.acknowledged, State.closed) or not incident.by_actor:
        return ""
    return f" by {incident.by_actor}" + (f": {incident.why}" if incident.why else "")


def _section(title: str, entries: Sequence[str]) -> list[str]:
    shown = [line for entry in entries[:_LISTED] for line in wrapped(f"  {entry}", indent="    ")]
    more = [f"  ... and {len(entries) - _LISTED} more"] if len(entries) > _LISTED else []
    return ["", f"{title}:", *shown, *more] if entries else []


def told_text(told: Told) -> str:
    """A line for each incident after a run; nothing where there is none."""
    groups = (("incident", told.news), ("known", told.known), ("resolved", told.resolved))
    lines = [line for word, some in groups for one in some for line in wrapped(f"{word} {short(one)}: {one.title}", indent="  ")]
    return "\n".join([*lines, "next: sluice incidents show ID"] if told.news or told.known else lines)


def sent_text(sent: Sent) -> str:
    """What became of the alerts."""
    lines = [f"{plural(sent.sent, 'alert')} sent"]
    lines += [f"{plural(sent.dropped, 'alert')} dropped: resolved before it was time, or too old"] if sent.dropped else []
    lines += [f"{plural(sent.waiting, 'alert')} not due yet"] if sent.waiting else []
    return "\n".join([*lines, *(f"{channel}: {why}" for channel, why in sent.unsent)])


def silences_text(silences: Sequence[Silence], now: datetime) -> str:
    """A line for each."""
    if not silences:
        return "nothing is silenced"
    rows = [
        (one.silence_id, "ended" if one.is_over(now) else "active", moment(one.until_at), one.by_actor, f"{_of(one)}: {one.why}")
        for one in silences
    ]
    return "\n".join(table(["silence", "state", "until", "by", "of what, and why"], rows))


def _of(silence: Silence) -> str:
    said = {"node": silence.node, "check": silence.check_name, "owner": silence.owner, "env": silence.environment}
    return ", ".join(f"{name} {pattern}" for name, pattern in said.items() if pattern)
