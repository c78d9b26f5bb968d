"""One run of ingest: for each feed, new data in batches, each of which lands completely or not at all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sluice.core.duck import MEMORY_LIMIT, connect
from sluice.core.errors import SluiceError, is_interrupt
from sluice.core.progress import Tell, silent
from sluice.history import ledger
from sluice.ingest.landing import FeedReport, Work, record_refusals, write_missing_records
from sluice.ingest.readers.protocol import Feed
from sluice.lake import raw
from sluice.lake.contracts import Contract


def prepare(lake: Path, contracts: Mapping[str, Contract]) -> dict[str, SluiceError]:
    """Create every raw, quarantine and ops table that does not exist, so that models find them.

    Returns an error by name for each contract that contradicts what has been landed; `run` refuses its feed.
    """
    ledger.ensure(lake)
    broken = {}
    for contract in contracts.values():
        try:
            raw.ensure(raw.RawTable(contract, lake))
        except SluiceError as error:
            broken[contract.name] = error
    return broken


def run(
    feeds: Sequence[Feed],
    contracts: Mapping[str, Contract],
    lake: Path,
    *,
    run_id: str,
    memory_limit: str = MEMORY_LIMIT,
    tell: Tell = silent,
) -> Iterator[FeedReport]:
    """Create the tables of all contracts, ingest each feed in turn and yield its report; a refused feed does not stop the others.

    The caller holds the lake's lock (`sluice.lake.lock.writing`). Raises SluiceError for a feed without a contract, and
    KeyboardInterrupt on Ctrl-C, with nothing half done.
    """
    without = [feed.name for feed in feeds if feed.name not in contracts]
    if without:
        raise SluiceError(
            f"no contract for {', '.join(without)}", where="models/staging", hint="declare the source table in dbt YAML"
        )
    broken = prepare(lake, contracts)
    for number, feed in enumerate(feeds):
        started = time.monotonic()
        try:
            if feed.name in broken:
                raise broken[feed.name]
            table = raw.RawTable(contracts[feed.name], lake)
            report = _ingest(feed, table, run_id, memory_limit, _part(tell, feed.name, number, len(feeds)))
        except Exception as error:  # noqa: BLE001  (whatever it is: a full disk, a missing right; the other feeds go on)
            report = FeedReport(feed.name, refused=((feed.origin, _why(error)),))
        record_refusals(report, lake, run_id)
        yield replace(report, seconds=time.monotonic() - started)


def _ingest(feed: Feed, table: raw.RawTable, run_id: str, memory_limit: str, tell: Tell) -> FeedReport:
    spill = table.lake / ".incoming" / "spill"
    table.incoming.mkdir(parents=True, exist_ok=True)
    _tidy(table)
    try:
        with connect(memory_limit=memory_limit, temp_directory=spill, extensions=feed.extensions) as connection:
            return feed.ingest(Work(table, connection, run_id, tell))
    except (KeyboardInterrupt, RuntimeError) as error:
        if not is_interrupt(error):
            raise
        _tidy(table)
        raise KeyboardInterrupt from error
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _tidy(table: raw.RawTable) -> None:
    """Undo what an interrupted run left of a batch, or complete the record of one that has landed."""
    raw.undo_half_batch(table)
    write_missing_records(table)


def _why(error: Exception) -> str:
    if isinstance(error, SluiceError):
        return f"{error.what} ({error.where})" if error.where else error.what
    return f"stopped: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _part(tell: Tell, name: str, number: int, count: int) -> Tell:
    return lambda label, share: tell(f"{name}: {label}", (number + share) / count)


def new_run_id() -> str:
    """An id for this run; ids sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
