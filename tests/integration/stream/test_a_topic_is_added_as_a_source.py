"""`sluice source add` with kafka://broker/topic: columns from its first messages, and a feed that lands them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.kafka import a_topic, send
from tests.helpers.new_source import sluice, small_project

from lab.broker.broker import Broker
from sluice.ingest.feeds import load_feeds
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.lake.contracts import load_contracts
from sluice.source import kafka, trial


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = small_project(tmp_path)
    monkeypatch.chdir(folder)
    return folder


def test_its_first_messages_make_a_contract(
    project: Path, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = a_topic(broker, partitions=2)
    values = [f'{{"id": {n}, "paid_at": "2025-01-{n % 28 + 1:02d}T10:00:00Z", "amount": {n}.25}}' for n in range(40)]
    send(broker, topic, values)
    send(broker, topic, [b"\xff", "not JSON"], partition=1)
    assert sluice("source", "add", "acme", f"kafka://{broker.bootstrap}/{topic}", "--yes").code == 0
    (feed,) = load_feeds([Path("feeds/acme.yml")])
    assert isinstance(feed, KafkaFeed)
    assert (feed.brokers, feed.topic, feed.value) == (broker.bootstrap, topic, "json")
    contracts = load_contracts(project)
    columns = {column.name: column.type for column in contracts[feed.name].columns}
    assert columns == {"id": "bigint", "paid_at": "timestamp", "amount": "decimal(18,2)"}
    monkeypatch.setattr(KafkaFeed, "batch_messages", 200_000)
    (landed,) = trial.land([feed], contracts, tmp_path / "trial", lambda *_: None)
    assert (landed.report.rows_landed, landed.report.rows_quarantined, landed.is_sample) == (40, 2, True)


@pytest.mark.usefixtures("project")
def test_what_cannot_be_looked_at_is_said(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = a_topic(broker)
    monkeypatch.setattr(kafka, "SAMPLE", 3)
    address = f"kafka://{broker.bootstrap}/{topic}"
    add = ("source", "add", "acme", "--yes")
    assert "has no messages in JSON to look at" in str(sluice(*add, address).error)
    send(broker, topic, [b"\xff"] * 3)
    done = sluice(*add, address)
    assert done.error is not None
    assert (done.code, done.error.hint.partition(" (")[0]) == (2, "of Avro and JSON Schema, write the feed yourself")
    assert "a topic is given as kafka://broker:9092/topic" in str(sluice(*add, "kafka://x").error)
