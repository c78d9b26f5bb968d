"""Steps on releases: publish, promote, roll back, verify, build again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from sluice.candidate import rebuild as rebuilding
from sluice.candidate import verify as verifying
from sluice.candidate.build import Candidate
from sluice.candidate.rebuild import Comparison
from sluice.candidate.verify import Verified
from sluice.change.deployed import deployment
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent
from sluice.environments import trail
from sluice.environments.context import Context, here
from sluice.environments.resolve import recorded
from sluice.gate import acknowledge as answers
from sluice.gate import publish as gate
from sluice.gate import rollback as back
from sluice.gate.acknowledge import Acknowledged
from sluice.gate.publish import MoveResult
from sluice.history import commits, recording
from sluice.history.recording import as_step
from sluice.store.record import Record


@as_step("publish")
def publish(
    candidate: str | None = None, *, environment: str = "prod", why: str | None = None, tell: Tell = silent
) -> MoveResult:
    """Point an environment to a candidate, by default its newest, if the gate is open. Else raises RefusedError."""
    context = here()
    return _noted(context, gate.publish(context, candidate, environment, why, tell))


@as_step("promote")
def promote(source: str, target: str, *, why: str | None = None, reviewed: str | None = None) -> MoveResult:
    """Point `target` to the release of `source`, if that is still the one that was `reviewed`, where one is given.

    Raises RefusedError where it is not, or where environments.yml or the gate denies it.
    """
    context = here()
    return _noted(context, gate.promote(context, source, target, why, reviewed=reviewed))


def _noted(context: Context, moved: MoveResult) -> MoveResult:
    """Note in the history which commits a release brought to its environment, and which models these changed."""
    if moved.is_moved:
        brought = deployment(context, moved)
        commits.append(context.lake, moved.environment, moved.release_id, brought.code_commit, brought.from_code_commit)
        recording.write(context.lake, [brought])
    return moved


@as_step("ack")
def acknowledge(check: str, candidate: str, *, why: str, until: str | None = None, once: bool = False) -> Acknowledged:
    """Let a failed check of a candidate pass; a series of a chart begins a new phase, unless it is for `once`.

    Raises RefusedError where that is denied, SluiceError where nothing failed.
    """
    reason = _reason(why, "an acknowledgement", "why the alarm is false")
    return answers.acknowledge(here(), check, candidate, reason, until, once=once)


@as_step("rollback")
def rollback(environment: str, *, why: str, to: str | None = None) -> MoveResult:
    """Point an environment to the release before its current one, or to `to`. Raises RefusedError where that is denied."""
    return back.rollback(here(), environment, _reason(why, "a rollback", "what is wrong with the release"), to)


def _reason(why: str, deed: str, what: str) -> str:
    if not why.strip():
        raise SluiceError(f"{deed} needs a reason", where="--why", hint=f"say {what}")
    return why.strip()


@as_step("verify")
def verify(release: str, *, memory_limit: str = MEMORY_LIMIT, tell: Tell = silent) -> Verified:
    """Compare a release or candidate with its record. Raises SluiceError where it has none, or cannot be read."""
    located, record = recorded(release, "to compare with")
    context = here()
    with trail.attempt(context.lake, context.actor, "verify", release_id=record.release_id) as attempt:
        found = verifying.verify(record, located.file, tell, memory_limit)
        if found.differences:
            attempt.fail(f"{len(found.differences)} relations differ from the record")
    return found


@dataclass(frozen=True)
class Rebuilt:
    """A release built again, and how it compares with the release, where that was asked for."""

    candidate: Candidate
    comparison: Comparison | None

    @property
    def exit_code(self) -> int:
        """1 where a mart differs, or a model or test failed."""
        return int(bool(self.comparison.differences) if self.comparison else not self.candidate.is_good)


@as_step("rebuild")
def rebuild(release: str, *, compare: bool = False, force: bool = False, tell: Tell = silent) -> Rebuilt:
    """Build a release again from its record; to `compare`, nothing is kept of one that is equal.

    Raises SluiceError where it cannot be built again, RefusedError where environments.yml does not allow it.
    """
    context = here()
    located, record = recorded(release, "to build it from")
    with trail.attempt(
        context.lake, context.actor, "rebuild", environment=record.environment, release_id=record.release_id
    ) as attempt:
        context.policy.allow(record.environment, "build", context.actor)
        again = rebuilding.rebuild(record, located.artifacts, context, tell, force=force, compare=compare)
        done = Rebuilt(again, _compared(record, again) if compare else None)
        if done.exit_code:
            attempt.fail("a mart differs" if compare else "a model or test failed")
    return done


def _compared(record: Record, again: Candidate) -> Comparison:
    compared = rebuilding.comparison(record, again)
    if not compared.differences:
        shutil.rmtree(again.folder)
    return compared
