"""What `sluice score` says of a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sluice.history.kinds import ScoringEntry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).replace(tzinfo=None)


def said(hours: float, **others: Any) -> ScoringEntry:
    """An entry so long after noon."""
    fields: dict[str, Any] = {
        "run_id": "one", "model": "risk", "model_version": "v", "environment": "prod", "release_id": "r", "seconds": 60.0,
        "messages": 100, "refused": 0, "events": 100, "asked": 80, "scored": 80, "alerts": 2, "lag": 0, "latency_p50": 4.0,
        "latency_p95": 8.0, "latency_p99": 20.0, "mean_score": 0.1, "drift": 0.05,
    }  # fmt: skip
    return ScoringEntry(measured_at=NOON + timedelta(hours=hours), **{**fields, **others})
