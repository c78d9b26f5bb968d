"""Messages that come without end, streams that are killed at random, and what is in the lake at last."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from lab.broker.broker import Broker
from lab.kills.child import PHASES
from lab.places import REPOSITORY
from sluice.core.duck import connect
from sluice.core.progress import Tell, silent

PARTITIONS = 4
RATE = 2000
# One of so many messages breaks the contract.
BROKEN = 50
# Phases that a kill waits for; the others are killed at any moment.
AIMED = ("r", "w", "c")
# How often one that may have to undo what the one before it left is killed while it does.
UNDONE = 0.4
_PATIENCE = 60.0
_SETTINGS = {"session.timeout.ms": 1000, "heartbeat.interval.ms": 300, "fetch.wait.max.ms": 50}


@dataclass
class Arrived:
    """How many streams were killed, in which phase; and what became of the messages."""

    kills: int = 0
    phases: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    landed: int = 0
    quarantined: int = 0
    lost: int = 0
    doubled: int = 0
    wrong_records: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether each message is in the lake once, and the records say so."""
        return self.lost == self.doubled == self.wrong_records == 0

    @property
    def inside(self) -> int:
        """Kills inside of reading, writing or committing."""
        return sum(self.phases.get(PHASES[letter], 0) for letter in ("r", "w", "c"))


class Stream:
    """Starts streams one after the other, by a server that has imported what they need."""

    def __init__(self, process: subprocess.Popen[str], root: Path, job: dict[str, Any]) -> None:
        self._process, self._file, self._job = process, root / "phase", job

    def start(self) -> int:
        """Start a stream and return its process id."""
        self._file.write_bytes(b"s")
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self._file} {json.dumps(self._job)}\n")
        self._process.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Wait for its end and return its exit code."""
        return int(self._line())

    @property
    def phase(self) -> str:
        """What it is doing, or did at its end."""
        return self._file.read_bytes().decode()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def killed(broker: Broker, root: Path, kills: int, seed: int, *, apart: bool = False, tell: Tell = silent) -> Arrived:
    """Kill so many streams of one topic; every message is in the lake at last. `apart`: the control, which does double."""
    chance, arrived = random.Random(seed), Arrived()
    topic, lake = broker.topic(f"kills-{int(apart)}", PARTITIONS), root / f"lake-{int(apart)}"
    job = _job(broker, topic, lake, apart=apart)
    phases, phase = Counter[str](), ""
    with _streams(root, job) as stream, _producing(broker, topic, seed) as sent:
        for number in range(kills):
            tell("killed streams", number / kills)
            aim = "a" if apart else "u" if phase in ("w", "c", "u") and chance.random() < UNDONE else None
            phase = _killed(stream, chance, aim)
            phases[phase] += 1
        last = stream.start()
        arrived.sent = sent.stop()
        _wait_for_all(lake, arrived.sent, apart=apart)
        os.kill(last, signal.SIGTERM)
        assert stream.ended() == 0, "the last stream did not end as it should"
    arrived.kills, arrived.phases = kills, {PHASES[letter]: count for letter, count in phases.most_common()}
    compare(lake, arrived)
    return arrived


def woken(broker: Broker, root: Path, seed: int) -> Arrived:
    """Stop a stream while it reads, until another one has taken over its partitions; wake it up, and let both go on."""
    topic, lake, arrived = broker.topic("woken", PARTITIONS), root / "lake", Arrived()
    job, places = _job(broker, topic, lake), (root / "old", root / "new")
    for place in places:
        place.mkdir()
    with _streams(places[0], job) as old, _streams(places[1], job) as new, _producing(broker, topic, seed) as sent:
        stopped = old.start()
        _wait(lambda: _landed(lake) > 0, time.monotonic() + _PATIENCE, 0.3)
        while True:
            _wait(lambda: old.phase == "r", time.monotonic() + _PATIENCE)
            os.kill(stopped, signal.SIGSTOP)
            if old.phase == "r":  # and not in a batch by now, with the lake's lock
                break
            os.kill(stopped, signal.SIGCONT)
        before, taken_over = _landed(lake), new.start()
        _wait(lambda: _landed(lake) > before, time.monotonic() + _PATIENCE, 0.3)
        arrived.sent = _landed(lake) - before
        assert arrived.sent > 0, "no other stream took over"
        os.kill(stopped, signal.SIGCONT)
        time.sleep(2)
        arrived.sent = sent.stop()
        _wait_for_all(lake, arrived.sent, apart=False)
        for process, stream in ((stopped, old), (taken_over, new)):
            os.kill(process, signal.SIGTERM)
            assert stream.ended() == 0, "a stream did not end as it should"
    compare(lake, arrived)
    return arrived


def _job(broker: Broker, topic: str, lake: Path, *, apart: bool = False) -> dict[str, Any]:
    return {
        "lake": str(lake), "apart": apart, "brokers": broker.bootstrap, "topic": topic, "client": _SETTINGS,
        "batch_seconds": 0.1, "batch_messages": 20_000,
    }  # fmt: skip


def _landed(lake: Path) -> int:
    raw, *_ = _tables(lake)
    if not (lake / "raw" / "lab" / "events" / "_delta_log").exists():
        return 0
    with connect(extensions=["delta"]) as connection:
        row = connection.execute(f"select count(*) from {raw}").fetchone()
    return int(row[0]) if row else 0


def _killed(stream: Stream, chance: random.Random, aim: str | None) -> str:
    """Start a stream, kill it at a moment chosen at random, and return the phase in which it was."""
    child = stream.start()
    until = time.monotonic() + _PATIENCE
    aimed = aim or chance.choice((*AIMED, *AIMED, ""))
    _wait(lambda: stream.phase != "s", until)
    if aimed != "u":  # that comes first of all
        time.sleep(chance.uniform(0, 1.5))
    if aimed:  # there may be nothing to undo
        _wait(lambda: stream.phase == aimed, min(until, time.monotonic() + 8) if aimed == "u" else until)
        time.sleep(chance.uniform(0, 0.02) if aimed == "u" else 0)
    os.kill(child, signal.SIGKILL)
    assert stream.ended() == -signal.SIGKILL, "a stream ended before it was killed"
    return stream.phase


def _wait(is_so: Any, until: float, every: float = 0.0002) -> None:
    """Wait until it is so, or the time is over. A phase takes milliseconds."""
    while not is_so() and time.monotonic() < until:
        time.sleep(every)


class _Sent:
    """Sends messages until it is stopped: whole numbers, of which some are words."""

    def __init__(self, broker: Broker, topic: str, seed: int) -> None:
        self._broker, self._topic, self._chance, self._over, self.count = broker, topic, random.Random(seed), Event(), 0
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": self._broker.bootstrap, "enable.idempotence": True, "linger.ms": 5})
        while not self._over.is_set():
            for _ in range(RATE // 20):
                number = json.dumps(str(self.count) + "?" if self._chance.randrange(BROKEN) == 0 else self.count)
                value = f'{{"id": {number}, "text": "message {self.count}"}}'
                producer.produce(self._topic, value, partition=self.count % PARTITIONS)
                self.count += 1
            producer.poll(0)
            time.sleep(0.05)
        assert producer.flush(60) == 0

    def stop(self) -> int:
        """Stop, and return how many messages were sent."""
        self._over.set()
        self._thread.join()
        return self.count


@contextmanager
def _producing(broker: Broker, topic: str, seed: int) -> Iterator[_Sent]:
    sent = _Sent(broker, topic, seed)
    try:
        yield sent
    finally:
        sent.stop()


@contextmanager
def _streams(root: Path, job: dict[str, Any]) -> Iterator[Stream]:
    command = [sys.executable, "-m", "lab.kills.child"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")}
    with (
        (root / "streams.log").open("a") as log,
        subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        yield Stream(process, root, job)
        process.communicate()


def _tables(lake: Path) -> tuple[str, str, str]:
    raw, quarantine = (f"delta_scan('{lake}/{kind}/lab/events')" for kind in ("raw", "quarantine"))
    return raw, quarantine, f"delta_scan('{lake}/ops/batches')"


def _wait_for_all(lake: Path, sent: int, *, apart: bool) -> None:
    raw, quarantine, _ = _tables(lake)
    until, before = time.monotonic() + 2 * _PATIENCE, 0
    places = f"select _file, _position from {raw} union all select _file, _position from {quarantine}"
    counted = f"select count(distinct (_file, _position)) from ({places})"
    with connect(extensions=["delta"]) as connection:
        while before < sent and time.monotonic() < until:
            row = connection.execute(counted).fetchone()
            if row and row[0] > before:  # it goes on
                before, until = row[0], time.monotonic() + 2 * _PATIENCE
            time.sleep(1)
    if apart:  # its offsets follow
        time.sleep(1)


def compare(lake: Path, arrived: Arrived) -> None:
    """Count what was lost and what is there more than once, by place and by number, and compare the records of batches."""
    raw, quarantine, batches = _tables(lake)
    with connect(extensions=["delta"]) as connection:
        connection.execute(f"""
            create temp table found as
            select _file, _position, id from {raw}
            union all
            select _file, _position, regexp_extract(original_text, '"id": "(\\d+)', 1)::bigint from {quarantine}
        """)

        def one(query: str) -> int:
            row = connection.execute(query).fetchone()
            assert row is not None
            return int(row[0])

        arrived.landed, arrived.quarantined = one(f"select count(*) from {raw}"), one(f"select count(*) from {quarantine}")
        arrived.lost = arrived.sent - one("select count(distinct id) from found")
        arrived.doubled = one("select count(*) from found") - one("select count(distinct (_file, _position)) from found")
        recorded = f"select coalesce(sum(rows_read), 0)::bigint - (select count(*) from found) from {batches}"
        arrived.wrong_records = abs(one(recorded))
