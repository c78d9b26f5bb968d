"""After a run, whatever its outcome: its incidents updated."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.alerts import book, gather
from sluice.alerts.incident import Incident
from sluice.alerts.kin import Kin
from sluice.alerts.of_feeds import Refused
from sluice.alerts.of_steps import StepOutcome
from sluice.alerts.settle import Run, settle
from sluice.core.run_id import run_id
from sluice.environments.context import Context


@dataclass(frozen=True)
class Told:
    """The incidents of an environment after a run: opened or changed by it, known before it, and resolved by it."""

    environment: str
    news: tuple[Incident, ...]
    known: tuple[Incident, ...]
    resolved: tuple[Incident, ...]


def update(
    context: Context, environment: str, steps: Sequence[StepOutcome], refused: Sequence[Refused] = (), feeds: Sequence[str] = ()
) -> Told:
    """Write what a run means for the incidents of its environment. Raises SluiceError where that cannot be read or written."""
    now = datetime.now(UTC).replace(tzinfo=None)
    release_id = next((one.release_id for one in reversed(steps) if one.release_id), None)
    left = gather.artifacts(environment, release_id)
    found = gather.evidence(steps, refused, gather.deliveries(context.lake), left, now)
    run = Run(run_id(), environment, now, release_id, link(os.environ), tuple(feeds))
    with book.writing(context.lake):
        before = book.read(context.lake, environment)
        events = settle(run, found, before, Kin(left.manifest))
        book.append(context.lake, events)
    return _told(environment, before, book.read(context.lake, environment), {one.incident_id: one.event for one in events})


def _told(environment: str, before: Sequence[Incident], after: Sequence[Incident], events: Mapping[str, str]) -> Told:
    news = tuple(one for one in after if events.get(one.incident_id) in ("opened", "changed"))
    known = tuple(one for one in after if one not in news)
    resolved = tuple(one for one in before if events.get(one.incident_id) == "resolved")
    return Told(environment, news, known, resolved)


def link(variables: Mapping[str, str]) -> str | None:
    """Where people find the run: SLUICE_RUN_URL, or the run of a workflow in GitHub Actions."""
    if given := variables.get("SLUICE_RUN_URL"):
        return given
    parts = [variables.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else None
