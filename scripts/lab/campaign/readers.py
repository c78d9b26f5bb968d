"""Readers as a group: started, ended, and compared with what was published."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.campaign.reader import Reading
from lab.places import REPOSITORY

FOR_EVER = 1e9


@dataclass
class Truth:
    """What was done, by release number: when its publish began (monotonic clock), and which ones the gate refused."""

    begun: dict[int, float] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Findings:
    """What readers met that they must not meet, in words."""

    errors: tuple[str, ...] = ()
    mixtures: tuple[str, ...] = ()
    unaudited: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Everything."""
        return self.errors + self.mixtures + self.unaudited


def judge(readings: Sequence[Reading], truth: Truth) -> Findings:
    """Compare what readers saw with what was done: an error, two releases in one connection, an unpublished release."""
    errors = [error for reading in readings for error in reading.errors]
    mixtures = [
        f"one connection saw {' and '.join(map(str, numbers)) or 'nothing'}"
        for reading in readings
        for numbers in reading.mixtures
    ]
    unaudited = [
        f"{number}: {why}"
        for reading in readings
        for number, at in sorted(reading.first_seen.items())
        if (why := _why_not(number, at, truth))
    ]
    return Findings(tuple(errors), tuple(mixtures), tuple(unaudited))


def _why_not(number: int, at: float, truth: Truth) -> str:
    if number in truth.refused:
        return "the gate had refused it"
    if number not in truth.begun:
        return "it was never published"
    return "it was seen before its publish began" if at < truth.begun[number] else ""


@contextmanager
def reading(file: Path, lives: Sequence[float], seed: int) -> Iterator[list[Reading]]:
    """Readers of a file while the block runs, one for each life (seconds that a connection lives); afterwards, what they saw."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "lab.campaign.reader", str(file), str(life), str(seed + number)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")},
            text=True,
            stdout=subprocess.PIPE,
        )
        for number, life in enumerate(lives)
    ]
    found: list[Reading] = []
    try:
        for reader in started:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
        yield found
        for reader in started:
            reader.send_signal(signal.SIGTERM)
        found += [Reading.of(json.loads(reader.communicate(timeout=60)[0])) for reader in started]
    finally:
        for reader in started:
            reader.kill()
            reader.wait()


def quantiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1)}
