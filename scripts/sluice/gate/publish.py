"""Publish and promote: judge a release, put it in place, move the pointer; and what commands on pointers have in common."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sluice.core.errors import RefusedError, SluiceError
from sluice.core.progress import Tell, silent
from sluice.environments import candidates, trail
from sluice.environments.candidates import Found
from sluice.environments.context import Context
from sluice.gate import judge
from sluice.store import moves
from sluice.store.record import FILE
from sluice.store.standalone import look
from sluice.store.store import MovedError, Pointer


@dataclass(frozen=True)
class MoveResult:
    """What a command did: where the environment points now and pointed before; `is_moved` is false where it stood there already.

    `notes` name what dead commands left behind; `seconds` has the durations of the steps.
    """

    action: str
    environment: str
    release_id: str
    from_release_id: str | None
    is_moved: bool
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


def publish(context: Context, name: str | None, environment: str, why: str | None = None, tell: Tell = silent) -> MoveResult:
    """Put a candidate in place and point the environment to it, if the gate is open and nobody else has moved it since.

    Again after a death it goes on where it stopped. Raises RefusedError, with every reason, where it may not be.
    """
    with trail.attempt(context.lake, context.actor, "publish", environment=environment, why=why) as tried:
        context.policy.pointing(environment)
        context.policy.allow(environment, "publish", context.actor)
        with context.store.changing():
            pointer, notes = begin(context, environment)
            chosen = candidates.choose(context, name, pointer)
            tried.release_id, tried.from_release_id = chosen.release_id, pointer.release_id
            if chosen.release_id == pointer.release_id:
                _tidy(context, chosen)
                return _already(tried, pointer, notes)
            seconds: dict[str, float] = {}
            with timed(seconds, "gate"):
                require(_judge(context, chosen, judge.Expected(environment, pointer.release_id)), chosen.release_id)
            with timed(seconds, "place"):
                if chosen.folder is not None:
                    context.store.add(chosen.release_id, chosen.folder, tell)
            with timed(seconds, "pointer"):
                move(context, pointer, tried)
            _tidy(context, chosen)
        return MoveResult("publish", environment, chosen.release_id, pointer.release_id, True, notes, seconds)


def promote(context: Context, source: str, target: str, why: str | None = None) -> MoveResult:
    """Point `target` to the release that `source` points to. The same file; nothing is built and nothing copied."""
    with trail.attempt(context.lake, context.actor, "promote", environment=target, why=why) as tried:
        context.policy.pointing(source)
        allowed = context.policy.pointing(target).promote_from
        context.policy.allow(target, "promote", context.actor)
        if source not in allowed:
            hint = f"allowed: {', '.join(allowed) or 'nothing'}"
            raise RefusedError(f"{target} takes nothing from {source}", where=context.policy.where, hint=hint)
        with context.store.changing():
            pointer, notes = begin(context, target)
            release_id = context.store.pointer(source).release_id
            if release_id is None:
                raise SluiceError(
                    f"{source} points to no release", where=context.store.address, hint=f"publish to {source} first"
                )
            tried.release_id, tried.from_release_id = release_id, pointer.release_id
            if release_id == pointer.release_id:
                return _already(tried, pointer, notes)
            seconds: dict[str, float] = {}
            with timed(seconds, "gate"):
                require(judge_release(context, release_id), release_id)
            with timed(seconds, "pointer"):
                move(context, pointer, tried)
        return MoveResult("promote", target, release_id, pointer.release_id, True, notes, seconds)


def begin(context: Context, environment: str) -> tuple[Pointer, tuple[str, ...]]:
    """Clean up after commands that died, give the trail what they owe it; where the environment points, and what was found."""
    notes = context.store.clean()
    pointer = context.store.pointer(environment)
    # Where the pointer is gone, nobody knows whether the last move was ever done.
    trail.settle(context.lake, environment, pointer.history if pointer.release_id else pointer.history[:-1])
    if pointer.void and pointer.void[-1].from_release_id == pointer.release_id:
        last = pointer.void[-1]
        notes.append(f"a {last.action} of {last.release_id} by {last.actor} at {last.at} died before {environment} moved")
    notes += [
        f"{record.release_id} is in place and was never published; sluice publish {record.release_id}, or sluice prune in time"
        for record in candidates.never_published(context)
        if record.environment == environment
    ]
    return pointer, tuple(notes)


def move(context: Context, pointer: Pointer, tried: trail.Attempt) -> None:
    """Move the pointer to the attempt's release. Raises RefusedError where somebody else has moved it meanwhile."""
    assert tried.release_id is not None
    step = moves.new(tried.action, tried.release_id, pointer.release_id, tried.actor, tried.why)
    try:
        context.store.move(pointer, step)
    except MovedError:
        now = context.store.pointer(pointer.environment)
        by = f" ({now.history[-1].action} by {now.history[-1].actor})" if now.history else ""
        what = f"{pointer.environment} was moved to {now.release_id} by somebody else in the same moment{by}"
        hint = f"look at it: sluice envs; a candidate has to be built again: sluice build --env {pointer.environment}"
        raise RefusedError(what, where=context.store.address, hint=hint) from None
    tried.event_id = step.move_id


def judge_release(context: Context, release_id: str) -> judge.Verdict:
    """The gate's verdict on a release in place, whatever it was built from."""
    return _judge(context, Found(context.store.record(release_id), None), None)


def _judge(context: Context, found: Found, expected: judge.Expected | None) -> judge.Verdict:
    sight = context.store.summary(found.release_id) if found.folder is None else look(found.folder / FILE)
    return judge.judge(found.record, _results(context, found), sight, expected)


def _results(context: Context, found: Found) -> dict[str, Any] | None:
    name = "run_results.json"
    try:
        if found.folder is None:
            text = context.store.text(found.release_id, name)
        else:
            text = (found.folder / name).read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(text)
    except (FileNotFoundError, ValueError):
        return None
    return document


def require(verdict: judge.Verdict, release_id: str) -> None:
    """Pass where the gate is open. Raises RefusedError with every reason where it is not."""
    if not verdict.is_open:
        what = "\n  ".join([f"the gate is closed for {release_id}:", *verdict.reasons])
        hint = "readers keep what they have; the candidate stays for a look until sluice prune"
        raise RefusedError(what, reasons=verdict.reasons, hint=hint)


def _already(tried: trail.Attempt, pointer: Pointer, notes: tuple[str, ...]) -> MoveResult:
    assert pointer.release_id is not None
    tried.detail = "it pointed there already"
    return MoveResult(tried.action, pointer.environment, pointer.release_id, pointer.release_id, False, notes)


def _tidy(context: Context, chosen: Found) -> None:
    if chosen.folder is not None:
        context.store.tidy(chosen.release_id, chosen.folder)


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Add the block's duration."""
    started = time.perf_counter()
    yield
    seconds[step] = round(time.perf_counter() - started, 4)
