"""Prune: what the policy no longer keeps. The plan is pure and is shown first; it never includes what is in use."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deltalake.exceptions import DeltaError

from sluice.core.errors import RefusedError, SluiceError
from sluice.core.locks import is_held
from sluice.environments import origin, partial, pointers, trail
from sluice.environments.context import Context
from sluice.environments.policy import Retention
from sluice.gate import superseded
from sluice.store import moves, readers
from sluice.store.record import FILE, WORK
from sluice.store.store import Pointer


@dataclass(frozen=True)
class Thing:
    """What prune may remove: a release, its work file, a candidate, an environment's file or a cached copy.

    `held_by` says who uses it.
    """

    kind: str
    name: str
    at: datetime
    bytes: int = 0
    held_by: str = ""
    expires_after_days: int | None = None


@dataclass(frozen=True)
class Decision:
    """Whether a thing is kept, and why."""

    thing: Thing
    is_kept: bool
    why: str


@dataclass(frozen=True)
class Pruned:
    """A plan, and whether it was carried out; `notes` name what could not be removed."""

    decisions: tuple[Decision, ...]
    is_done: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def going(self) -> list[Decision]:
        """What is removed."""
        return [one for one in self.decisions if not one.is_kept]


def plan(things: Sequence[Thing], pointers: Sequence[Pointer], policy: Retention, now: datetime) -> tuple[Decision, ...]:
    """Decide on each thing. A date in the future counts as new: a clock that jumped removes nothing."""
    needed, left = _needed(pointers), _left(pointers)
    by_policy = _by_policy(pointers, {thing.name for thing in things if thing.kind == "release"}, policy, now)
    reasons = {"release": by_policy | needed, "work": _works(pointers, policy.keep_work) | _current(pointers), "cache": needed}
    return tuple(_decision(thing, reasons.get(thing.kind, {}), left, policy, now) for thing in things)


def _decision(
    thing: Thing, reasons: Mapping[str, str], left: Mapping[str, datetime], policy: Retention, now: datetime
) -> Decision:
    why = thing.held_by or reasons.get(thing.name)
    if why:
        return Decision(thing, True, why)
    if thing.kind == "files":
        return Decision(thing, False, "files that compaction replaced a week ago, and no release reads")
    if thing.kind == "cache":
        return Decision(thing, False, "a copy that can be fetched again")
    if thing.kind == "work":
        is_new = thing.name not in left
        return Decision(thing, is_new, "no environment has pointed to its release yet" if is_new else "no build starts from it")
    days, what = _lifetime(thing, left, policy)
    age = now - max(thing.at, left.get(thing.name, thing.at))
    if days is None:
        return Decision(thing, True, "it does not expire")
    is_young = age < timedelta(days=days)
    return Decision(thing, is_young, f"{what}, younger than {days} days" if is_young else f"{what}, {age.days} days old")


def _lifetime(thing: Thing, left: Mapping[str, datetime], policy: Retention) -> tuple[int | None, str]:
    """For how many days it is kept (None: forever), and what it is in words."""
    if thing.kind == "environment":
        return thing.expires_after_days, "an environment that expires"
    if thing.kind == "candidate":
        return policy.candidate_days, "a candidate"
    if thing.name in left:
        return policy.keep_days, "a release that an environment left"
    return policy.candidate_days, "a release that no environment ever pointed to"


def _needed(pointers: Sequence[Pointer]) -> dict[str, str]:
    """Releases that an environment points to, or that a rollback without a release leads to."""
    found: dict[str, str] = {}
    for pointer in pointers:
        before = moves.previous(pointer.history, pointer.release_id)
        if before:
            found[before] = f"{pointer.environment} would roll back to it"
    return found | _current(pointers)


def _current(pointers: Sequence[Pointer]) -> dict[str, str]:
    return {pointer.release_id: f"{pointer.environment} points to it" for pointer in pointers if pointer.release_id}


def _works(pointers: Sequence[Pointer], number: int) -> dict[str, str]:
    """Releases from whose work files the next build may start: the current one, then those that rollbacks lead to."""
    found: dict[str, str] = {}
    for pointer in pointers:
        newest = [*reversed(moves.stack(pointer.history))][:number]
        found |= dict.fromkeys(newest, f"a build may start from it after a rollback of {pointer.environment}")
    return found


def _left(pointers: Sequence[Pointer]) -> dict[str, datetime]:
    """When a pointer last left each release that it ever named; for the current one, when it came to it.

    Another machine may still have it open, unseen: its days count from then, not from when it was built.
    """
    found: dict[str, datetime] = {}
    for pointer in pointers:
        nexts = [*pointer.history[1:], *pointer.history[-1:]]
        for move, after in zip(pointer.history, nexts, strict=True):
            found[move.release_id] = max(found.get(move.release_id, _time(after.at)), _time(after.at))
            if before := move.from_release_id:  # the move that led there may be lost
                found[before] = max(found.get(before, _time(move.at)), _time(move.at))
    return found


def _by_policy(pointers: Sequence[Pointer], there: set[str], policy: Retention, now: datetime) -> dict[str, str]:
    """Releases that the numbers of the policy keep."""
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
    """Show what would be removed or, if agreed, remove it; for that the plan is made again while the store is held."""
    if not is_agreed:
        return Pruned(_planned(context), False, pointers.all_of(context.store).damaged)
    with trail.attempt(context.lake, context.actor, "prune") as tried:
        context.policy.allow_prune(context.actor)
        with context.store.changing():
            notes = [*context.store.clean(), *pointers.all_of(context.store).damaged]
            decisions = _planned(context)
            done = Pruned(decisions, True, tuple(notes + _remove_all(context, decisions)))
        tried.detail = ", ".join(f"{one.thing.kind} {one.thing.name}" for one in done.going) or "nothing to remove"
        return done


def _planned(context: Context) -> tuple[Decision, ...]:
    known, releases = pointers.all_of(context.store), _releases(context)
    kept = [*releases, *_works_of(releases, context)]
    if known.damaged:
        why = "a pointer or its history is damaged, and may need it"
        kept = [replace(one, held_by=one.held_by or why) for one in kept]
    things = [*kept, *_folders("candidate", context.candidates)]
    things += [*_environments(context), *_folders("cache", context.warehouse / "cache")]
    things += [Thing("files", name, datetime.now(UTC), size, why) for name, size, why in superseded.found(context)]
    return plan(things, known.readable, context.policy.retention, datetime.now(UTC))


def _remove_all(context: Context, decisions: Sequence[Decision]) -> list[str]:
    """Remove what is not kept; give a note for each thing that could not be removed."""
    notes = []
    for one in decisions:
        if not one.is_kept:
            try:
                _remove(context, one.thing)
            except (SluiceError, DeltaError, OSError) as error:
                notes.append(f"{one.thing.name} was not removed: {error}")
    return notes


def _remove(context: Context, thing: Thing) -> None:
    if thing.kind == "release":
        context.store.remove(thing.name)
    elif thing.kind == "work":
        context.store.remove_work(thing.name)
    elif thing.kind == "files":
        superseded.remove(context, thing.name)
    elif thing.kind == "environment":
        _remove_environment(context, thing.name)
    else:
        root = context.candidates if thing.kind == "candidate" else context.warehouse / "cache"
        shutil.rmtree(root / thing.name)


def _releases(context: Context) -> list[Thing]:
    open_by = context.store.holders()
    return [_release(context, release_id, open_by.get(release_id)) for release_id in context.store.releases()]


def _release(context: Context, release_id: str, process: int | None) -> Thing:
    try:
        record = context.store.record(release_id)
    except SluiceError as error:
        return Thing("release", release_id, datetime.now(UTC), held_by=f"its record has to be looked at: {error.what}")
    size = record.file.bytes if record.file else 0
    return Thing("release", record.release_id, _time(record.built_at or record.started_at), size, _held(process))


def _works_of(releases: Sequence[Thing], context: Context) -> list[Thing]:
    sizes, open_by = context.store.works(), context.store.holders(WORK)
    return [
        replace(one, kind="work", bytes=sizes[one.name], held_by=_held(open_by.get(one.name)))
        for one in releases
        if one.name in sizes
    ]


def _folders(kind: str, root: Path) -> list[Thing]:
    """Candidates, or cached copies."""
    folders = sorted(path for path in root.glob("[!.]*") if path.is_dir())
    open_by = readers.holders(folder / FILE for folder in folders)
    return [_folder(kind, folder, open_by.get(folder / FILE)) for folder in folders]


def _folder(kind: str, path: Path, process: int | None) -> Thing:
    try:
        return Thing(kind, path.name, _modified(path), weigh(path), _held(process, path))
    except PermissionError as error:
        return Thing(kind, path.name, _modified(path), held_by=f"this user may not look into it: {error.strerror}")


def _environments(context: Context) -> list[Thing]:
    """The members of families, such as pr-12, also those whose build was interrupted and left no file."""
    found = []
    for family in (one for one in context.policy.environments if one.is_family):
        prefix = family.name[:-2]
        members = {path.name.split(".")[0] for path in (context.warehouse / prefix).glob("[!.]*")}
        members |= {path.name.removeprefix(f"{prefix}-") for path in partial.workspace(context.warehouse, "").glob(f"{prefix}-*")}
        for name in sorted(f"{prefix}-{member}" for member in members):
            paths = _paths(context, name)
            there = [path for path in paths if path.exists()]
            size = sum(weigh(path) if path.is_dir() else path.stat().st_size for path in there)
            found.append(Thing("environment", name, _modified(there[0]), size, _user(paths), family.expires_after_days))
    return found


def _paths(context: Context, name: str) -> tuple[Path, Path, Path]:
    """An environment's file, the folder of its artifacts, and the folder in which it is built."""
    file = context.policy.environment(name).file(name, context.warehouse)
    return file, file.with_suffix(""), partial.workspace(context.warehouse, name)


def _user(paths: tuple[Path, Path, Path]) -> str:
    """Who uses an environment's file."""
    file, _, workspace = paths
    return "another command is building it" if is_held(workspace) else _held(readers.holders([file]).get(file))


def _remove_environment(context: Context, name: str) -> None:
    file, _, workspace = _paths(context, name)
    partial.remove(file)
    origin.place(context.warehouse, name).unlink(missing_ok=True)
    shutil.rmtree(workspace, ignore_errors=True)


def weigh(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _held(process: int | None, folder: Path | None = None) -> str:
    if folder is not None and is_held(folder):
        return "another command is working on it"
    return "" if process is None else f"process {process} has it open" if process > 0 else "another process has it open"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def drop(context: Context, name: str) -> bool:
    """Remove an environment that is a file, such as pr-12; False if it did not exist. Refused while a process has it open."""
    with trail.attempt(context.lake, context.actor, "drop", environment=name) as tried:
        if context.policy.environment(name).kind != "file":
            raise RefusedError(f"{name} points to releases and cannot be dropped", where=context.policy.where)
        context.policy.allow(name, "drop", context.actor)
        paths = _paths(context, name)
        if not any(path.exists() for path in paths):
            tried.detail = "it did not exist"
            return False
        if user := _user(paths):
            raise RefusedError(f"{user}: {name}", where=str(paths[0]), hint="end it, then drop it again")
        _remove_environment(context, name)
        return True
