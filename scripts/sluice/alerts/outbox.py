"""The outbox in lake/ops/alerts: what is to be sent is there before it is sent, and what became of it after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sluice.alerts.message import Action
from sluice.alerts.opened import OpenLake
from sluice.alerts.plan import Alert
from sluice.core.locks import locked
from sluice.history import ledger
from sluice.history.kinds import AlertEntry

PATIENCE = 1.0


@contextmanager
def sending(lake: Path) -> Iterator[None]:
    """Hold the outbox, so that two commands do not send the same. Raises SluiceError where another command holds it."""
    (lake / "ops").mkdir(parents=True, exist_ok=True)
    with locked(lake / "ops" / ".alerts.lock", "sending alerts", PATIENCE):
        yield


def read(lake: OpenLake) -> list[Alert]:
    """Every alert, oldest first; of those that are sent or dropped without the body. Raises SluiceError for a damaged table."""
    rows = lake.rows("outbox", AlertEntry, "order by queued_at, alert_id")
    return [Alert(**{**row, "action": Action(row["action"]), "body": row["body"] or ""}) for row in rows]


def append(lake: Path, entries: Sequence[AlertEntry]) -> None:
    """Append what happened to alerts."""
    ledger.append(lake, entries)
