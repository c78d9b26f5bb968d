"""Feeds of topics: what cannot work is said with its line, secrets are not shown, and a missing package is named."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.lake import contract

from sluice.core import extras
from sluice.core.errors import SluiceError
from sluice.ingest.feeds import load_feeds
from sluice.ingest.readers.kafka.feed import KafkaFeed

ROWS = {"test.rows": contract({"id": "bigint!"})}
HEAD = "feeds:\n  - source: test\n    table: rows\n    format: kafka\n    brokers: b:9092\n    topic: t\n"


def loaded(tmp_path: Path, text: str, **environment: str) -> KafkaFeed:
    path = tmp_path / "feeds.yml"
    path.write_text(HEAD + text)
    (feed,) = load_feeds([path], environment, ROWS)
    assert isinstance(feed, KafkaFeed)
    return feed


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("    client: {auto.offset.reset: earliest}\n", "`auto.offset.reset` is set by sluice", ":7"),
        ("    value: avro\n", "values in avro need `registry`", ":7"),
        ("    registry: http://r\n", "values in json have no schema", ":7"),
        ("    value: protobuf\n", "protobuf", ":7"),
        ("    start: middle\n", "middle", ":7"),
        ("    batch_messages: 0\n", "0", ":7"),
        ("    columns: {nothing: {from: x}}\n", "`nothing` is not a column of test.rows", ":7"),
    ],
    ids=["position", "avro", "registry", "value", "start", "batch", "column"],
)
def test_what_cannot_work_is_a_mistake_with_its_line(tmp_path: Path, text: str, what: str, line: str) -> None:
    with pytest.raises(SluiceError) as caught:
        loaded(tmp_path, text)
    assert what in f"{caught.value.what} {caught.value.hint}"
    assert line in caught.value.where


def test_secrets_come_by_reference_and_are_not_shown(tmp_path: Path) -> None:
    text = "    value: avro\n    registry: https://me:${PW}@r\n    client: {sasl.password: '${OTHER}', sasl.username: me}\n"
    feed = loaded(tmp_path, text, PW="p4ss", OTHER="s3cret")
    assert feed.client["sasl.password"] == "s3cret"
    assert feed.registry == "https://me:p4ss@r"
    shown = feed.shown("refused https://me:p4ss@r with s3cret") + repr(feed)
    assert "p4ss" not in shown
    assert "s3cret" not in shown


def test_without_the_package_it_says_which_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def found(name: str, *others: Any) -> Any:
        return None if name == "confluent_kafka" else find(name, *others)

    monkeypatch.setattr(extras, "find_spec", found)
    with pytest.raises(SluiceError) as caught:
        loaded(tmp_path, "").decoder()
    assert "the feed test.rows needs the package confluent_kafka" in caught.value.what
    assert "sluice-dataops[stream]" in caught.value.hint
