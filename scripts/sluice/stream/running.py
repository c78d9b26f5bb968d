"""One feed of a stream: what has come lands when there is enough of it, or when it has waited long enough."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from deltalake.exceptions import DeltaError

from sluice.core import log
from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.core.progress import silent
from sluice.history import ledger
from sluice.history.kinds import StreamEntry
from sluice.ingest.landing import FeedReport, Work, record_refusals, write_streamed_records
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.readers.kafka.landing import land_messages
from sluice.ingest.readers.kafka.topic import LostError, Topic
from sluice.lake import raw
from sluice.lake.compaction import compact
from sluice.lake.lock import streaming
from sluice.lake.opening import first_line

# Seconds between two entries in the history, and between two tries after trouble, at most.
TOLD_EVERY, RETRY_AT_MOST = 60.0, 60.0
COMPACTED_EVERY = 50
# Seconds to wait for another command that writes to the lake: what is at hand stays there, or at the end is let go of.
PATIENCE, LAST_PATIENCE = 1.0, 30.0
_WARNINGS = 20


@dataclass(frozen=True)
class Streamed:
    """What a process needs of the stream that it is part of."""

    lake: Path
    run_id: str
    memory_limit: str
    accept_loss: bool


class Running:
    """A feed that streams. `report` is what it has done so far, `stopped` why it does not go on."""

    def __init__(self, feed: KafkaFeed, table: raw.RawTable, streamed: Streamed) -> None:
        """Raises SluiceError where a package is missing."""
        self.feed, self.table = feed, table
        self.report = self._told = FeedReport(feed.name)
        self.stopped = ""
        self._streamed = streamed
        self._decoder = feed.decoder()
        self._stack = ExitStack()
        self._topic: Topic | None = None
        self._since: float | None = None
        self._told_at, self._again_at, self._tries, self._trouble = time.monotonic(), 0.0, 0, ""
        self._work = self._connected()

    def step(self, seconds: float, *, ends: bool = False) -> None:
        """Take what comes within so many seconds, and land what is due; all there is where the stream `ends`.

        Trouble is noted and tried again later, but for messages that are gone.
        """
        waits = self._topic is None if ends else time.monotonic() < self._again_at
        if self.stopped or waits:
            time.sleep(0 if ends else seconds)
            return
        try:
            self._go_on(seconds, ends=ends)
        except LostError as error:
            self.stopped = f"{error.what} ({error.where})"
            self._let_go(error.what)
        except (SluiceError, DeltaError, duckdb.Error, OSError) as error:
            self._let_go(error.what if isinstance(error, SluiceError) else first_line(error))

    def close(self) -> None:
        """Leave the group, so that another member can go on at once."""
        self._stack.close()

    def _go_on(self, seconds: float, *, ends: bool) -> None:
        topic = self._topic = self._topic or self._joined()
        if not ends:
            topic.fetch(seconds)
        if topic.values and self._since is None:
            self._since = time.monotonic()
        if topic.values and (ends or topic.is_full or self._is_old()):
            self._land(topic, LAST_PATIENCE if ends else PATIENCE)
        if ends or time.monotonic() - self._told_at > TOLD_EVERY:
            self._tell(topic)
        if topic.trouble and topic.trouble != self._trouble:
            self._trouble = topic.trouble
            log.note(self.feed.shown(f"{self.feed.name}: {topic.trouble}"))

    def _is_old(self) -> bool:
        return self._since is not None and time.monotonic() - self._since >= self.feed.batch_seconds

    def _joined(self) -> Topic:
        feed = self.feed
        topic = Topic(feed.settings, self.table, feed.batch_messages, accept_loss=self._streamed.accept_loss)
        try:
            topic.join()
        except BaseException:
            topic.close()
            raise
        return topic

    def _connected(self) -> Work:
        spill = self.table.lake / ".incoming" / f"spill-{os.getpid()}" / self.feed.name
        self._stack.callback(shutil.rmtree, spill.parent, ignore_errors=True)
        connection = self._stack.enter_context(
            connect(memory_limit=self._streamed.memory_limit, temp_directory=spill, extensions=self.feed.extensions)
        )
        self._stack.callback(self._leave)
        return Work(self.table, connection, self._streamed.run_id, silent)

    def _land(self, topic: Topic, patience: float) -> None:
        with self._writing(patience) as is_free:
            if not is_free:
                return
            more = land_messages(self._work, self.feed, topic, self._decoder)
            self._since, self._tries = None, 0
            added = self.report + more
            self.report = replace(added, warnings=added.warnings[-_WARNINGS:])
            if more.batches and (self.table.open().transaction_version(raw.STREAM) or 0) % COMPACTED_EVERY == 0:
                compact(self.table)
        for warning in more.warnings:
            log.note(self.feed.shown(f"{self.feed.name}: {warning}"))

    def _tell(self, topic: Topic) -> None:
        """Write the records of batches, and how far behind the stream is; on stderr, too."""
        with self._writing() as is_free:
            if not is_free:
                return
            write_streamed_records(self.table)
            entry = self._entry(topic)
            ledger.append(self.table.lake, [entry])
        self._told, self._told_at = self.report, time.monotonic()
        log.say(
            f"{self.feed.name}: {entry.rows_landed:,} landed, {entry.rows_quarantined:,} quarantined in {entry.batches}"
            f" batches, {entry.lag:,} messages behind"
        )

    def _entry(self, topic: Topic) -> StreamEntry:
        lag, before, now = topic.lag(), self._told, datetime.now(UTC)
        newest = topic.newest_ms
        return StreamEntry(
            run_id=self._streamed.run_id,
            feed=self.feed.name,
            measured_at=now.replace(tzinfo=None),
            batches=self.report.batches - before.batches,
            rows_read=self.report.rows_read - before.rows_read,
            rows_landed=self.report.rows_landed - before.rows_landed,
            rows_quarantined=self.report.rows_quarantined - before.rows_quarantined,
            lag=lag,
            seconds_behind=max(0.0, now.timestamp() - newest / 1000) if lag and newest else None,
            partitions=len(topic.reads),
        )

    def _let_go(self, why: str) -> None:
        """Give up what is at hand, and what is half done; try again later, with more patience each time."""
        why = self.feed.shown(why)
        self._leave()
        self._tries += 1
        self._again_at = time.monotonic() + min(RETRY_AT_MOST, 2.0 ** min(self._tries - 1, 6))
        if (self.feed.origin, why) not in self.report.refused:
            log.note(f"{self.feed.name}: {why}")
            refused = FeedReport(self.feed.name, refused=((self.feed.origin, why),))
            self.report += refused
            with suppress(SluiceError):
                record_refusals(refused, self.table.lake, self._streamed.run_id)
        with suppress(SluiceError, DeltaError, OSError), self._writing() as is_free:
            if is_free:
                raw.undo_half_batch(self.table)

    def _leave(self) -> None:
        if self._topic:
            self._topic.close()
        self._topic, self._since = None, None

    @contextmanager
    def _writing(self, patience: float = PATIENCE) -> Iterator[bool]:
        """The lake's lock, if another command gives it up within so many seconds."""
        with ExitStack() as stack:
            try:
                stack.enter_context(streaming(self.table.lake, patience))
            except SluiceError:
                yield False
                return
            yield True
