"""How far streams are behind is a series of charts, the worst of each hour, and a metric, the sum over a feed's processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.drift import runs_series
from sluice.history.kinds import StreamEntry
from sluice.metrics import history
from sluice.metrics.families import OF_HISTORY

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).replace(tzinfo=None)


def said(minutes: float, lag: int, run_id: str = "one", **others: Any) -> StreamEntry:
    fields: dict[str, Any] = {"feed": "web.events", "batches": 1, "rows_read": 1, "rows_landed": 1, "rows_quarantined": 0}
    fields |= {"seconds_behind": None, "partitions": 1, **others}
    return StreamEntry(run_id=run_id, measured_at=NOON + timedelta(minutes=minutes), lag=lag, **fields)


def test_a_point_of_the_chart_is_the_greatest_lag_of_an_hour_of_the_last_30_days(tmp_path: Path) -> None:
    ledger.append(tmp_path, [said(-31 * 24 * 60, 999), said(0, 5), said(59, 70), said(60, 3)])
    with connect(extensions=["delta"]) as connection:
        found = connection.execute(
            f"select metric, kind, measured_at, value from ({runs_series(tmp_path, 'prod')}) where measure = 'lag' order by 3"
        ).fetchall()
    metric = "feed.lag{feed=web.events}"
    assert found == [(metric, "value", NOON, 70), (metric, "value", NOON + timedelta(hours=1), 3)]


def test_the_metric_is_the_newest_lag_of_each_process_that_still_says_something(tmp_path: Path) -> None:
    (part,) = (part for part in OF_HISTORY if part.name == "streams")
    ledger.append(tmp_path, [said(-60, 500, "gone"), said(0, 9), said(1, 4, seconds_behind=2.5), said(2, 6, "two")])
    with history.opened(["prod"], {}) as connection:
        (row,) = history.rows(connection, tmp_path, part)
    assert (row["feed"], row["lag"], row["seconds_behind"]) == ("web.events", 10, 2.5)
