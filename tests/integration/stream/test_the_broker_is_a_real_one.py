"""The broker and the registry of the tests keep what a production one keeps: messages over a crash, schemas compatible."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.error import HTTPError

import pytest
from confluent_kafka import Consumer, TopicPartition
from tests.helpers.kafka import a_topic, send

from lab.broker import jars
from lab.broker.broker import Broker
from lab.broker.registry import Registry
from sluice.core.errors import SluiceError

ORDER = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}'


def read(broker: Broker, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "test", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    messages = consumer.consume(count, timeout=30)
    consumer.close()
    return [message.value() or b"" for message in messages]


def test_it_keeps_messages_over_a_crash(broker: Broker) -> None:
    topic = a_topic(broker)
    send(broker, topic, ["one", "two"])
    crashed = broker.pid
    broker.crash()
    with pytest.raises(ProcessLookupError):
        os.kill(crashed, 0)
    broker.restart()
    assert read(broker, topic, 2) == [b"one", b"two"]


def test_it_makes_no_topic_of_a_misspelled_name(broker: Broker) -> None:
    assert "ordres" not in broker.admin.list_topics(timeout=30).topics
    with pytest.raises(AssertionError, match="UNKNOWN_TOPIC"):
        send(broker, "ordres", ["one"])


def test_the_registry_takes_only_schemas_that_read_what_older_ones_wrote(registry: Registry) -> None:
    first = registry.register("kept-value", ORDER)
    assert registry.register("kept-value", ORDER) == first
    with pytest.raises(HTTPError, match="409"):
        registry.register("kept-value", ORDER.replace('"id"', '"number"'))


def test_without_java_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SluiceError) as caught:
        jars.java()
    assert (caught.value.what, caught.value.hint) == ("java was not found", "install Java 17")
