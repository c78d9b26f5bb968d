"""What lake/ops says: one query of sql/ for each part, over the tables of the history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from sluice.alerts.opened import query
from sluice.core.duck import connect, identifier
from sluice.history import ledger
from sluice.history.kinds import (
    AlertEntry,
    BatchEntry,
    CheckEntry,
    DecisionEntry,
    Entry,
    IncidentEntry,
    ProfileEntry,
    RefusalEntry,
    ReleaseEntry,
    RunEntry,
    ScoringEntry,
    SignalEntry,
    StepEntry,
    StreamEntry,
)
from sluice.metrics.families import MOST, Part
from sluice.metrics.sample import Row

# Figures of counts: a few megabytes are enough, and beyond this DuckDB spills.
MEMORY_LIMIT = "500MB"
# The tables that each part reads.
_READS: dict[str, tuple[type[Entry], ...]] = {
    "feeds": (BatchEntry, RefusalEntry),
    "rejected": (BatchEntry, DecisionEntry),
    "streams": (StreamEntry,),
    "scoring": (ScoringEntry,),
    "runs": (RunEntry,),
    "outcomes": (RunEntry,),
    "steps": (StepEntry,),
    "attempts": (ReleaseEntry,),
    "checks": (ReleaseEntry, CheckEntry),
    "checked": (ReleaseEntry, CheckEntry),
    "tables": (ProfileEntry,),
    "signals": (StepEntry, SignalEntry),
}
# Those that read what the room of alerts makes of a table.
_OF_ALERTS: dict[str, dict[str, type[Entry]]] = {
    "incidents": {"incidents": IncidentEntry},
    "messages": {"outbox": AlertEntry},
}


@contextmanager
def opened(environments: Sequence[str], pointed: Mapping[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows the names of the `environments`, and the release that each of `pointed` is at."""
    with (
        TemporaryDirectory(prefix="sluice-metrics-") as spill,
        connect(extensions=["delta"], memory_limit=MEMORY_LIMIT, temp_directory=Path(spill)) as connection,
    ):
        connection.execute("create temp table environments (name varchar)")
        connection.execute("create temp table pointed (environment varchar, release_id varchar)")
        for name in environments:
            connection.execute("insert into environments values (?)", [name])
        for name, release_id in pointed.items():
            connection.execute("insert into pointed values (?, ?)", [name, release_id])
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, lake: Path, part: Part) -> list[Row]:
    """What a part has to say. Raises SluiceError for a damaged table, duckdb.Error for one whose files are gone."""
    reads = _READS.get(part.name, ())
    for kind in reads:
        connection.execute(f"create or replace temp view {identifier(kind.TABLE)} as {ledger.query(lake, kind)}")
    if CheckEntry in reads:
        connection.execute(f"create or replace temp view recorded as {_text('recorded')}")
    for name, kind in _OF_ALERTS.get(part.name, {}).items():
        connection.execute(f"create or replace temp view {name}_now as {query(lake, name, kind)}")
    found = connection.execute(_text(part.name))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchmany(MOST + 1)]


@cache
def _text(name: str) -> str:
    return files("sluice.metrics").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
