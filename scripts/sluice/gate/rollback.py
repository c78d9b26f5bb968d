"""Rollback: point an environment to a release that it pointed to before."""

from __future__ import annotations

from sluice.core.errors import RefusedError, SluiceError
from sluice.environments import candidates, trail
from sluice.environments.context import Context
from sluice.gate.publish import MoveResult, begin, judge_release, move, require, timed
from sluice.store import moves
from sluice.store.store import Pointer


def rollback(context: Context, environment: str, why: str, to: str | None = None) -> MoveResult:
    """Move the pointer back in one step: to `to`, or to the release before this one.

    A second rollback goes further back, never forward again; forward leads `to`. Where the pointer itself was lost, the
    release is the one it last stood on. Raises RefusedError for a release that the environment never pointed to, or that
    the gate would not let through.
    """
    with trail.attempt(context.lake, context.actor, "rollback", environment=environment, why=why) as tried:
        context.policy.pointing(environment)
        context.policy.allow(environment, "rollback", context.actor)
        with context.store.changing():
            pointer, notes = begin(context, environment)
            tried.from_release_id = pointer.release_id
            release_id = tried.release_id = _target(context, pointer, to)
            if release_id == pointer.release_id:
                raise SluiceError(
                    f"{environment} points to {release_id} already", hint="sluice releases shows what else there is"
                )
            seconds: dict[str, float] = {}
            with timed(seconds, "gate"):
                require(judge_release(context, release_id), release_id)
            with timed(seconds, "pointer"):
                move(context, pointer, tried)
        return MoveResult("rollback", environment, release_id, pointer.release_id, True, notes, seconds)


def _target(context: Context, pointer: Pointer, to: str | None) -> str:
    there = context.store.releases()
    if to is not None:
        chosen = candidates.match(to, there)
        _must_be_known(context, pointer, chosen)
        return chosen
    before = moves.previous(pointer.history, pointer.release_id)
    stood = {move.release_id for move in pointer.history} & set(there) - {pointer.release_id}
    choice = f"choose: --to {' or '.join(sorted(stood))}" if stood else "build and publish a new one"
    if before is None:
        raise SluiceError(f"{pointer.environment} has pointed to nothing before", where=context.store.address, hint=choice)
    if before not in there:
        raise SluiceError(f"the release before, {before}, was removed", where=context.store.address, hint=choice)
    return before


def _must_be_known(context: Context, pointer: Pointer, release_id: str) -> None:
    """A rollback is no way around publish and promote. Where the history itself was lost, the release's own record counts."""
    where = pointer.environment
    if release_id in {move.release_id for move in pointer.history}:
        return
    if not pointer.history and context.store.record(release_id).environment == where:
        return
    raise RefusedError(f"{where} never pointed to {release_id}", where=context.store.address, hint="publish or promote it")
