"""When, by whom and from what an environment that is a file was built, such as dev or pr-12: <warehouse>/.built/<name>.json.

A release says that in its record. What is kept here is for people: where it is missing or damaged, nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sluice.core.text import ago, plural
from sluice.store.moves import moment
from sluice.store.record import Code, Record


@dataclass(frozen=True, kw_only=True)
class Built:
    """A build: of which commit (`is_dirty`: with uncommitted changes), on which release, at which versions of the lake.

    `selected` is dbt's selection, if only a part was built; `has_changed` says that the file was written to since, by dbt
    itself or another program.
    """

    built_at: str
    built_by: str
    commit: str | None
    is_dirty: bool
    base: str | None = None
    lake: Mapping[str, int] = field(default_factory=dict)
    selected: tuple[str, ...] = ()
    is_good: bool = True
    has_changed: bool = False


@dataclass(frozen=True)
class _Kept:
    """The file that it was, by its size and the time of its last change."""

    bytes: int
    modified: int
    built: Built


def begun(actor: str, code: Code, **more: Any) -> Built:
    """A build that begins now."""
    return Built(built_at=moment(), built_by=actor, commit=code.commit, is_dirty=code.is_dirty, **more)


def of_record(record: Record) -> Built | None:
    """The same of a release; None until its build has ended."""
    if record.built_at is None:
        return None
    code = record.code
    return Built(
        built_at=record.built_at,
        built_by=record.built_by,
        commit=code.commit,
        is_dirty=code.is_dirty,
        base=record.parent,
        lake=dict(record.lake),
    )


def place(warehouse: Path, environment: str) -> Path:
    """Where it is kept."""
    return warehouse / ".built" / f"{environment}.json"


def keep(begun: Built, warehouse: Path, environment: str, file: Path, *, is_good: bool) -> None:
    """Write it down for an environment's file at the end of its build. No build fails because that cannot be done."""
    path = place(warehouse, environment)
    with suppress(OSError):
        found = file.stat()
        kept = _Kept(found.st_size, found.st_mtime_ns, replace(begun, built_at=moment(), is_good=is_good))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(kept), indent=1) + "\n", encoding="utf-8")


def read(warehouse: Path, environment: str, file: Path) -> Built | None:
    """What is known of an environment's file; None where nothing is."""
    try:
        kept = TypeAdapter(_Kept).validate_json(place(warehouse, environment).read_bytes())
        found = file.stat()
    except (OSError, ValidationError):
        return None
    is_the_same = (kept.bytes, kept.modified) == (found.st_size, found.st_mtime_ns)
    return replace(kept.built, has_changed=not is_the_same)


def as_text(built: Built, now: datetime) -> str:
    """`built 2 h ago by user:eve from 0123abc, on release ..., from 14 tables of the lake`."""
    code = f"{built.commit[:7]}{' with uncommitted changes' if built.is_dirty else ''}" if built.commit else "code in no commit"
    text = f"built {ago(built.built_at, now)} ago by {built.built_by} from {code}"
    text += f", on {built.base}" if built.base else ""
    text += f", from {plural(len(built.lake), 'table')} of the lake" if built.lake else ""
    text += f", of it only {' '.join(built.selected)}: the rest is older" if built.selected else ""
    text += "" if built.is_good else ", with failures"
    return text + ("; written to since then" if built.has_changed else "")
