"""(j) What a stream costs: JSON events of a topic into the lake by one process, and whether its memory grows; beside Spark.

As a program: the arguments are the broker's address, the topic, the number of events and the lake.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.bench.spark.pair import LOCK, spark_landed
from lab.broker import broker
from lab.places import REPOSITORY
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.run import prepare
from sluice.lake import raw
from sluice.lake.contracts import Column, Contract
from sluice.stream.running import Running, Streamed

PARTITIONS = 4
BATCH = KafkaFeed.batch_messages
AIM = 100_000
COLUMNS = {
    "payment_id": "bigint", "paid_at": "timestamp", "card_fingerprint": "varchar", "customer_id": "bigint", "merchant": "varchar",
    "amount": "decimal(12,2)", "currency_code": "varchar", "country_code": "varchar", "is_online": "boolean",
}  # fmt: skip
CONTRACT = Contract("bench", "payments", tuple(Column(name, kind, name == "payment_id") for name, kind in COLUMNS.items()), ())


def bench_streams(root: Path, events: int, runs: int) -> dict[str, Any]:
    """Fill a topic, then land it; the median run by processor seconds. `root` is scratch."""
    shutil.rmtree(root / "broker", ignore_errors=True)
    found, spark = [], dict[str, Any]()
    with broker.running(root / "broker") as running:
        topic = running.topic("payments", PARTITIONS)
        size = _fill(running, topic, events)
        for number in range(runs):
            found.append(_landed(running, topic, events, root / f"lake-{number}"))
        if LOCK.exists():
            spark = spark_landed(running, topic, events, BATCH, root)
    shutil.rmtree(root / "broker")
    median = sorted(found, key=lambda one: float(one["processor_seconds"]))[len(found) // 2]
    return {"events": events, "bytes": size, "runs": runs, **median, "spark": spark}


def section(report: Mapping[str, Any]) -> str:
    """The page's part."""
    if "streams" not in report:
        return ""
    found = report["streams"]
    rate, cpu = found["events"] / found["seconds"], found["processor_seconds"] / found["events"] * 1e6
    memory = " | ".join(f"{mib:,}" for mib in found["mib_at_tenths"][1::2])
    return f"""
## (j) A stream

{found["events"]:,} JSON events of {found["bytes"]} bytes and {len(COLUMNS)} columns, from {PARTITIONS} partitions of a Kafka
broker on the same machine into the lake: the loop of `sluice stream` in one process, {found["runs"]} run(s) on
{report["streams_on"]}, with a load of {found["load"]} on {os.cpu_count()} cores. The aim is {AIM:,} a second, which is 20
processor seconds a million on two cores that do nothing else. The clock begins with the first message; the broker's own
work is beside it.

| events a second | processor seconds a million | of the broker | batches | peak MiB |
| ---: | ---: | ---: | ---: | ---: |
| {rate:,.0f} | {cpu:.1f} | {found["broker_seconds"] / found["events"] * 1e6:.1f} | {found["batches"]} | {found["peak_mib"]:,} |

Resident memory, in MiB, after 2, 4, 6, 8 and 10 tenths of the events: {memory.replace(" | ", ", ")}.
{_beside(found["spark"], cpu)}"""


def _beside(spark: Mapping[str, Any], cpu: float) -> str:
    if not spark:
        return ""
    theirs = spark["processor_seconds"] / spark["events"] * 1e6
    return f"""
Spark Structured Streaming (pyspark 4.2.0, two threads, batches of {BATCH:,}) on the same topic, its JSON parsed to the same
columns and written to a Delta table, which checks no contract and quarantines nothing: {theirs:.1f} processor seconds a million
after its first batch, {theirs / cpu:.1f} times as many, at {spark["events"] / spark["seconds"]:,.0f} events a second. With its
start and its first batch it took {spark["whole_seconds"]:,.0f} processor seconds.
"""


def _fill(running: broker.Broker, topic: str, events: int) -> int:
    """Produce the events; gives the size of the last one."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": running.bootstrap, "linger.ms": 50, "compression.type": "lz4"})
    value = ""
    for number in range(events):
        value = (
            f'{{"payment_id": {number}, "paid_at": "2026-01-{1 + number % 28:02d}T10:{number % 60:02d}:{number % 59:02d}.123456",'
            f' "card_fingerprint": "card-{number * 7919 % 1_000_003:07d}", "customer_id": {number * 31 % 100_003},'
            f' "merchant": "merchant {number % 997}", "amount": {number * 37 % 100_000 / 100:.2f}, "currency_code": "EUR",'
            f' "country_code": "DE", "is_online": {"true" if number % 2 else "false"}}}'
        )
        while True:
            try:
                producer.produce(topic, value, partition=number // 1000 % PARTITIONS)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(120) == 0
    return len(value)


def _landed(running: broker.Broker, topic: str, events: int, lake: Path) -> dict[str, Any]:
    before = _seconds_of(running.pid)
    command = [sys.executable, "-m", "lab.bench.streams", running.bootstrap, topic, str(events), str(lake)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")}
    done = subprocess.run(command, env=environment, check=True, text=True, stdout=subprocess.PIPE)
    shutil.rmtree(lake)
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "broker_seconds": round(_seconds_of(running.pid) - before, 2), "load": round(os.getloadavg()[0], 1)}


def _seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _own() -> tuple[float, int]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def main() -> None:
    """Land a topic and print what it took."""
    address, topic, count, place = sys.argv[1:]
    events, lake, memory = int(count), Path(place), list[int]()
    prepare(lake, {CONTRACT.name: CONTRACT})
    feed = KafkaFeed(CONTRACT.source, CONTRACT.table, brokers=address, topic=topic)
    running = Running(feed, raw.RawTable(CONTRACT, lake), Streamed(lake, "bench", "1GB", False))
    while not (running._topic and running._topic.values):
        running.step(0.05)
    started, (processor, _) = time.monotonic(), _own()
    while running.report.rows_landed < events:
        at_hand = len(running._topic.values) if running._topic else 0
        running.step(0.2, ends=running.report.rows_landed + at_hand >= events)
        if running.report.rows_landed * 10 // events >= len(memory):
            memory.append(_resident())
    now, peak = _own()
    seconds = time.monotonic() - started
    running.close()
    figures = {"seconds": round(seconds, 2), "processor_seconds": round(now - processor, 2), "peak_mib": peak}
    print(json.dumps({**figures, "batches": running.report.batches, "mib_at_tenths": memory}))


if __name__ == "__main__":
    main()
