"""The demo shop's payments and events through a broker: `python -m lab.broker.shop COMMAND...`.

Starts a broker whose data is in the lake's folder, because offsets in the lake are of its topics; sends the deliveries of DEMO
that it has not sent yet; runs the command with the broker's address in BROKERS, and ends with its exit code.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from confluent_kafka import Producer

from lab.broker import broker
from lab.broker.broker import Broker
from sluice.core.errors import SluiceError
from sluice.core.log import explain
from sluice.core.paths import lake_root

PARTITIONS = 4
TOPICS: Mapping[str, str] = {"payments": "payments/transactions/*.jsonl", "events": "web/events/*.jsonl.gz"}


def send(running: Broker, demo: Path, memory: Path) -> int:
    """Send the lines of files that `memory` does not have yet, in the order of their names; return how many lines."""
    sent: list[str] = json.loads(memory.read_text()) if memory.exists() else []
    known = running.admin.list_topics(timeout=30).topics
    count = 0
    for topic, pattern in TOPICS.items():
        if topic not in known:
            running.topic(topic, PARTITIONS, retention_ms=-1)
        for file in sorted(demo.glob(pattern)):
            name = file.relative_to(demo).as_posix()
            if name not in sent:
                count += _send_file(running, topic, file)
                sent.append(name)
                memory.write_text(json.dumps(sent))
    return count


def _send_file(running: Broker, topic: str, file: Path) -> int:
    producer = Producer({"bootstrap.servers": running.bootstrap, "enable.idempotence": True, "linger.ms": 20})
    number = 0
    for number, line in enumerate(_lines(file), 1):
        if not number % 10_000:
            producer.flush(60)
        producer.produce(topic, line, partition=number % PARTITIONS)
    if producer.flush(60):
        raise SluiceError(f"the broker did not take all of {file}", where=running.bootstrap)
    return number


def _lines(file: Path) -> Iterator[bytes]:
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    yield from (line for line in data.split(b"\n") if line.strip())


def main() -> int:
    """Run a command with the shop's topics filled."""
    demo, folder = Path(os.environ.get("DEMO") or "demo"), lake_root().absolute() / ".broker"
    try:
        with broker.running(folder) as running:
            print(f"broker: {send(running, demo, folder / 'sent.json'):,} messages sent", file=sys.stderr)
            environment = {**os.environ, "BROKERS": running.bootstrap}
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
    except SluiceError as error:
        return explain(error)


if __name__ == "__main__":
    sys.exit(main())
