"""Look at topics of Kafka: columns from their first messages, which are JSON objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.readers.kafka.topic import Topic
from sluice.ingest.readers.kafka.values import Decoder
from sluice.lake import raw
from sluice.lake.contracts import Contract
from sluice.source.facts import TableFacts
from sluice.source.look import facts, of_lines
from sluice.source.vocabulary import snake

_SCHEME = "kafka://"
# Messages of a topic that are looked at.
SAMPLE = 20_000


def is_topic(text: str) -> bool:
    """Whether it is the address of a topic, kafka://broker:9092/topic, and not a path."""
    return text.startswith(_SCHEME)


def look_at_topics(connection: duckdb.DuckDBPyConnection, source: str, addresses: Sequence[str]) -> list[TableFacts]:
    """The facts of each topic. Raises SluiceError where one cannot be read, or its messages are not JSON objects."""
    need("confluent_kafka", "stream", "a source of topics")
    return [_look(connection, source, address) for address in addresses]


def _look(connection: duckdb.DuckDBPyConnection, source: str, address: str) -> TableFacts:
    brokers, _, name = address.removeprefix(_SCHEME).rpartition("/")
    if not brokers or not name:
        raise SluiceError("a topic is given as kafka://broker:9092/topic", where=address)
    table = snake(name)
    lines, is_sample = _first(KafkaFeed(source, table, brokers=brokers, topic=name))
    readable = pa.table({"line": lines.drop_null()})
    if not len(readable):
        hint = "of Avro and JSON Schema, write the feed yourself (docs/streaming.md)" if len(lines) else "send some first"
        raise SluiceError("has no messages in JSON to look at", where=address, hint=hint)
    connection.register("arrived", readable)
    connection.execute("create or replace temp table looked as select line, 0 as __file from arrived")
    connection.unregister("arrived")
    feed = {"format": "kafka", "brokers": f"${{{source.upper()}_BROKERS:-{brokers}}}", "topic": name}
    return replace(facts(connection, table, feed, of_lines(connection, address)), is_sample=is_sample)


def _first(feed: KafkaFeed) -> tuple[pa.Array, bool]:
    """The lines of the first messages, null where one is not text; and whether there are more."""
    contract = Contract(feed.source, feed.table, (), ())
    with TemporaryDirectory(prefix="sluice-topic-") as lake:
        table = raw.RawTable(contract, Path(lake))
        raw.ensure(table)
        with Topic(feed.settings, table, SAMPLE) as topic:
            topic.open_all()
            topic.fill()
            lines, _ = Decoder("json", None).lines(topic.values)
            return lines, not topic.is_done
