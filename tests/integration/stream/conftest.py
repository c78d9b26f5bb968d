"""A lake with one feed of a topic, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.kafka import LakeOfATopic, a_topic
from tests.helpers.lake import contract

from lab.broker.broker import Broker
from sluice.ingest.readers.kafka.feed import KafkaFeed


@pytest.fixture
def topic_of(tmp_path: Path, broker: Broker) -> Any:
    """A maker of lakes whose feed is a new topic: columns with their types, partitions, the feed's other keys."""

    def make(columns: Mapping[str, str], partitions: int = 1, key: tuple[str, ...] = (), **feed: Any) -> LakeOfATopic:
        topic = a_topic(broker, partitions)
        kind = KafkaFeed("test", "rows", **{"brokers": broker.bootstrap, "topic": topic, **feed})
        return LakeOfATopic(tmp_path, contract(columns, key), kind, broker=broker)

    return make
