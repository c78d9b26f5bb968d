"""Rollback: point an environment to a release that it pointed to before."""

from __future__ import annotations

from sluice.core.errors import RefusedError, SluiceError
from sluice.environments import candidates
from sluice.environments.context import Context
from sluice.gate.publish import MoveResult, carry_out
from sluice.store import moves
from sluice.store.store import Pointer


def rollback(context: Context, environment: str, why: str, to: str | None = None) -> MoveResult:
    """Move the pointer back in one step: to `to`, or to the release before the current one.

    A second rollback goes further back, never forward again; `to` can go forward. If the pointer itself was lost, it is set
    to the release it last pointed to. Raises RefusedError for a release that the environment never pointed to, or that
    the gate does not let through.
    """

    def earlier(pointer: Pointer) -> str:
        release_id = _target(context, pointer, to)
        if release_id == pointer.release_id:
            raise SluiceError(f"{environment} points to {release_id} already", hint="sluice releases lists the others")
        return release_id

    return carry_out(context, "rollback", environment, why, earlier)


def _target(context: Context, pointer: Pointer, to: str | None) -> str:
    there = context.store.releases()
    if to is not None:
        chosen = candidates.match(to, there)
        _must_be_known(context, pointer, chosen)
        return chosen
    before = moves.previous(pointer.history, pointer.release_id)
    others = [one for one in there if one not in (before, pointer.release_id) and _is_known(context, pointer, one)]
    choice = f"choose one: --to {' or '.join(others)}" if others else "build and publish a new one"
    if before is None:
        raise SluiceError(f"{pointer.environment} has no earlier release", where=context.store.address, hint=choice)
    if before not in there:
        raise SluiceError(f"the previous release, {before}, was removed", where=context.store.address, hint=choice)
    try:
        context.store.record(before)
    except SluiceError as error:
        what = f"the previous release, {before}, cannot be used: {error.what}"
        raise SluiceError(what, where=error.where, hint=choice) from error
    return before


def _must_be_known(context: Context, pointer: Pointer, release_id: str) -> None:
    """A rollback must not bypass publish and promote."""
    if not _is_known(context, pointer, release_id):
        what = f"{pointer.environment} never pointed to {release_id}"
        raise RefusedError(what, where=context.store.address, hint="publish or promote it")


def _is_known(context: Context, pointer: Pointer, release_id: str) -> bool:
    """Whether the environment pointed to a release. If its history is lost or damaged, the release's own record counts, too."""
    if any(release_id in (move.release_id, move.from_release_id) for move in pointer.history):
        return True
    if pointer.history and not pointer.damaged:
        return False
    try:
        return context.store.record(release_id).environment == pointer.environment
    except SluiceError:
        return False
