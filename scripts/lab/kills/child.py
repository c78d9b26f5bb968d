"""Streams to be killed: reads `<phase file> <job as JSON>` a line, and prints the process id of the stream that it started.

Each stream is a process of its own, which says in the phase file what it is doing at every moment: one letter of PHASES.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from sluice.ingest import landing
from sluice.ingest.readers.kafka import landing as kafka_landing
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.readers.kafka.topic import Topic
from sluice.lake import raw
from sluice.lake.contracts import Column, Contract
from sluice.stream import running
from sluice.stream.run import run
from sluice.stream.running import Streamed

# START: nothing has been read yet; REST: between two steps; APART: the control's offsets are not committed yet.
PHASES = {
    "s": "start", "-": "rest", "r": "read", "w": "write", "c": "commit", "h": "history", "k": "compaction", "u": "undo",
    "a": "apart",
}  # fmt: skip
# Seconds between the control's batch and its offsets.
WINDOW = 0.3
CONTRACT = Contract("lab", "events", (Column("id", "bigint", True), Column("text", "varchar", False)), ("id",))
_PARTS: tuple[tuple[Any, str, str], ...] = (
    (Topic, "fetch", "r"),
    (kafka_landing, "land_messages", "w"),
    (running, "land_messages", "w"),
    (landing, "land", "w"),
    (raw, "land", "c"),
    (raw, "undo_half_batch", "u"),
    (running, "write_streamed_records", "h"),
    (running, "compact", "k"),
)


class Phase:
    """The letter of the phase, in memory that whoever kills this process reads afterwards."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 1)
        self._memory[0:1] = b"s"

    def during(self, letter: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The function, in a phase of its own; afterwards it is the phase before."""

        def call(*arguments: Any, **options: Any) -> Any:
            before, self._memory[0:1] = self._memory[0:1], letter.encode()
            try:
                return real(*arguments, **options)
            finally:
                self._memory[0:1] = b"-" if before == b"s" else before

        return call


def offsets_apart(phase: Phase) -> None:
    """The negative control: offsets are committed to the broker, after the batch, and are not in its commit."""
    land, landed = raw.land, Topic.landed

    def without(marks: Any) -> Any:
        return marks and {name: value for name, value in marks.items() if name.count(":") != 2}

    def landing_alone(table: Any, batch: str, written: Any, marks: Any, record: Any, expected: Any = None) -> int:
        return land(table, batch, written, without(marks), record, without(expected))

    def mark(self: Topic, _: Any, partition: int) -> int | None:
        from confluent_kafka import TopicPartition

        (found,) = self._consumer.committed([TopicPartition(self.settings.topic, partition)], timeout=15)
        return found.offset if found.offset >= 0 else None

    def committed(self: Topic) -> None:
        from confluent_kafka import TopicPartition

        time.sleep(WINDOW)  # in which it is killed
        offsets = [TopicPartition(self.settings.topic, partition, read.next) for partition, read in self.reads.items()]
        self._consumer.commit(offsets=offsets, asynchronous=False)
        landed(self)

    for place, name, other in (
        (raw, "land", landing_alone),
        (Topic, "_mark", mark),
        (Topic, "landed", phase.during("a", committed)),
    ):
        setattr(place, name, other)


def stream(file: Path, job: dict[str, Any]) -> None:
    """One stream, until SIGTERM."""
    phase, over = Phase(file), Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    if job.pop("apart"):
        offsets_apart(phase)
    for place, name, letter in _PARTS:
        setattr(place, name, phase.during(letter, getattr(place, name)))
    running.TOLD_EVERY, running.COMPACTED_EVERY = 1.0, 10
    lake = Path(job.pop("lake"))
    feed = KafkaFeed(CONTRACT.source, CONTRACT.table, **job)
    run([feed], {CONTRACT.name: CONTRACT}, Streamed(lake, "lab", "500MB", False), over.is_set)


def main() -> None:
    """Start the streams that are asked for; one that has ended is waited for before the next begins."""
    for line in sys.stdin:
        file, _, job = line.partition(" ")
        if (child := os.fork()) == 0:
            code = 1
            try:
                stream(Path(file), json.loads(job))
                code = 0
            finally:
                os._exit(code)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
