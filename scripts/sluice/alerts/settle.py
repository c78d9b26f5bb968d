"""What a run means for the incidents of an environment: which it opens, sees again, and resolves."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sluice.alerts.cause import Cause, causes, explained_by
from sluice.alerts.finding import ERROR, Evidence, Finding, worst
from sluice.alerts.incident import Event, Incident, family_of, id_of
from sluice.alerts.kin import Kin
from sluice.alerts.words import next_step, title_of
from sluice.history.kinds import IncidentEntry


@dataclass(frozen=True)
class Run:
    """The run whose evidence it is; `link` is where people find it, `feeds` are the files with feeds that it was given."""

    run_id: str
    environment: str
    ended_at: datetime
    release_id: str | None = None
    link: str | None = None
    feeds: tuple[str, ...] = ()

    @property
    def again(self) -> str:
        """The command that runs it again."""
        return " ".join(["sluice run", *self.feeds, f"--env {self.environment}"])


def settle(run: Run, evidence: Evidence, known: Sequence[Incident], kin: Kin) -> list[IncidentEntry]:
    """The events that the run adds, by incident.

    What an open incident holds stays with it, whatever else is found. What is new belongs to an open incident only where that
    names its cause (a delivery, a model) or has the same root: an old failure does not hide a new one.
    """
    still = {one.incident_id: _still(one, evidence) for one in known}
    held = {finding.id for findings in still.values() for finding in findings}
    new = [finding for finding in evidence.findings if finding.id not in held]
    dragged, rest = _dragged(new, known, still, kin)
    events = []
    fresh = {id_of(run.environment, one.root, family_of(one.findings)): one for one in causes(rest, kin)}
    for incident in known:
        added = fresh.pop(incident.incident_id, None)
        findings = (*still[incident.incident_id], *dragged.get(incident.incident_id, ()), *(added.findings if added else ()))
        event = _event_of(incident, findings, evidence, is_more=added is not None)
        if event:
            events.append(_entry(run, event, Cause(incident.node, findings or incident.found), kin, incident.family))
    return events + [_entry(run, Event.opened, cause, kin, family_of(cause.findings)) for cause in fresh.values()]


def _still(incident: Incident, evidence: Evidence) -> tuple[Finding, ...]:
    """What is left of an incident: what the run has found again, in its words of today, and what it has not looked at."""
    found = {finding.id: finding for finding in evidence.findings}
    return tuple(found.get(one.id, one) for one in incident.found if not evidence.is_gone(one))


def _dragged(
    new: Sequence[Finding], known: Sequence[Incident], still: dict[str, tuple[Finding, ...]], kin: Kin
) -> tuple[dict[str, list[Finding]], list[Finding]]:
    """New findings that follow from the cause that an open incident names, by incident; and the rest."""
    if not new:
        return {}, []
    naming = {
        one.node: one.incident_id for one in known for left in still[one.incident_id] if left.is_cause and left.node == one.node
    }
    dragged: dict[str, list[Finding]] = {}
    rest: list[Finding] = []
    for finding in new:
        root = explained_by(finding, list(naming), kin) if naming else None
        (dragged.setdefault(naming[root], []) if root else rest).append(finding)
    return dragged, rest


def _event_of(incident: Incident, findings: Sequence[Finding], evidence: Evidence, *, is_more: bool) -> Event | None:
    """None where the run has not looked at anything of it."""
    if not findings:
        return Event.resolved
    if is_more or (worst(findings) == ERROR and incident.severity != ERROR):
        return Event.changed
    found = {finding.id for finding in evidence.findings}
    return Event.seen if any(one.id in found for one in findings) else None


def _entry(run: Run, event: Event, cause: Cause, kin: Kin, family: str) -> IncidentEntry:
    findings = cause.findings
    return IncidentEntry(
        event_id=secrets.token_hex(8),
        incident_id=id_of(run.environment, cause.root, family),
        happened_at=run.ended_at,
        event=event,
        run_id=run.run_id,
        environment=run.environment,
        node=cause.root,
        family=family,
        title=title_of(cause, kin),
        severity=worst(findings),
        owner=next((owner for node in (findings[0].node, cause.root) if (owner := kin.owner(node))), None),
        since_at=min(one.since for one in findings),
        findings=tuple(one.row() for one in findings),
        touches=tuple(kin.touched([one.node for one in findings] if family == "quality" else [cause.root])),
        next_step=next_step(cause, kin, run.again, run.release_id),
        link=run.link,
        release_id=run.release_id,
        name=kin.label(cause.root),
        tags=kin.tags(cause.root),
    )
