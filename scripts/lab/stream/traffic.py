"""Payments sent to a topic at a rate, and the scores that come back as they arrive."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, Producer


def send(brokers: str, topic: str, records: Iterable[Mapping[str, Any]], rate: float) -> dict[str, float]:
    """Send records, so many a second; the time at which each was produced, by transaction. Waits until the broker has all."""
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 0, "enable.idempotence": True})
    sent: dict[str, float] = {}
    begun = time.monotonic()
    for number, record in enumerate(records):
        wait = begun + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)  # poll(wait) would end with the first report of a delivery, and the rate would not be kept
        producer.poll(0)
        sent[str(record["transaction_id"])] = time.time()
        producer.produce(topic, json.dumps(record), str(record["transaction_id"]))
    assert producer.flush(60) == 0
    return sent


class Listener:
    """Hears the topic of scores. `first` has each payment's first score, and when it arrived."""

    def __init__(self, brokers: str, topic: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": brokers, "group.id": "listener", "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10}
        )
        self._consumer.subscribe([topic])
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self.first: dict[str, tuple[float, dict[str, Any]]] = {}
        self.heard = 0
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()
        self._consumer.close()

    def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until so many payments have a score; whether they have."""
        until = time.monotonic() + seconds
        while len(self.first) < count and time.monotonic() < until:
            time.sleep(0.05)
        return len(self.first) >= count

    def _hear(self) -> None:
        while not self._ended.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                score = json.loads(message.value() or b"")
                self.heard += 1
                self.first.setdefault(score["payment_id"], (time.time(), score))
