"""Kinds of entries about scores of events as they come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.history.entry import Entry


@dataclass(frozen=True, kw_only=True)
class ScoringEntry(Entry):
    """What `sluice score` did with a model since its entry before; there is one about every minute.

    `events` are messages that say that something happened, `asked` those of them that have a score, `scored` those that got one
    for the first time. `lag` counts messages in the topic that were not scored. Latencies are in ms, from produced to scored.
    `drift` is the population stability index of the scores against those of the training. Null where nothing was scored.
    """

    TABLE = "scoring"
    run_id: str
    model: str
    model_version: str
    environment: str
    release_id: str
    measured_at: datetime
    seconds: float
    messages: int
    refused: int
    events: int
    asked: int
    scored: int
    alerts: int
    lag: int
    latency_p50: float | None
    latency_p95: float | None
    latency_p99: float | None
    mean_score: float | None
    drift: float | None
