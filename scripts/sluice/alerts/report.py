"""Incidents for people, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sluice.alerts.after import Told
from sluice.alerts.incident import Incident, State
from sluice.core.text import ago, moment, plural, table, wrapped

SHOWN = 8  # digits of an id
_LISTED = 10  # findings, and readers, of one incident


def short(incident: Incident) -> str:
    """The first digits of its id, which commands take."""
    return incident.incident_id[:SHOWN]


def list_text(incidents: Sequence[Incident], now: datetime) -> str:
    """A line for each."""
    if not incidents:
        return "no incident is open"
    rows = [(short(one), one.environment, one.state, one.severity, ago(one.since_at, now), one.title) for one in incidents]
    return "\n".join(table(["incident", "env", "state", "severity", ">since", "what"], rows))


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
    """A line for each incident after a run: those that are new in full, those that are known by their names."""
    lines = [line for one in told.news for line in wrapped(f"incident {short(one)}: {one.title}", indent="  ")]
    lines += [line for one in told.known for line in wrapped(f"known    {short(one)}: {one.title}", indent="  ")]
    lines += [line for one in told.resolved for line in wrapped(f"resolved {short(one)}: {one.title}", indent="  ")]
    if told.news or told.known:
        lines.append("next: sluice incidents show ID")
    return "\n".join(lines)
