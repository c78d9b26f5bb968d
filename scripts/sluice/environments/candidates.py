"""Candidates that are there, and which one a publish means."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.locks import is_held
from sluice.environments.context import Context
from sluice.store.record import NAME, Record, load
from sluice.store.store import Pointer

SHORTEST_PREFIX = 4


@dataclass(frozen=True)
class Found:
    """What may be published: a candidate's folder, or a release that is in place already (`folder` is None)."""

    record: Record
    folder: Path | None

    @property
    def release_id(self) -> str:
        """Its id, the same as candidate and as release."""
        return self.record.release_id


def all_of(context: Context) -> list[Found]:
    """The candidates with a record that can be read, the one that was begun first coming first."""
    found = []
    for path in context.candidates.glob(f"[!.]*/{NAME}"):
        with suppress(SluiceError):
            found.append(Found(load(path.parent), path.parent))
    return sorted(found, key=lambda one: one.record.started_at)


def never_published(context: Context) -> list[Record]:
    """Releases in place that no pointer ever stood on: their publish died, or lost against another. Broken ones are left out."""
    store = context.store
    named = {move.release_id for name in store.pointers() for move in store.pointer(name).history}
    named |= {store.pointer(name).release_id or "" for name in store.pointers()}
    found = []
    for release_id in store.releases():
        if release_id not in named:
            with suppress(SluiceError):
                found.append(store.record(release_id))
    return found


def choose(context: Context, name: str | None, pointer: Pointer) -> Found:
    """The candidate called `name` (an id or its first letters) or, without a name, the newest that follows the pointer.

    Raises SluiceError where there is none, or somebody works on it.
    """
    chosen = _named(context, name) if name and name != "candidate" else _newest(context, pointer)
    if chosen.folder is not None and is_held(chosen.folder):
        raise SluiceError(
            f"{chosen.release_id} is still being worked on", where=str(chosen.folder), hint="wait until that has ended"
        )
    return chosen


def _named(context: Context, name: str) -> Found:
    candidates = {path.parent.name: path.parent for path in context.candidates.glob(f"[!.]*/{NAME}")}
    chosen = match(name, [*candidates, *context.store.releases()])
    if chosen in candidates:
        return Found(load(candidates[chosen]), candidates[chosen])
    return Found(context.store.record(chosen), None)


def match(name: str, ids: list[str]) -> str:
    """The one id that is `name` or begins with it. Raises SluiceError where there is none, or more than one."""
    found = sorted({one for one in ids if one == name or (len(name) >= SHORTEST_PREFIX and one.startswith(name))})
    if name in found:
        return name
    if len(found) == 1:
        return found[0]
    what = f"{name} names more than one: {', '.join(found)}" if found else f"there is no release or candidate {name}"
    raise SluiceError(what, hint=did_you_mean(name, ids, "sluice releases lists them; the start of an id is enough"))


def _newest(context: Context, pointer: Pointer) -> Found:
    where = pointer.environment
    mine = [one for one in all_of(context) if one.record.environment == where and one.record.built_at]
    mine = [Found(record, None) for record in never_published(context) if record.environment == where] + mine
    following = [one for one in mine if one.record.parent == pointer.release_id]
    if not mine:
        hint = f"run: sluice build --env {where}; then: sluice audit candidate"
        raise SluiceError(f"there is no candidate for {where}", where=str(context.candidates), hint=hint)
    return (following or mine)[-1]
