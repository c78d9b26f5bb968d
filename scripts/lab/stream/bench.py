"""How long a payment waits for its score at a rate, beside a plain loop that scores without features."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lab.broker import broker
from lab.places import REPOSITORY
from lab.stream.shop import MODEL, DemoShop
from lab.stream.traffic import Listener, send
from sluice.core.progress import Tell

# The first seconds are those of a process that warms up.
_WARM_SECONDS = 10


@dataclass(frozen=True)
class Timed:
    """One run. Latencies are in ms, from produced to scored: p50, p95, p99, slowest. CPU and memory are those of the scorer."""

    what: str
    rate: int
    sent: int
    scored: int
    quantiles: tuple[float, ...]
    cpu_share: float
    megabytes: tuple[int, int]
    load: float


def measure(shop: DemoShop, rates: Sequence[int], seconds: int, tell: Tell) -> Iterator[Timed]:
    """Measure the scorer and the plain loop at each rate."""
    with broker.running(shop.root / "bench-broker") as running:
        for rate in rates:
            for what in ("sluice score", "plain loop"):
                tell(f"{what} at {rate} a second", 0.5)
                yield _measured(shop, running, what, rate, seconds)


def _measured(shop: DemoShop, running: broker.Broker, what: str, rate: int, seconds: int) -> Timed:
    name = f"bench-{what.split()[0]}-{rate}-{int(time.time())}"
    topic, to = running.topic(name), running.topic(f"{name}-scores")
    process = _started(shop, running.bootstrap, what, topic, to)
    heard = Listener(running.bootstrap, to)
    try:
        send(running.bootstrap, topic, _payments(shop, name, rate, 1), rate)
        assert heard.wait_for(1, 120), f"{what} does not score"
        begun, cpu, memory = time.monotonic(), _cpu(process), _memory(process)
        sent = send(running.bootstrap, topic, _payments(shop, name, rate, rate * (seconds + _WARM_SECONDS), 1), rate)
        heard.wait_for(len(sent) + 1, 60)
        share = (_cpu(process) - cpu) / (time.monotonic() - begun)
        memories = (memory, _memory(process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        heard.stop()
    late = set(list(sent)[rate * _WARM_SECONDS :])
    found = _latencies(shop, topic, heard, late) if what == "sluice score" else _plain_latencies(heard, late)
    quantiles = tuple(found[min(len(found) - 1, int(part * len(found)))] for part in (0.5, 0.95, 0.99, 1))
    return Timed(what, rate, len(late), len(found), quantiles, round(share, 2), memories, round(os.getloadavg()[0], 1))


def _started(shop: DemoShop, brokers: str, what: str, topic: str, to: str) -> subprocess.Popen[bytes]:
    if what == "sluice score":
        return shop.start("score", MODEL, "--brokers", brokers, "--topic", topic, "--to", to, log="bench.txt")
    folder = (shop.root / "warehouse" / "prod.duckdb").resolve().parent / "models" / MODEL
    command = [sys.executable, "-m", "lab.stream.plain", brokers, topic, to, str(folder)]
    with (shop.root / "plain.txt").open("ab") as file:
        return subprocess.Popen(command, cwd=REPOSITORY, env=shop.environment, stdout=file, stderr=file)


def _payments(shop: DemoShop, name: str, rate: int, count: int, begin: int = 0) -> Iterator[dict[str, Any]]:
    """Payments of the demo's customers, cards and devices, drawn at random, in a time that goes on at the rate after the last."""
    known = shop.delivered()
    at = datetime.fromisoformat(shop.kept()[-1]["created_at"])
    dice = random.Random(begin)
    for number in range(begin, begin + count):
        moment = at + timedelta(microseconds=int(1e6 * number / rate))
        own = {"transaction_id": f"{name}-{number}", "created_at": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"}
        yield {**json.loads(dice.choice(known)), **own}


def _latencies(shop: DemoShop, topic: str, heard: Listener, late: set[str]) -> list[float]:
    del heard
    return sorted(row[6] for row in shop.scores() if row[7] == topic and row[0].removeprefix("payments:") in late)


def _plain_latencies(heard: Listener, late: set[str]) -> list[float]:
    return sorted(score["latency"] for name, (_, score) in heard.first.items() if name in late)


def _cpu(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: subprocess.Popen[bytes]) -> int:
    pages = Path(f"/proc/{process.pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20


def table(found: Sequence[Timed]) -> str:
    """The runs as a table in Markdown."""
    head = ("way", "a second", "scored", "p50 ms", "p95 ms", "p99 ms", "slowest ms", "cores", "MB before, after", "load")
    rows = [
        (one.what, f"{one.rate:,}", f"{one.scored:,} of {one.sent:,}", *(f"{ms:.1f}" for ms in one.quantiles),
         f"{one.cpu_share:.2f}", f"{one.megabytes[0]}, {one.megabytes[1]}", f"{one.load:.1f}")
        for one in found
    ]  # fmt: skip
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
