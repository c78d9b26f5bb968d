"""The candidates that exist, what an id means, and which candidate a publish takes."""

from __future__ import annotations

from contextlib import suppress

from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.locks import is_held
from sluice.environments.context import Context
from sluice.environments.pointers import all_of as all_of_pointers
from sluice.store.record import Record, folders, load
from sluice.store.store import Pointer

SHORTEST_PREFIX = 4


def all_of(context: Context) -> list[Record]:
    """The candidates with a valid record, in the order in which their builds began."""
    found = []
    for folder in folders(context.candidates):
        with suppress(SluiceError):
            found.append(load(folder))
    return sorted(found, key=lambda one: one.started_at)


def damaged(context: Context) -> dict[str, str]:
    """What is wrong with the record of each candidate that cannot be used, by its id."""
    found = {}
    for folder in folders(context.candidates):
        try:
            load(folder)
        except SluiceError as error:
            found[folder.name] = error.what
    return found


def never_published(context: Context) -> list[Record]:
    """Releases that no pointer ever named: their publish was interrupted, or lost against another. Invalid ones are left out.

    None of them, if a pointer or its history is damaged: it may have named any.
    """
    store, known = context.store, all_of_pointers(context.store)
    if known.damaged:
        return []
    pointers = known.readable
    named = {move.release_id for pointer in pointers for move in pointer.history} | {one.release_id for one in pointers}
    found = []
    for release_id in store.releases():
        if release_id not in named:
            with suppress(SluiceError):
                found.append(store.record(release_id))
    return found


def choose(context: Context, name: str | None, pointer: Pointer) -> str:
    """The id of the candidate called `name` (an id or a prefix of it) or, without a name, of the newest for the pointer.

    Raises SluiceError if there is none, or a command is working on it.
    """
    chosen = find(context, name) if name and name != "candidate" else _newest(context, pointer)
    folder = context.candidate(chosen)
    if folder is not None and is_held(folder):
        raise SluiceError(f"another command is working on {chosen}", where=str(folder), hint="wait until it has ended")
    return chosen


def find(context: Context, name: str) -> str:
    """The id of the candidate or release that `name` is, or is a prefix of. Raises SluiceError if there is not exactly one."""
    return match(name, ids(context))


def ids(context: Context) -> list[str]:
    """The ids of all candidates and releases."""
    return [*(folder.name for folder in folders(context.candidates)), *context.store.releases()]


def match(name: str, known: list[str]) -> str:
    """The one id that is `name` or begins with it. Raises SluiceError if there is none, or more than one."""
    found = sorted({one for one in known if one == name or (len(name) >= SHORTEST_PREFIX and one.startswith(name))})
    if name in found:
        return name
    if len(found) == 1:
        return found[0]
    what = f"{name} matches more than one: {', '.join(found)}" if found else f"there is no release or candidate {name}"
    raise SluiceError(what, hint=did_you_mean(name, known, "sluice releases lists them; the start of an id is enough"))


def _newest(context: Context, pointer: Pointer) -> str:
    where = pointer.environment
    built = [one for one in all_of(context) if one.built_at]
    mine = [one for one in never_published(context) + built if one.environment == where]
    following = [one for one in mine if one.parent == pointer.release_id]
    if not mine:
        hint = f"run: sluice build --env {where}; then: sluice audit candidate"
        lost = "".join(f"; the record of {name} cannot be used: {why}" for name, why in damaged(context).items())
        raise SluiceError(f"there is no candidate for {where}{lost}", where=str(context.candidates), hint=hint)
    return (following or mine)[-1].release_id
