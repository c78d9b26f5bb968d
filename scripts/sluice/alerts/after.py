"""After a run, whatever its outcome: its incidents updated, and people told."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sluice.alerts import book, gather, of_feeds, settings
from sluice.alerts.gather import Left
from sluice.alerts.incident import Incident
from sluice.alerts.kin import Kin
from sluice.alerts.opened import OpenLake, opened
from sluice.alerts.send import Sent, send
from sluice.alerts.settle import Run, settle
from sluice.core import log
from sluice.core.errors import in_one_line
from sluice.core.run_id import run_id


@dataclass(frozen=True)
class Told:
    """The incidents of an environment after a run: opened or changed by it, known before it, and resolved by it.

    `notes` say what could not be written or sent; `is_updated` that the incidents could be.
    """

    environment: str
    news: tuple[Incident, ...] = ()
    known: tuple[Incident, ...] = ()
    resolved: tuple[Incident, ...] = ()
    sent: int = 0
    is_updated: bool = False
    notes: tuple[str, ...] = ()


def after_run(lake: Path, environment: str, feeds: Sequence[str] = (), looked: Collection[str] | None = None) -> Told:
    """Update the incidents of an environment by what the current run has left, and send what is to be sent.

    `feeds` are the files that the run was given, `looked` the feeds that it read (None: all). Nothing that goes wrong here is
    raised: it is reported on stderr, and the next run or `sluice incidents send` makes up for it.
    """
    told, notes = Told(environment), []
    try:
        with opened(lake) as found:
            told = update(found, environment, feeds, looked)
            sent = send(found, settings.load())
            told, notes = replace(told, sent=sent.sent), unsent(sent)
    except BaseException as error:  # noqa: BLE001  # in_one_line raises again what is not to be caught
        what = "no alert was sent" if told.is_updated else "the incidents could not be updated, and no alert was sent"
        notes = [f"{what}: {in_one_line(error)}"]
    for note in notes:
        log.note(note)
    return replace(told, notes=tuple(notes))


def unsent(sent: Sent) -> list[str]:
    """A line for each channel that did not take what it was sent."""
    return [f"alerts for {channel}: {why}; the next run, or sluice incidents send, tries again" for channel, why in sent.unsent]


def update(lake: OpenLake, environment: str, feeds: Sequence[str] = (), looked: Collection[str] | None = None) -> Told:
    """Write what the current run means for the incidents of an environment. Raises SluiceError where that cannot be done."""
    now = datetime.now(UTC).replace(tzinfo=None)
    left = gather.left_by(lake, run_id(), environment, looked)
    found = gather.evidence(left, now)
    run = Run(run_id(), environment, now, _release_of(left), link(os.environ), tuple(feeds))
    with book.writing(lake.path):
        before = book.read(lake, environment)
        manifest = left.artifacts.manifest
        events = settle(run, found, before, Kin(manifest, of_feeds.empty(left.delivered, manifest, lake.path)))
        book.append(lake.path, events)
    return _told(environment, before, book.read(lake, environment), {one.incident_id: one.event for one in events})


def _release_of(left: Left) -> str | None:
    return next((one.release_id for one in reversed(left.steps) if one.release_id), None)


def _told(environment: str, before: Sequence[Incident], after: Sequence[Incident], events: Mapping[str, str]) -> Told:
    news = tuple(one for one in after if events.get(one.incident_id) in ("opened", "changed"))
    known = tuple(one for one in after if one not in news)
    resolved = tuple(one for one in before if events.get(one.incident_id) == "resolved")
    return Told(environment, news, known, resolved, is_updated=True)


def link(variables: Mapping[str, str]) -> str | None:
    """Where people find the run: SLUICE_RUN_URL, or the run of a workflow in GitHub Actions."""
    if given := variables.get("SLUICE_RUN_URL"):
        return given
    parts = [variables.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else None
