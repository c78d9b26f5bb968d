"""Steps that could not run, or were refused, where nothing else says why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sluice.alerts.finding import ERROR, FEEDS, Evidence, Finding
from sluice.alerts.of_feeds import without_paths
from sluice.history.kinds import StepEntry

DONE, REFUSED = "done", "refused"
_COULD_RUN = (0, 1)


def came_to_its_end(step: StepEntry) -> bool:
    """Whether it could run, and was not refused: what it judges is known then."""
    return step.exit_code in _COULD_RUN and step.outcome != REFUSED


def evidence(steps: Sequence[StepEntry], others: Evidence, now: datetime) -> Evidence:
    """A finding for the step that did not do what it should, unless findings of it, or of a step before it, say why."""
    failed = next((one for one in steps if one.outcome != DONE), None)
    ended = frozenset(map(_itself, steps))
    if failed is None or any(one.severity == ERROR and one.step != FEEDS for one in others.findings):
        return Evidence(ended=ended)
    word = "was refused" if failed.outcome == REFUSED else "failed"
    found = Finding(
        node=f"step.{failed.step}",
        check=failed.step,
        kind="step",
        severity=ERROR,
        step=_itself(failed),
        sentence=f"{failed.step} {word}: {without_paths(failed.detail or '') or 'no reason is given'}",
        since=now,
    )
    return Evidence((found,), ended)


def _itself(step: StepEntry) -> str:
    """The name of what judges whether a step does what it should."""
    return f"the step {step.step}"
