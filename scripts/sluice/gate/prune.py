"""Prune: what a written policy lets go of. The plan is pure and is shown first; it never has what is in use."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sluice.core.errors import RefusedError, SluiceError
from sluice.core.locks import is_held
from sluice.environments import partial, trail
from sluice.environments.context import Context
from sluice.environments.policy import Environment, Retention
from sluice.store import moves, readers
from sluice.store.record import FILE
from sluice.store.store import Pointer


@dataclass(frozen=True)
class Thing:
    """What could go: a release, a candidate, an environment's file or a cached copy. `held_by` says who uses it."""

    kind: str
    name: str
    at: datetime
    bytes: int = 0
    held_by: str = ""
    expires_after_days: int | None = None


@dataclass(frozen=True)
class Decision:
    """What becomes of a thing, and why."""

    thing: Thing
    is_kept: bool
    why: str


@dataclass(frozen=True)
class Pruned:
    """A plan, and whether it was carried out; `notes` has what could not be removed."""

    decisions: tuple[Decision, ...]
    is_done: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def going(self) -> list[Decision]:
        """What goes."""
        return [one for one in self.decisions if not one.is_kept]


def plan(things: Sequence[Thing], pointers: Sequence[Pointer], policy: Retention, now: datetime) -> tuple[Decision, ...]:
    """Decide on each thing. What is dated in the future counts as new: a clock that jumped removes nothing."""
    needed = _needed(pointers)
    listed = _by_policy(pointers, {thing.name for thing in things if thing.kind == "release"}, policy, now)
    left = _left(pointers)
    return tuple(
        _decide(thing, needed, listed, _lifetime(thing, left, policy), now - max(thing.at, left.get(thing.name, thing.at)))
        for thing in things
    )


def _decide(
    thing: Thing, needed: Mapping[str, str], listed: Mapping[str, str], lifetime: tuple[int | None, str], age: timedelta
) -> Decision:
    if thing.held_by:
        return Decision(thing, True, thing.held_by)
    if thing.kind == "release" and thing.name in needed:
        return Decision(thing, True, needed[thing.name])
    if thing.kind == "release" and thing.name in listed:
        return Decision(thing, True, listed[thing.name])
    if thing.kind == "cache":
        is_kept = thing.name in needed
        return Decision(thing, is_kept, needed.get(thing.name, "a copy that can be fetched again"))
    days, word = lifetime
    if days is None or age < timedelta(days=days):
        return Decision(thing, True, "it does not expire" if days is None else f"{word}, younger than {days} days")
    return Decision(thing, False, f"{word}, {age.days} days old")


def _lifetime(thing: Thing, left: Mapping[str, datetime], policy: Retention) -> tuple[int | None, str]:
    """For how many days it is kept (None: for ever), and what it is in words."""
    if thing.kind == "environment":
        return thing.expires_after_days, "an environment that expires"
    if thing.kind == "candidate":
        return policy.candidate_days, "a candidate"
    if thing.name in left:
        return policy.keep_days, "a release that was left behind"
    return policy.candidate_days, "a release that no environment ever pointed to"


def _needed(pointers: Sequence[Pointer]) -> dict[str, str]:
    """Releases that must stay: what is pointed to, and what a rollback without a name leads to."""
    found: dict[str, str] = {}
    for pointer in pointers:
        before = moves.previous(pointer.history, pointer.release_id)
        if before:
            found[before] = f"{pointer.environment} would roll back to it"
    found |= {pointer.release_id: f"{pointer.environment} points to it" for pointer in pointers if pointer.release_id}
    return found


def _left(pointers: Sequence[Pointer]) -> dict[str, datetime]:
    """When each release that was ever pointed to was last moved away from; of the current one, when it was moved to.

    Somebody may have it open from afar, unseen: its days count from there, not from when it was built.
    """
    found: dict[str, datetime] = {}
    for pointer in pointers:
        nexts = [*pointer.history[1:], *pointer.history[-1:]]
        for move, after in zip(pointer.history, nexts, strict=True):
            found[move.release_id] = max(found.get(move.release_id, _time(after.at)), _time(after.at))
    return found


def _by_policy(pointers: Sequence[Pointer], there: set[str], policy: Retention, now: datetime) -> dict[str, str]:
    """Releases that the policy's numbers keep."""
    found: dict[str, str] = {}
    for pointer in pointers:
        newest_first = list(dict.fromkeys(move.release_id for move in reversed(pointer.history) if move.release_id in there))
        found |= _last_of_weeks(pointer, policy.keep_weeks, now)
        found |= dict.fromkeys(newest_first[: policy.keep_last], f"one of the last {policy.keep_last} of {pointer.environment}")
    return found


def _last_of_weeks(pointer: Pointer, weeks: int, now: datetime) -> dict[str, str]:
    """The release that each of the last weeks (Monday to Sunday, UTC) ended with."""
    monday = (now - timedelta(days=now.weekday())).date()
    found: dict[object, str] = {}
    for move in pointer.history:
        day = datetime.fromisoformat(move.at).date()
        begins = day - timedelta(days=day.weekday())
        if monday - timedelta(weeks=weeks - 1) <= begins <= monday:
            found[begins] = move.release_id
    return {release_id: f"the last of {pointer.environment} in the week of {begins}" for begins, release_id in found.items()}


def prune(context: Context, is_agreed: bool) -> Pruned:
    """Show what would go or, agreed, remove it. The plan is made again while the place is held, so that it is never stale."""
    if not is_agreed:
        return Pruned(_planned(context), False)
    with trail.attempt(context.lake, context.actor, "prune") as tried:
        context.policy.allow_prune(context.actor)
        with context.store.changing():
            notes = context.store.clean()
            decisions = _planned(context)
            done = Pruned(decisions, True, tuple(notes + _carry_out(context, decisions)))
        tried.detail = ", ".join(f"{one.thing.kind} {one.thing.name}" for one in done.going) or "nothing to remove"
        return done


def _planned(context: Context) -> tuple[Decision, ...]:
    pointers = [context.store.pointer(name) for name in context.store.pointers()]
    things = [*_releases(context), *_candidates(context), *_environments(context), *_cached(context)]
    return plan(things, pointers, context.policy.retention, datetime.now(UTC))


def _carry_out(context: Context, decisions: Sequence[Decision]) -> list[str]:
    """Remove what goes; what cannot be removed is reported and stays."""
    notes = []
    for one in decisions:
        if not one.is_kept:
            try:
                _remove(context, one.thing)
            except (SluiceError, OSError) as error:
                notes.append(f"{one.thing.name} was not removed: {error}")
    return notes


def _remove(context: Context, thing: Thing) -> None:
    if thing.kind == "release":
        context.store.remove(thing.name)
    elif thing.kind == "candidate":
        shutil.rmtree(context.candidates / thing.name)
    elif thing.kind == "cache":
        shutil.rmtree(context.warehouse / "cache" / thing.name)
    else:
        _remove_environment(context, context.policy.environment(thing.name), thing.name)


def _releases(context: Context) -> list[Thing]:
    store = context.store
    held = store.holders()
    return [_release(context, release_id, held.get(release_id)) for release_id in store.releases()]


def _release(context: Context, release_id: str, process: int | None) -> Thing:
    try:
        record = context.store.record(release_id)
    except SluiceError as error:
        return Thing("release", release_id, datetime.now(UTC), held_by=f"a person has to look at it: {error.what}")
    size = record.file.bytes if record.file else 0
    return Thing("release", record.release_id, _time(record.built_at or record.started_at), size, _held(process))


def _candidates(context: Context) -> list[Thing]:
    folders = [path for path in context.candidates.glob("[!.]*") if path.is_dir()]
    open_by = readers.holders(folder / FILE for folder in folders)
    return [_candidate(folder, open_by.get(folder / FILE)) for folder in sorted(folders)]


def _candidate(folder: Path, process: int | None) -> Thing:
    held = "somebody works on it" if is_held(folder) else _held(process)
    return Thing("candidate", folder.name, _modified(folder), weigh(folder), held)


def _environments(context: Context) -> list[Thing]:
    """The members of families, such as pr-12, also those of which a build that was broken off left no file."""
    found = []
    for family in (one for one in context.policy.environments if one.is_family):
        prefix = family.name[:-2]
        members = {path.name.split(".")[0] for path in (context.warehouse / prefix).glob("[!.]*")}
        members |= {path.name.removeprefix(f"{prefix}-") for path in (context.warehouse / ".workshop").glob(f"{prefix}-*")}
        for name in sorted(f"{prefix}-{member}" for member in members):
            paths = [path for path in _paths(context, family, name) if path.exists()]
            size = sum(weigh(path) if path.is_dir() else path.stat().st_size for path in paths)
            held = _user(context, family, name)
            found.append(Thing("environment", name, _modified(paths[0]), size, held, family.expires_after_days))
    return found


def _paths(context: Context, environment: Environment, name: str) -> tuple[Path, Path, Path]:
    """An environment's file, the folder of its artifacts, and where it is built."""
    file = environment.file(name, context.warehouse)
    return file, file.with_suffix(""), partial.workshop(context.warehouse, name)


def _user(context: Context, environment: Environment, name: str) -> str:
    """Who uses an environment's file: who builds it, or has it open."""
    file, _, workshop = _paths(context, environment, name)
    return "somebody builds it" if is_held(workshop) else _held(readers.holders([file]).get(file))


def _remove_environment(context: Context, environment: Environment, name: str) -> None:
    """Remove it, and what is left of building it."""
    file, _, workshop = _paths(context, environment, name)
    partial.remove(file)
    shutil.rmtree(workshop, ignore_errors=True)


def _cached(context: Context) -> list[Thing]:
    folders = [path for path in (context.warehouse / "cache").glob("[!.]*") if path.is_dir()]
    open_by = readers.holders(folder / FILE for folder in folders)
    return [Thing("cache", path.name, _modified(path), weigh(path), _held(open_by.get(path / FILE))) for path in sorted(folders)]


def weigh(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _held(process: int | None) -> str:
    return "" if process is None else f"process {process} has it open" if process > 0 else "another process has it open"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def drop(context: Context, name: str) -> bool:
    """Remove an environment that is a file, such as pr-12; False where it was not there. Refuses while somebody has it open."""
    with trail.attempt(context.lake, context.actor, "drop", environment=name) as tried:
        environment = context.policy.environment(name)
        if environment.kind != "file":
            raise RefusedError(f"{name} points to releases and is never dropped", where=context.policy.where)
        context.policy.allow(name, "drop", context.actor)
        paths = _paths(context, environment, name)
        if not any(path.exists() for path in paths):
            tried.detail = "it was not there"
            return False
        if user := _user(context, environment, name):
            raise RefusedError(f"{user}: {name}", where=str(paths[0]), hint="end it, then drop it again")
        _remove_environment(context, environment, name)
        return True
