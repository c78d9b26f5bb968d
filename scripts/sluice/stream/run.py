"""The loop of a stream: its feeds in turn, until somebody asks it to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event
from types import FrameType

from sluice.core.errors import SluiceError
from sluice.ingest.landing import FeedReport
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.run import prepare
from sluice.lake import raw
from sluice.lake.contracts import Contract
from sluice.lake.lock import writing
from sluice.stream.running import Running, Streamed

# Seconds for one turn of all feeds: how long a stop may have to wait for messages.
TURN = 0.5
PATIENCE = 60.0


def run(
    feeds: Sequence[KafkaFeed], contracts: Mapping[str, Contract], streamed: Streamed, is_over: Callable[[], bool]
) -> tuple[FeedReport, ...]:
    """Stream the feeds until `is_over`, or until none can go on; what is at hand then lands. Returns what each has done.

    Raises SluiceError for a feed without a contract, or whose table is damaged.
    """
    with writing(streamed.lake, PATIENCE):
        broken = prepare(streamed.lake, contracts)
    for feed in feeds:
        if feed.name in broken:
            raise broken[feed.name]
        if feed.name not in contracts:
            raise SluiceError(f"no contract for {feed.name}", where="models/staging", hint="declare the source table in dbt YAML")
    with ExitStack() as stack:
        running = [Running(feed, raw.RawTable(contracts[feed.name], streamed.lake), streamed) for feed in feeds]
        for one in running:
            stack.callback(one.close)
        while not is_over() and not all(one.stopped for one in running):
            for one in running:
                one.step(TURN / len(running))
        for one in running:
            one.step(0, ends=True)
        return tuple(one.report for one in running)


@contextmanager
def until_stopped() -> Iterator[Event]:
    """An event that SIGTERM or Ctrl-C sets; a second Ctrl-C interrupts."""
    over = Event()

    def stop(number: int, _: FrameType | None) -> None:
        over.set()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield over
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
