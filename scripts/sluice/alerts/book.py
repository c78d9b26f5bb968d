"""The incidents in lake/ops: read as they are now, and what happens to them appended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from sluice.alerts.incident import Incident, State
from sluice.alerts.opened import OpenLake
from sluice.core.errors import SluiceError
from sluice.core.locks import locked
from sluice.history import ledger
from sluice.history.kinds import FindingRow, IncidentEntry

PATIENCE = 20.0
SHORTEST = 4


@contextmanager
def writing(lake: Path) -> Iterator[None]:
    """Hold the incidents, so that a second command sees what the first has written. Raises SluiceError after a while."""
    (lake / "ops").mkdir(parents=True, exist_ok=True)
    with locked(lake / "ops" / ".incidents.lock", "updating incidents", PATIENCE):
        yield


def read(lake: OpenLake, environment: str | None = None, *, ended: bool = False) -> list[Incident]:
    """The incidents that are open or acknowledged, the worst and oldest first; with `ended`, also those that are over.

    Raises SluiceError for a damaged table.
    """
    rows = lake.rows(
        "incidents",
        IncidentEntry,
        "where is_latest and ($all or state in ('open', 'acknowledged')) and ($environment is null or environment = $environment)"
        " order by ended_at is not null, ended_at desc, severity, opened_at, incident_id",
        {"all": ended, "environment": environment},
    )
    return [_incident(row) for row in rows]


def _incident(row: Mapping[str, Any]) -> Incident:
    known = {field.name: row[field.name] for field in fields(Incident)}
    findings = tuple(FindingRow(**one) for one in row["findings"] or ())
    lists = {name: tuple(row[name] or ()) for name in ("touches", "tags")}
    return Incident(**{**known, **lists, "state": State(row["state"]), "findings": findings, "name": row["name"] or row["node"]})


def find(lake: OpenLake, prefix: str) -> Incident:
    """The incident whose id begins so. Raises SluiceError where there is none, or several."""
    known = read(lake, ended=True)
    found = [one for one in known if one.incident_id.startswith(prefix)] if len(prefix) >= SHORTEST else []
    if len(found) == 1:
        return found[0]
    hint = "sluice incidents list --all shows the ids"
    if len(prefix) < SHORTEST:
        raise SluiceError(f"{prefix!r} is too short for an id", hint=f"give {SHORTEST} digits or more; {hint}")
    what = f"{len(found)} incidents begin with {prefix}" if found else f"no incident begins with {prefix}"
    raise SluiceError(what, hint="give more of its digits" if found else hint)


def append(lake: Path, events: Sequence[IncidentEntry]) -> None:
    """Append what happened."""
    ledger.append(lake, events, transaction=f"incidents {events[0].event_id}" if events else None)
