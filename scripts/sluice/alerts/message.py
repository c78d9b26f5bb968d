"""An alert: what is said about an incident, to whatever channel; and what is kept of it until it is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sluice.alerts.incident import Incident
from sluice.core.document import plain
from sluice.core.text import moment, plural

_LISTED = 10


class Action(StrEnum):
    """What an alert does with the incident at the receiver."""

    trigger = "trigger"
    update = "update"
    acknowledge = "acknowledge"
    resolve = "resolve"


@dataclass(frozen=True, kw_only=True)
class Message:
    """An alert in plain values; `dedup_key` is the same for all alerts about an incident, `alert_id` for every try of this one.

    It holds nothing of the machine: no path, no host, no variable. `known` are titles of other incidents that are open.
    """

    alert_id: str
    action: Action
    dedup_key: str
    environment: str
    severity: str
    title: str
    since: str
    at: str
    node: str
    family: str
    findings: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    owner: str | None = None
    next_step: str | None = None
    link: str | None = None
    release_id: str | None = None
    seen: int = 1
    by: str | None = None
    why: str | None = None
    known: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """The title behind the word that says what has happened."""
        return f"{_HEADS[self.action]} in {self.environment}: {self.title}"

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What is to be said beside the title, each with its label."""
        said = [
            ("Since", self.since),
            ("Touches", _listed(self.touches)),
            ("Owner", self.owner or ""),
            ("Next step", "" if self.action is Action.resolve else self.next_step or ""),
            ("By", " ".join(filter(None, [self.by, f"({self.why})" if self.why else ""]))),
            ("Release", self.release_id or ""),
            ("Link", self.link or ""),
            ("Also open", _listed(self.known)),
        ]
        return [(label, text) for label, text in said if text]

    def as_json(self) -> str:
        """On one line."""
        return json.dumps(plain(asdict(self)), ensure_ascii=False, separators=(",", ":"))


_HEADS = {
    Action.trigger: "Incident",
    Action.update: "Incident changed",
    Action.acknowledge: "Incident acknowledged",
    Action.resolve: "Resolved",
}


def _listed(entries: Sequence[str]) -> str:
    more = f", and {len(entries) - _LISTED} more" if len(entries) > _LISTED else ""
    return ", ".join(entries[:_LISTED]) + more


def of_json(text: str) -> Message:
    """The message that `as_json` wrote, also by another version: what it lacks has its default, what is unknown is left out."""
    found: dict[str, Any] = json.loads(text)
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items() if name in _FIELDS
    }
    return Message(**{**known, "action": Action(found["action"])})


_FIELDS = frozenset(Message.__dataclass_fields__)


def message(alert_id: str, action: Action, incident: Incident, others: Sequence[Incident]) -> Message:
    """What is said of an incident; `others` are those that are open beside it."""
    at = incident.ended_at if action is Action.resolve and incident.ended_at else incident.last_seen_at
    return Message(
        alert_id=alert_id,
        action=action,
        dedup_key=incident.incident_id,
        environment=incident.environment,
        severity=incident.severity,
        title=incident.title,
        since=moment(incident.since_at),
        at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        node=incident.node,
        family=incident.family,
        findings=tuple(one.sentence for one in incident.findings),
        touches=incident.touches,
        owner=incident.owner,
        next_step=incident.next_step,
        link=incident.link,
        release_id=incident.release_id,
        seen=incident.seen,
        by=incident.by_actor,
        why=incident.why,
        known=tuple(one.title for one in others),
    )


def as_text(said: Message) -> str:
    """The whole message as plain text: for mail."""
    findings = [f"- {one}" for one in said.findings[:_LISTED]]
    more = [f"- and {plural(len(said.findings) - _LISTED, 'finding')} more"] if len(said.findings) > _LISTED else []
    return "\n".join([said.head, "", *findings, *more, "", *(f"{label}: {text}" for label, text in said.lines)])
