"""Steps that could not run, or were refused, where nothing else says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sluice.alerts.finding import ERROR, Evidence, Finding
from sluice.alerts.of_feeds import without_paths

# In the order of a run: `feeds` are judged in every run.
ORDER = ("feeds", "ingest", "build", "audit", "publish")
DONE, FAILED, REFUSED = "done", "failed", "refused"


@dataclass(frozen=True)
class StepOutcome:
    """How a step of a run ended: done, failed or refused; `could_run` is false after an error.

    `detail` says why, `hint` what to do. `is_current` is true where nothing had to be built, because the environment's release
    is up to date.
    """

    step: str
    outcome: str
    detail: str = ""
    hint: str = ""
    could_run: bool = True
    release_id: str | None = None
    is_current: bool = False


def evidence(steps: Sequence[StepOutcome], others: Evidence, now: datetime) -> Evidence:
    """A finding for the step that did not come to its end, unless the findings of it, or of a step before it, say why."""
    failed = next((one for one in steps if one.outcome != DONE), None)
    ended = frozenset(f"{one.step} itself" for one in steps if one.could_run)
    if failed is None or any(one.severity == ERROR and one.step != "feeds" for one in others.findings):
        return Evidence(ended=ended)
    word = "was refused" if failed.outcome == REFUSED else "failed"
    sentence = f"{failed.step} {word}: {without_paths(failed.detail) or 'no reason is given'}"
    found = Finding(
        node=f"step.{failed.step}",
        check=failed.step,
        kind="step",
        severity=ERROR,
        step=f"{failed.step} itself",
        sentence=sentence,
        since=now,
        next_step=without_paths(failed.hint) or None,
    )
    return Evidence((found,), ended - {found.step})
