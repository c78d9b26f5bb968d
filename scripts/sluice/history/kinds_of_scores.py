"""What people say of scored rows, as an entry of the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.history.entry import Entry


@dataclass(frozen=True, kw_only=True)
class ScoreDecisionEntry(Entry):
    """What somebody decided about a row that a model scored: confirmed or dismissed. The newest decision of a key counts."""

    TABLE = "score_decisions"
    decision_id: str
    decided_at: datetime
    model: str | None
    row_key: str
    decision: str
    decided_by: str
    why: str | None = None
