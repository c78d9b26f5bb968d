"""Silences: incidents that nobody is to be told of until a time, who said so, and why."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from sluice.alerts.incident import Incident
from sluice.alerts.opened import OpenLake
from sluice.core.errors import SluiceError
from sluice.environments.policy import Policy
from sluice.history import ledger
from sluice.history.kinds import SilenceEntry


@dataclass(frozen=True)
class Silence:
    """What matches all patterns that are given is not sent before `until_at`. Who ended it early is `by_actor`, and why `why`."""

    silence_id: str
    environment: str | None
    node: str | None
    check_name: str | None
    owner: str | None
    until_at: datetime
    by_actor: str
    why: str
    added_at: datetime
    is_ended: bool = False
    changed_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it has no effect any more."""
        return self.is_ended or self.until_at <= now

    def covers(self, incident: Incident, now: datetime) -> bool:
        """Whether an incident is not to be sent: of a check, where all its findings are of checks that match."""
        return (
            not self.is_over(now)
            and _fits(self.environment, incident.environment)
            and _fits(self.owner, incident.owner or "")
            and (_fits(self.node, incident.node) or _fits(self.node, incident.name))
            and all(_fits(self.check_name, one.check_name) for one in incident.findings)
        )


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or fnmatchcase(text, pattern)


def covering(silences: Iterable[Silence], incident: Incident, now: datetime) -> Silence | None:
    """The silence that covers an incident, the longest of several."""
    found = [one for one in silences if one.covers(incident, now)]
    return max(found, key=lambda one: one.until_at, default=None)


def read(lake: OpenLake) -> list[Silence]:
    """All silences, those that end first before the others. Raises SluiceError for a damaged table."""
    return [Silence(**row) for row in lake.rows("silences", SilenceEntry, "order by until_at, silence_id")]


@dataclass(frozen=True)
class Patterns:
    """What a silence covers; None matches all, but not all of them may be None."""

    environment: str | None = None
    node: str | None = None
    check: str | None = None
    owner: str | None = None


def add(lake: Path, policy: Policy, patterns: Patterns, until: datetime, by: str, why: str, now: datetime) -> Silence:
    """Add a silence.

    Raises SluiceError where it would cover everything, and RefusedError where `by` may not answer for what it covers.
    """
    if not any((patterns.environment, patterns.node, patterns.check, patterns.owner)):
        raise SluiceError("a silence needs to say of what", hint="give --node, --check, --owner or --env")
    policy.allow_answer(patterns.environment, by)
    said = (patterns.environment, patterns.node, patterns.check, patterns.owner)
    added = Silence(secrets.token_hex(4), *said, until, by, why, now, changed_at=now)
    _append(lake, "added", added, now)
    return added


def end(lake: OpenLake, policy: Policy, prefix: str, by: str, why: str, now: datetime) -> Silence:
    """End a silence before its time. Raises SluiceError where none has this id, or it is over; RefusedError as `add` does."""
    found = [one for one in read(lake) if one.silence_id.startswith(prefix)]
    if len(found) != 1:
        what = f"{len(found)} silences begin with {prefix}" if found else f"no silence begins with {prefix}"
        raise SluiceError(what, hint="sluice silence list shows the ids")
    if found[0].is_over(now):
        raise SluiceError(f"the silence {found[0].silence_id} is over already", hint="sluice silence list shows which are not")
    policy.allow_answer(found[0].environment, by)
    ended = Silence(**{**vars(found[0]), "by_actor": by, "why": why, "is_ended": True, "changed_at": now})
    _append(lake.path, "ended", ended, now)
    return ended


def _append(lake: Path, event: str, silence: Silence, now: datetime) -> None:
    names = ("silence_id", "environment", "node", "check_name", "owner", "until_at", "by_actor", "why")
    entry = SilenceEntry(happened_at=now, event=event, **{name: getattr(silence, name) for name in names})
    ledger.append(lake, [entry], transaction=f"silence {silence.silence_id} {event}")
