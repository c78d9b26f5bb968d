"""What commands have left in lake/ops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.kinds import Entry


def entries(lake: Path, kind: type[Entry], columns: str, order: str = "started_at") -> list[tuple[Any, ...]]:
    """Columns of every entry of a kind, in order of time."""
    with connect(extensions=["delta"]) as connection:
        return connection.execute(f"select {columns} from ({ledger.query(lake, kind)}) order by {order}").fetchall()
