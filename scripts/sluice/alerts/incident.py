"""An incident: one cause in one environment, from the run that finds it to the one that does not find it any more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sluice.alerts.finding import Finding, of_row
from sluice.history.kinds import FindingRow


class Event(StrEnum):
    """What happens to an incident. `changed`: more fails at its root, or it is worse than before."""

    opened = "opened"
    changed = "changed"
    seen = "seen"
    resolved = "resolved"
    acknowledged = "acknowledged"
    closed = "closed"


class State(StrEnum):
    """A run resolves an incident when nothing of it is found any more; a person acknowledges or closes it."""

    open = "open"
    acknowledged = "acknowledged"
    resolved = "resolved"
    closed = "closed"

    @property
    def is_over(self) -> bool:
        """Whether what is found from now on opens it again."""
        return self in (State.resolved, State.closed)


@dataclass(frozen=True, kw_only=True)
class Incident:
    """An incident as it is now.

    `seen` counts the runs that have found it since it was opened, for the `number`th time; `findings`, `touches` and the
    fields after them are as the last of these runs has written them. `changed_at` is when it became worse, `answered_at` when
    somebody (`by_actor`) acknowledged or closed it.
    """

    incident_id: str
    environment: str
    node: str
    family: str
    title: str
    severity: str
    owner: str | None
    state: State
    since_at: datetime
    opened_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    seen: int
    number: int
    findings: tuple[FindingRow, ...]
    touches: tuple[str, ...] = ()
    next_step: str | None = None
    link: str | None = None
    release_id: str | None = None
    run_id: str = ""
    name: str = ""
    tags: tuple[str, ...] = ()
    changed_at: datetime | None = None
    answered_at: datetime | None = None
    by_actor: str | None = None
    why: str | None = None

    @property
    def found(self) -> tuple[Finding, ...]:
        """Its findings, as the run that saw it last has left them."""
        return tuple(map(of_row, self.findings))


def id_of(environment: str, node: str, family: str) -> str:
    """The same on every machine: 64 hexadecimal digits."""
    return hashlib.sha256("\n".join((environment, node, family)).encode()).hexdigest()


_FAMILIES = {"refused": "delivery", "late": "delivery", "model": "build", "unit_test": "build", "step": "run"}


def family_of(findings: Sequence[Finding]) -> str:
    """The kind of a cause: delivery, build, quality or run; the first finding decides."""
    return _FAMILIES.get(findings[0].kind, "quality")
