"""What the store of releases, the sources' YAML and the disk say. Nothing is locked, and no file is written."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sluice.core.yaml_model import read
from sluice.environments.context import Context
from sluice.environments.resolve import locate
from sluice.metrics.sample import Row
from sluice.quarantine import catalog, mart
from sluice.store.record import Record
from sluice.store.store import Pointer

_PERIODS = {"minute": 60, "hour": 3600, "day": 86400}


def releases(context: Context, pointers: Mapping[str, Pointer]) -> list[Row]:
    """The current release of each environment. Raises SluiceError where the record of one cannot be read."""
    return [_release(pointer, record) for pointer, record in _current(context, pointers)]


def _release(pointer: Pointer, record: Record) -> Row:
    moved = pointer.history[-1].at if pointer.history and pointer.history[-1].release_id == pointer.release_id else None
    return {
        "environment": pointer.environment,
        "built_at": _seconds(record.built_at),
        "moved_at": _seconds(moved),
        "bytes": record.file.bytes if record.file else None,
        "acknowledged": len(record.acknowledged),
    }


def release_info(context: Context, pointers: Mapping[str, Pointer]) -> list[Row]:
    """The ids of the current releases and their code."""
    return [
        {"environment": one.environment, "release_id": record.release_id, "commit": record.code.commit or "", "one": 1}
        for one, record in _current(context, pointers)
    ]


def _current(context: Context, pointers: Mapping[str, Pointer]) -> Iterator[tuple[Pointer, Record]]:
    for pointer in pointers.values():
        if pointer.release_id:
            yield pointer, context.store.record(pointer.release_id)


def _seconds(moment: str | None) -> float | None:
    return datetime.fromisoformat(moment).timestamp() if moment else None


def quarantine(context: Context, pointers: Mapping[str, Pointer], now: datetime) -> list[Row]:
    """Rows of the current releases that break a business rule and wait for a decision.

    Of releases that are on this machine: others would have to be downloaded. A project without a mart of refused rows has none.
    """
    found: list[Row] = []
    for name, pointer in pointers.items():
        if pointer.release_id and context.store.link(name) and _has_mart(context.store.fetch(pointer.release_id)):
            found += _refused(context, name, now)
    return found


@lru_cache(maxsize=64)
def _has_mart(release: Path) -> bool:
    """Whether a release, which never changes, has a mart of refused rows."""
    return bool(mart.marked(release))


def _refused(context: Context, environment: str, now: datetime) -> list[Row]:
    places = catalog.places(context.lake, lambda: locate(environment), place="warehouse")
    with catalog.opened(places) as connection:
        groups = catalog.groups(connection, catalog.Filter(place="warehouse", status="open"), now)
    rows = Counter[str]()
    for group in groups:
        rows[group.feed] += group.rows
    return [{"environment": environment, "feed": feed, "rows": count} for feed, count in sorted(rows.items())]


def freshness(project: Path) -> list[Row]:
    """How old the newest batch of each raw table may be, as the sources say it to dbt: `freshness`, of a source or a table."""
    paths = sorted((project / "models").rglob("*.yml"))
    return [row for path in paths for row in _freshness_in(path, path.stat().st_mtime_ns)]


@lru_cache(maxsize=1024)
def _freshness_in(path: Path, changed: int) -> tuple[Row, ...]:  # noqa: ARG001  (a file that was changed is read again)
    if "freshness" not in path.read_text(encoding="utf-8", errors="replace"):
        return ()
    document = read(path)
    sources = document.get("sources") if isinstance(document, dict) else None
    return tuple(
        row
        for source in sources or []
        for table in source.get("tables") or []
        for row in _limits(f"{source['name']}.{table['name']}", source, table)
    )


def _limits(feed: str, source: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[Row]:
    said = [one["freshness"] for level in (table, source) for one in (level.get("config") or {}, level) if "freshness" in one]
    # `freshness: null` of a table says that it has none.
    for severity, key in (("warn", "warn_after"), ("error", "error_after")):
        limit = ((said[0] or {}).get(key) or {}) if said else {}
        if limit.get("count") and limit.get("period") in _PERIODS:
            yield {"feed": feed, "severity": severity, "seconds": limit["count"] * _PERIODS[limit["period"]]}


def disk(folders: Mapping[str, Path]) -> list[Row]:
    """Space that folders take, and what is free where they are; of a folder that does not exist, nothing."""
    return [
        {"folder": name, "used": _used(folder), "free": usage.free, "size": usage.total}
        for name, folder in folders.items()
        if folder.is_dir()
        for usage in [shutil.disk_usage(folder)]
    ]


def _used(folder: Path) -> int:
    """Bytes of the blocks of all files; one with several names counts once, and links are not followed."""
    blocks: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.lstat(os.path.join(place, name))  # noqa: PTH118  (a lake has many files)
            except FileNotFoundError:  # it was removed meanwhile
                continue
            blocks[found.st_dev, found.st_ino] = found.st_blocks
    return 512 * sum(blocks.values())
