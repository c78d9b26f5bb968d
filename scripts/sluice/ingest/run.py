"""One run of ingest: for each feed, new data in batches, each of which lands completely or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from deltalake.exceptions import DeltaError

from sluice.core.duck import MEMORY_LIMIT, connect
from sluice.core.errors import SluiceError, is_interrupt
from sluice.core.progress import Tell, silent
from sluice.history import ledger
from sluice.history.kinds import KINDS
from sluice.ingest.landing import FeedReport, Work, record_refusals, write_missing_records
from sluice.ingest.readers.protocol import Feed
from sluice.lake import raw
from sluice.lake.contracts import Contract
from sluice.lake.opening import damaged, first_line


def prepare(lake: Path, contracts: Mapping[str, Contract]) -> dict[str, SluiceError]:
    """Create every raw, quarantine and ops table that does not exist, so that models find them.

    Returns an error by name (that of the contract, or `ops.<table>`) for each table that is damaged or contradicts its
    contract; `run` refuses its feed. The others are created all the same.
    """
    broken: dict[str, SluiceError] = {}
    for kind in KINDS:
        with _noted(broken, f"ops.{kind.TABLE}", lake):
            ledger.ensure(lake, [kind])
    for contract in contracts.values():
        with _noted(broken, contract.name, lake):
            raw.ensure(raw.RawTable(contract, lake))
    return broken


@contextmanager
def _noted(broken: dict[str, SluiceError], name: str, lake: Path) -> Iterator[None]:
    """Note in `broken` what goes wrong with a table, whatever it is: a full disk, a missing right."""
    try:
        yield
    except SluiceError as error:
        broken[name] = error
    except Exception as error:
        if is_interrupt(error):
            raise
        broken[name] = SluiceError(f"the table {name} cannot be made ready: {first_line(error)}", where=str(lake))


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

    A table that is damaged refuses its feed, and is reported without one too. The caller holds the lake's lock
    (`sluice.lake.lock.writing`). Raises SluiceError for a feed without a contract, and KeyboardInterrupt on Ctrl-C, with
    nothing half done.
    """
    without = [feed.name for feed in feeds if feed.name not in contracts]
    if without:
        raise SluiceError(
            f"no contract for {', '.join(without)}", where="models/staging", hint="declare the source table in dbt YAML"
        )
    broken = prepare(lake, contracts)
    for number, feed in enumerate(feeds):
        started = time.monotonic()
        table = raw.RawTable(contracts[feed.name], lake)
        try:
            if feed.name in broken:
                raise broken[feed.name]
            report = _ingest(feed, table, run_id, memory_limit, _part(tell, feed.name, number, len(feeds)))
        except Exception as error:  # noqa: BLE001  (whatever it is: a full disk, a missing right; the other feeds go on)
            report = FeedReport(feed.name, refused=((feed.origin, _why(error, table.path)),))
        yield replace(_recorded(_shown(report, feed), lake, run_id), seconds=time.monotonic() - started)
    for name in sorted(broken.keys() - {feed.name for feed in feeds}):
        yield _recorded(FeedReport(name, refused=((broken[name].where, broken[name].what),)), lake, run_id)


def _ingest(feed: Feed, table: raw.RawTable, run_id: str, memory_limit: str, tell: Tell) -> FeedReport:
    spill = table.lake / ".incoming" / "spill"
    unrecorded: list[str] = []
    try:
        table.incoming.mkdir(parents=True, exist_ok=True)
        raw.undo_half_batch(table)
        _record_missing(table, unrecorded)
        with connect(memory_limit=memory_limit, temp_directory=spill, extensions=feed.extensions) as connection:
            report = feed.ingest(Work(table, connection, run_id, tell, unrecorded))
    except (Exception, KeyboardInterrupt) as error:
        # An error here is the one that follows from the first: a table that cannot be read, a full disk.
        with suppress(SluiceError, DeltaError, OSError):
            raw.undo_half_batch(table)
            _record_missing(table, unrecorded)
        if is_interrupt(error):
            raise KeyboardInterrupt from error
        raise
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    return replace(report, refused=report.refused + tuple((str(table.lake / "ops"), why) for why in unrecorded))


def _record_missing(table: raw.RawTable, unrecorded: list[str]) -> None:
    """Write the record of a batch that an interrupted run has landed."""
    try:
        write_missing_records(table)
    except SluiceError as error:
        unrecorded.append(f"an earlier batch has landed and is not recorded: {error.what} ({error.where})")


def _recorded(report: FeedReport, lake: Path, run_id: str) -> FeedReport:
    """The report, with what it refused in lake/ops/refusals; where that cannot be written, the report says so too."""
    try:
        record_refusals(report, lake, run_id)
    except SluiceError as error:
        return replace(report, refused=(*report.refused, (error.where, f"what was refused is not recorded: {error.what}")))
    return report


def _shown(report: FeedReport, feed: Feed) -> FeedReport:
    """The report as it may be shown and recorded: without secrets of the feed, and in characters that can be written."""

    def shown(text: str) -> str:
        return feed.shown(text).encode("utf-8", "backslashreplace").decode()

    refused = tuple((shown(file), shown(why)) for file, why in report.refused)
    return replace(report, refused=refused, warnings=tuple(map(shown, report.warnings)))


def _why(error: Exception, table: Path) -> str:
    if isinstance(error, DeltaError):
        error = damaged(error, table)
    if isinstance(error, SluiceError):
        return f"{error.what} ({error.where})" if error.where else "; ".join(filter(None, (error.what, error.hint)))
    return f"stopped: {type(error).__name__}: {first_line(error)}"


def _part(tell: Tell, name: str, number: int, count: int) -> Tell:
    return lambda label, share: tell(f"{name}: {label}", (number + share) / count)
