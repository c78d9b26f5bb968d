"""Publish and promote: judge a release, put it into the store, move the pointer; and what all moves of a pointer share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.core.errors import RefusedError, SluiceError
from sluice.core.progress import Tell, silent
from sluice.environments import candidates, trail
from sluice.environments.context import Context
from sluice.environments.pointers import all_of
from sluice.gate import judge
from sluice.store import digest, models, moves
from sluice.store.record import FILE, WORK, Record, load
from sluice.store.standalone import look
from sluice.store.store import FileSummary, MovedError, Pointer


@dataclass(frozen=True)
class MoveResult:
    """Where the environment points now and pointed before; `is_moved` is false if it pointed there already.

    `notes` name what interrupted commands left behind, and how many checks of the audit had nothing to look at;
    `seconds` has the durations of the steps.
    """

    action: str
    environment: str
    release_id: str
    from_release_id: str | None
    is_moved: bool
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


def publish(context: Context, name: str | None, environment: str, why: str | None = None, tell: Tell = silent) -> MoveResult:
    """Put a candidate into the store and point the environment to it, if the gate is open and nobody has moved it since.

    After an interruption it can be run again. Raises RefusedError, with every reason, if it may not be published.
    """
    return carry_out(context, "publish", environment, why, lambda pointer: candidates.choose(context, name, pointer), tell=tell)


def promote(context: Context, source: str, target: str, why: str | None = None, *, reviewed: str | None = None) -> MoveResult:
    """Point `target` to the release that `source` points to. The same file; nothing is built and nothing copied.

    Raises RefusedError where that is not the release that was `reviewed`, if one is given.
    """

    def release_of_source(_: Pointer) -> str:
        release_id = context.store.pointer(source).release_id
        if release_id is None:
            raise SluiceError(f"{source} points to no release", where=context.store.address, hint=f"publish to {source} first")
        if reviewed and candidates.match(reviewed, context.store.releases()) != release_id:
            what = f"{source} points to {release_id} now, and not to {reviewed}, which was to be promoted"
            hint = f"review it: sluice diff {target} {source}; then promote it without --release, or with its own id"
            raise RefusedError(what, where=context.store.address, hint=hint)
        return release_id

    return carry_out(context, "promote", target, why, release_of_source, source=source)


def carry_out(
    context: Context,
    action: str,
    environment: str,
    why: str | None,
    choose: Callable[[Pointer], str],
    *,
    source: str | None = None,
    tell: Tell = silent,
) -> MoveResult:
    """Move an environment's pointer to the release that `choose` names, through policy and gate; the attempt is in the trail."""
    with trail.attempt(context.lake, context.actor, action, environment=environment, why=why) as tried:
        context.policy.allow_move(environment, action, context.actor, source)
        with context.store.changing():
            pointer, notes = begin(context, environment)
            if action == "publish":
                notes += tuple(f"the candidate {name} is passed over: {why}" for name, why in candidates.damaged(context).items())
            tried.from_release_id = pointer.release_id
            tried.release_id = release_id = choose(pointer)
            # A candidate is published from its folder; whatever else moves a pointer takes the release in the store.
            folder = context.candidate(release_id) if action == "publish" else None
            is_moved = release_id != pointer.release_id
            seconds = _moved(context, pointer, tried, folder, tell) if is_moved else {}
            notes += _not_run(context, release_id) if is_moved else ()
            if folder is not None:
                context.store.tidy(release_id, folder)
        if not is_moved:
            tried.detail = "it pointed there already"
        return MoveResult(action, environment, release_id, pointer.release_id, is_moved, notes, seconds)


def _not_run(context: Context, release_id: str) -> tuple[str, ...]:
    """What to say about checks of the release's audit that had nothing to look at."""
    audit = context.store.record(release_id).audit
    if audit is None or not audit.not_run:
        return ()
    return (f"{audit.not_run} of {audit.checks} checks did not run, because they had nothing to look at; see: sluice audit",)


def begin(context: Context, environment: str) -> tuple[Pointer, tuple[str, ...]]:
    """Clean up after interrupted commands and complete the trail; where the environment points, and what was found."""
    notes = context.store.clean()
    pointer = context.store.pointer(environment)
    notes += pointer.damaged
    # If the pointer is gone, it is unknown whether the last move took effect.
    trail.settle(context.lake, environment, pointer.history if pointer.release_id else pointer.history[:-1])
    if pointer.void and pointer.void[-1].from_release_id == pointer.release_id:
        last = pointer.void[-1]
        notes.append(
            f"a {last.action} of {last.release_id} by {last.actor} at {last.at} was interrupted before {environment} moved"
        )
    notes += [
        f"{record.release_id} is in the store and was never published: run sluice publish {record.release_id}, or sluice prune"
        for record in candidates.never_published(context)
        if record.environment == environment
    ]
    return pointer, tuple(notes)


def _moved(context: Context, pointer: Pointer, tried: trail.Attempt, folder: Path | None, tell: Tell) -> dict[str, float]:
    """Judge the attempt's release, put it into the store, move the pointer; the seconds of each step."""
    release_id, seconds = str(tried.release_id), dict[str, float]()
    with _timed(seconds, "gate"):
        expected = judge.Expected(pointer.environment, pointer.release_id) if tried.action == "publish" else None
        _require(_judged(context, release_id, folder, expected), release_id)
    with _timed(seconds, "place"):
        if folder is not None:
            context.store.add(release_id, folder, tell)
        _let_read(context, pointer.environment, release_id)
    with _timed(seconds, "pointer"):
        move(context, pointer, tried)
    return seconds


def _let_read(context: Context, environment: str, release_id: str) -> None:
    """Let those read a release that environments.yml names as readers; where another environment has it, its readers too."""
    readers = context.policy.environment(environment).readers
    if readers:
        is_shared = any(one.release_id == release_id for one in all_of(context.store).readable)
        context.store.let_read(release_id, readers, only=not is_shared)


def move(context: Context, pointer: Pointer, tried: trail.Attempt) -> None:
    """Move the pointer to the attempt's release. Raises RefusedError if another command has moved it meanwhile."""
    step = moves.new(tried.action, str(tried.release_id), pointer.release_id, tried.actor, tried.why)
    try:
        context.store.move(pointer, step)
    except MovedError:
        now = context.store.pointer(pointer.environment)
        by = f" ({now.history[-1].action} by {now.history[-1].actor})" if now.history else ""
        what = f"another command moved {pointer.environment} to {now.release_id} at the same moment{by}"
        hint = f"see: sluice envs; a candidate has to be built again: sluice build --env {pointer.environment}"
        raise RefusedError(what, where=context.store.address, hint=hint) from None
    tried.event_id = step.move_id


def _judged(context: Context, release_id: str, folder: Path | None, expected: judge.Expected | None) -> judge.Verdict:
    if folder is None:
        record, summary = context.store.record(release_id), context.store.summary(release_id)
    else:
        record = load(folder)
        summary = _summary(record, folder)
    return judge.judge(record, _results(context, release_id, folder), summary, expected)


def _summary(record: Record, folder: Path) -> FileSummary:
    """The summary of a candidate's file. All its bytes are compared with what was built first: a changed file is not opened."""
    files = [(folder / FILE, record.file), (folder / WORK, record.work)]
    known = [(file, made) for file, made in files if made and made.sha256 and file.is_file()]
    changed = tuple(file.name for file, made in known if made.sha256 != digest.of_file(file)) + models.changed(record, folder)
    if not (folder / FILE).is_file():  # dbt did not build all of it
        return FileSummary(0, changed=changed)
    return FileSummary((folder / FILE).stat().st_size, changed=changed) if changed else look(folder / FILE)


def _results(context: Context, release_id: str, folder: Path | None) -> dict[str, Any] | None:
    name = "run_results.json"
    try:
        text = context.store.text(release_id, name) if folder is None else (folder / name).read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(text)
    except (FileNotFoundError, ValueError):
        return None
    return document


def _require(verdict: judge.Verdict, release_id: str) -> None:
    if not verdict.is_open:
        what = "\n  ".join([f"the gate is closed for {release_id}:", *verdict.reasons])
        hint = "nothing changed for readers; the candidate is kept until sluice prune removes it"
        raise RefusedError(what, reasons=verdict.reasons, hint=hint)


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = round(time.perf_counter() - started, 4)
