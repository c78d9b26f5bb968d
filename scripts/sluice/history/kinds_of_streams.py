"""Kinds of entries about streams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.history.entry import Entry


@dataclass(frozen=True, kw_only=True)
class StreamEntry(Entry):
    """What a stream did since its entry before, and how far behind it was then; there is one about every minute.

    `lag` counts messages that were in the topic and not in the lake, of the partitions that this process reads.
    `seconds_behind` is how long ago the newest landed message was produced; null where nothing is behind.
    """

    TABLE = "streams"
    run_id: str
    feed: str
    measured_at: datetime
    batches: int
    rows_read: int
    rows_landed: int
    rows_quarantined: int
    lag: int
    seconds_behind: float | None
    partitions: int
