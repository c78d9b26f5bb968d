"""What each release of an environment changed against the one that readers had before, from the records of releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sluice.core.errors import SluiceError
from sluice.site.context import Site
from sluice.store.moves import Move, stack
from sluice.store.record import Record

MOST = 60  # moves of an environment


@dataclass(frozen=True)
class Change:
    """A relation before and after: `before` or `after` is None where it was not there. `columns` says what became of them."""

    relation: str
    before: int | None
    after: int | None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A move, the release's record, what changed in the data, and the commits that it brought.

    `changes` is None where the record of one of the two has gone, and `unchanged` counts the relations that are the same.
    """

    move: Move
    record: Record | None
    changes: tuple[Change, ...] | None
    unchanged: int
    commits: tuple[Mapping[str, Any], ...]

    @property
    def at(self) -> datetime:
        """When readers got it."""
        return datetime.fromisoformat(self.move.at)


@dataclass(frozen=True)
class Trail:
    """An environment: its moves, the newest first, and the releases that rollbacks lead to, the next first."""

    environment: str
    current: str | None
    steps: tuple[Step, ...]
    back: tuple[str, ...]


def read(site: Site) -> list[Trail]:
    """Every environment that points, that of the site first. An environment that cannot be read is left out."""
    names = [one.name for one in site.context.policy.environments if one.kind == "pointer"]
    names.sort(key=lambda name: name != site.environment)
    found = []
    for name in names:
        try:
            pointer = site.context.store.pointer(name)
        except SluiceError:  # the page Today says so
            continue
        if pointer.history:
            found.append(_trail(site, name, pointer.release_id, pointer.history))
    return found


def _trail(site: Site, name: str, current: str | None, history: Sequence[Move]) -> Trail:
    kept = set(site.context.store.releases())
    records: dict[str, Record | None] = {}
    for move in history[-MOST:]:
        for release_id in (move.release_id, move.from_release_id):
            if release_id and release_id not in records:
                records[release_id] = _record(site, release_id) if release_id in kept else None
    steps = [_step(site, name, move, records) for move in reversed(history[-MOST:])]
    back = [release_id for release_id in reversed(stack(history)) if release_id != current and release_id in kept]
    return Trail(name, current, tuple(steps), tuple(back))


def _record(site: Site, release_id: str) -> Record | None:
    try:
        return site.context.store.record(release_id)
    except SluiceError:
        return None


def _step(site: Site, environment: str, move: Move, records: Mapping[str, Record | None]) -> Step:
    record = records.get(move.release_id)
    before = records.get(move.from_release_id) if move.from_release_id else None
    commits = site.rows(
        "from commits where environment = ? and release_id = ? order by committed_at desc", [environment, move.release_id]
    )
    changes, same = compared(before, record) if before and record else (None, 0)
    return Step(move, record, changes, same, tuple(commits))


def compared(before: Record, after: Record) -> tuple[tuple[Change, ...], int]:
    """The relations that differ, and how many are the same: by the digest of their content, which counts no order of rows."""
    found, same = [], 0
    for name in sorted(set(before.relations) | set(after.relations)):
        old, new = before.relations.get(name), after.relations.get(name)
        if old and new and old.digest == new.digest and before.digest_version == after.digest_version:
            same += 1
            continue
        columns = _columns(dict(old.columns), dict(new.columns)) if old and new else ()
        found.append(Change(name, old.rows if old else None, new.rows if new else None, columns))
    return tuple(found), same


def _columns(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    added = [f"+ {name} ({kind.lower()})" for name, kind in after.items() if name not in before]
    removed = [f"- {name}" for name in before if name not in after]
    retyped = [
        f"{name} is {after[name].lower()}, was {kind.lower()}"
        for name, kind in before.items()
        if name in after and after[name] != kind
    ]
    return (*removed, *added, *retyped)
