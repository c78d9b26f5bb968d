"""The loop: messages in, scores out, and now and then a commit. Loading another release and committing happen beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from sluice.core.errors import SluiceError
from sluice.features.live_sql import Row
from sluice.lake import raw
from sluice.score.lake import Pending, ScoreTable
from sluice.score.measured import Measured
from sluice.score.messages import Message
from sluice.score.restore import Begin
from sluice.score.serving import Outcome, Serving
from sluice.score.switch import Taken
from sluice.score.topic import Sink, Source

# Messages at a time: enough for a thousand a second, few enough that none waits long for the others.
MOST = 250
_IDLE_SECONDS = 0.2
RECORD_SECONDS = 60.0
# With so many scores waiting for the lake, nothing more is scored before they are in it.
_MOST_PENDING = 500_000


@dataclass
class Loop:
    """A scorer at work. `stop` ends it; what was scored is committed before it returns.

    `next_serving` gives a release that is loaded and to be served from now on, or None; `forget` takes out of `taken` what no
    other release needs. `record` writes down what was measured
    of one release in about a minute, and `tell` hears of it all the time. `seen` are the events that have a score, `taken`
    those that came as messages.
    """

    serving: Serving
    source: Source
    sink: Sink | None
    table: ScoreTable
    begin: Begin
    stop: threading.Event
    next_serving: Callable[[list[Taken]], Serving | None] = lambda _: None
    forget: Callable[[list[Taken], int], None] = lambda *_: None
    record: Callable[[Serving, Measured, int], None] = lambda *_: None
    tell: Callable[[Measured], None] = lambda _: None
    until_end: bool = False
    seen: dict[str, int] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    total: Measured = field(default_factory=Measured)
    _measured: Measured = field(default_factory=Measured)
    _pending: Pending = field(default_factory=Pending)
    _committing: Future[bool] | None = None
    _being_committed: Pending = field(default_factory=Pending)
    _nexts: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """Score until `stop` is set, or with `until_end` until the topic ends. Raises SluiceError for what does not pass."""
        self.source.open(self.begin.read)
        self._nexts = dict(self.begin.read)
        self._measured = Measured(self.serving.edges)
        committed = time.monotonic()
        with ThreadPoolExecutor(1, "commit") as pool:
            while not (self.stop.is_set() or (self.until_end and self._is_at_end())):
                messages = self.source.take(MOST, _IDLE_SECONDS)
                self._switch(pool)
                if messages:
                    self._score(messages)
                if time.monotonic() - committed >= self.serving.settings.commit_seconds and self._commit(pool):
                    committed = time.monotonic()
                if self._measured.seconds >= RECORD_SECONDS:
                    self._record(pool)
                self.tell(self.total)
            self._end(pool)

    def _switch(self, pool: ThreadPoolExecutor) -> None:
        """Serve another release from the next message on, if one is loaded."""
        fresh = self.next_serving(self.taken)
        if fresh is not None:
            self._record(pool)
            self.serving.close()
            self.serving = fresh
            self._measured = Measured(fresh.edges)

    def _record(self, pool: ThreadPoolExecutor) -> Future[None]:
        """Have what was measured written down, after what is being committed; and begin to measure again."""
        done, self._measured = self._measured, Measured(self.serving.edges)
        forget_seen(self.seen, self.serving.state.horizon)
        self.forget(self.taken, self.serving.state.horizon)
        return pool.submit(self.record, self.serving, done, self.source.lag())

    def _score(self, messages: list[Message]) -> None:
        fresh = [message for message in messages if message.offset >= self.begin.score[message.partition]]
        if len(fresh) < len(messages):
            self._remember([message for message in messages if message.offset < self.begin.score[message.partition]])
        for message in messages:
            self._nexts[message.partition] = message.offset + 1
        if not fresh:
            return
        outcome, rows = self.serving.score(fresh, self.seen)
        scored_at = time.time_ns() // 1000
        if self.sink and outcome.scores:
            self.sink.send(outcome.scores, scored_at)
        self._take(rows, fresh)
        self._keep(outcome, fresh, scored_at)

    def _remember(self, messages: list[Message]) -> None:
        rows, _ = self.serving.describe(messages)
        self.serving.remember(rows)
        self._take(rows, messages)
        self.seen |= {row.event.id: row.event.at for row in rows if row.is_asked}

    def _take(self, rows: Sequence[Row], messages: Sequence[Message]) -> None:
        """Keep the events that came as messages, for a release that takes over."""
        for row in rows:
            message = messages[row.position or 0]
            self.taken.append(Taken(message.partition, message.offset, row.event))

    def _keep(self, outcome: Outcome, messages: list[Message], scored_at: int) -> None:
        self._pending.scores += [(scored_at, score) for score in outcome.scores]
        self._pending.refused += outcome.refused
        for message in messages:
            self._pending.nexts[message.partition] = message.offset + 1
        self._measured.add(outcome, messages, scored_at)
        self.total.add(outcome, messages, scored_at)

    def _commit(self, pool: ThreadPoolExecutor) -> bool:
        """Hand over what is pending, unless the commit before is under way; whether it was handed over."""
        if self._committing is not None and not self._committing.done() and len(self._pending.scores) < _MOST_PENDING:
            return False
        self._committed()
        if self._pending.nexts:
            self._being_committed, self._pending = self._pending, Pending()
            self._committing = pool.submit(self._flush_and_commit, self._being_committed)
        return True

    def _committed(self) -> None:
        """Wait for the commit that is under way. What another command has held up is pending again."""
        if self._committing is None:
            return
        done, self._committing = self._committing, None
        if not done.result():
            self._pending = _together(self._being_committed, self._pending)

    def _flush_and_commit(self, pending: Pending) -> bool:
        if self.sink:
            self.sink.flush()
        try:
            return self.table.commit(pending)
        except raw.OutrunError:
            what = "another process has scored these messages"
            raise SluiceError(what, where="the table of scores", hint="run one sluice score for a model and topic") from None

    def _end(self, pool: ThreadPoolExecutor) -> None:
        self._committed()
        while self._pending.nexts:
            self._commit(pool)
            self._committed()
        self._record(pool).result()

    def _is_at_end(self) -> bool:
        ends = self.source.ends()
        return all(self._nexts[partition] >= high for partition, (_, high) in ends.items())


def _together(first: Pending, then: Pending) -> Pending:
    return Pending(first.scores + then.scores, first.refused + then.refused, {**first.nexts, **then.nexts})


def forget_seen(seen: dict[str, int], before: int) -> None:
    """Forget what was scored before a time: it does not come again."""
    for key in [key for key, at in seen.items() if at < before]:
        del seen[key]
