"""A real broker and a real registry for tests, and messages in a topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeVar, cast

import pytest
from confluent_kafka import Producer
from tests.helpers.lake import LakeOfOneFeed

from lab.broker.broker import Broker
from lab.broker.registry import Registry
from sluice.core.errors import SluiceError
from sluice.ingest.readers.kafka.feed import KafkaFeed

_numbers = count(1)
_Server = TypeVar("_Server", Broker, Registry)


@contextmanager
def a_broker(folder: Path) -> Iterator[Broker]:
    """A broker for as long as the block takes; skips, saying so, without Java or what Maven gets."""
    yield from _running(lambda: Broker(folder, quick=True))


@contextmanager
def a_registry(folder: Path) -> Iterator[Registry]:
    """A schema registry for as long as the block takes; skips, saying so, without Java or what Maven gets."""
    yield from _running(lambda: Registry(folder, quick=True))


def _running(start: Callable[[], _Server]) -> Iterator[_Server]:
    try:
        server = start()
    except SluiceError as error:
        pytest.skip(f"without a broker: {error.what}")
    try:
        yield server
    finally:
        server.stop()


def a_topic(broker: Broker, partitions: int = 1, **settings: object) -> str:
    """A new topic of its own."""
    return broker.topic(f"topic-{next(_numbers)}", partitions, **settings)


def send(broker: Broker, topic: str, values: Iterable[bytes | str | None], partition: int = 0, key: bytes | None = None) -> None:
    """Send messages and wait until the broker has them all."""
    failed: list[object] = []
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5, "topic.metadata.propagation.max.ms": 500})
    for value in values:
        producer.produce(topic, value, key, partition, on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(60) == 0
    assert not failed, failed[0]


@dataclass
class LakeOfATopic(LakeOfOneFeed):
    """A lake, a contract, and a feed of a topic."""

    broker: Broker = field(kw_only=True)

    @property
    def topic(self) -> str:
        """The name of the topic."""
        return cast("KafkaFeed", self.feed).topic

    def send(self, *values: bytes | str | None, partition: int = 0) -> None:
        """Send messages and wait until the broker has them."""
        send(self.broker, self.topic, values, partition)
