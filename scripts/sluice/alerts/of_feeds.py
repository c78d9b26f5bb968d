"""What is wrong with deliveries: files that ingest refused, and sources from which nothing has come for too long."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Any

from sluice.alerts.finding import ERROR, FEEDS, INGEST, WARN, Evidence, Finding
from sluice.core.text import ago, plural
from sluice.history.kinds import RefusalEntry

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
# Without a declared freshness: how many deliveries are needed to know what is usual, and how much longer is too long.
ENOUGH, LONGER = 8, 2.0
_PATH = re.compile(r"(?<![\w.])/[^\s:,;()]*/([^\s:,;()/]+)")


@dataclass(frozen=True)
class Delivered:
    """When a feed delivered last, and what is usual: `longest` is the longest time between two of its last deliveries."""

    feed: str
    last_at: datetime
    deliveries: int = 0
    longest: timedelta | None = None


def node_of(feed: str, manifest: Mapping[str, Any] | None) -> str:
    """The unique id of the source that a feed fills; `feed.<name>` where dbt knows none."""
    for name, source in ((manifest or {}).get("sources") or {}).items():
        if f"{source['source_name']}.{source['name']}" == feed:
            return str(name)
    return f"feed.{feed}"


def empty(delivered: Iterable[Delivered], manifest: Mapping[str, Any] | None, lake: Path) -> frozenset[str]:
    """The sources that have a table in the lake, to which no row has ever come."""
    filled = {one.feed for one in delivered}
    sources = ((manifest or {}).get("sources") or {}).items()
    return frozenset(
        str(name)
        for name, source in sources
        if f"{source['source_name']}.{source['name']}" not in filled
        and (lake / "raw" / source["source_name"] / source["name"]).is_dir()
    )


def refused(
    refusals: Iterable[RefusalEntry], manifest: Mapping[str, Any] | None, looked: Collection[str] | None, now: datetime
) -> Evidence:
    """A finding for each feed of which something was refused. `looked` are the feeds that were read; None: all."""
    by_feed: dict[str, list[RefusalEntry]] = {}
    for one in refusals:
        by_feed.setdefault(one.feed, []).append(one)
    found = (_refused(feed, some, node_of(feed, manifest), now) for feed, some in by_feed.items())
    nodes = None if looked is None else frozenset(node_of(feed, manifest) for feed in looked)
    return Evidence(tuple(found), frozenset({INGEST}), looked=nodes)


def _refused(feed: str, files: Sequence[RefusalEntry], node: str, now: datetime) -> Finding:
    first = f"{PurePath(files[0].file).name}: {without_paths(files[0].reason)}"
    more = f" (and {plural(len(files) - 1, 'file')} more)" if len(files) > 1 else ""
    sentence = f"{feed}: refused {first}{more}"
    return Finding(node=node, check="refused", kind="refused", severity=ERROR, step=INGEST, sentence=sentence, since=now)


def without_paths(text: str) -> str:
    """The first line of a text, with the names of files in place of their paths on this machine."""
    return _PATH.sub(r"\1", text.strip().partition("\n")[0])[:300]


def late(delivered: Iterable[Delivered], manifest: Mapping[str, Any] | None, now: datetime) -> Evidence:
    """A finding for each source that has not delivered for longer than dbt's `freshness` allows or, without one, than usual.

    A source that has never delivered is not late.
    """
    sources = {node_of(one.feed, manifest): one for one in delivered}
    known = (manifest or {}).get("sources") or {}
    found = (_late(node, one, known.get(node, {}), now) for node, one in sources.items())
    return Evidence(tuple(one for one in found if one), frozenset({FEEDS}))


def _late(node: str, delivered: Delivered, source: Mapping[str, Any], now: datetime) -> Finding | None:
    declared = source.get("freshness") or (source.get("config") or {}).get("freshness") or {}
    limits = [(WARN, _span(declared.get("warn_after"))), (ERROR, _span(declared.get("error_after")))]
    if not any(limit for _, limit in limits):
        limits = [(WARN, _usual(delivered))]
    passed = now - delivered.last_at
    beyond = [severity for severity, limit in limits if limit and passed > limit]
    if not beyond:
        return None
    allowed = next(limit for severity, limit in reversed(limits) if limit and severity == beyond[-1])
    sentence = f"{delivered.feed} is late: nothing has come for {ago(delivered.last_at, now)}, and {_told(allowed)} is the limit"
    return Finding(
        node=node, check="late", kind="late", severity=beyond[-1], step=FEEDS, sentence=sentence, since=delivered.last_at
    )


def _span(declared: Mapping[str, Any] | None) -> timedelta | None:
    """dbt's `{count: 36, period: hour}`."""
    if not declared or not declared.get("count") or declared.get("period") not in _UNITS:
        return None
    return int(declared["count"]) * _UNITS[declared["period"]]


def _usual(delivered: Delivered) -> timedelta | None:
    return delivered.longest * LONGER if delivered.longest and delivered.deliveries >= ENOUGH else None


def _told(span: timedelta) -> str:
    return f"{span // timedelta(hours=1)} h" if span < timedelta(days=4) else f"{span // timedelta(days=1)} d"
