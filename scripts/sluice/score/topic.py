"""The topic that events come from, and the one that scores go to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.readers.kafka.topic import OWN_SETTINGS, passing, quiet
from sluice.score.messages import Message
from sluice.score.serving import Score

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

# Nothing waits for more messages to come: one is given on as soon as it is there.
_AT_ONCE: Mapping[str, Any] = {
    "client.id": "sluice",
    "fetch.wait.max.ms": 20,
    "fetch.min.bytes": 1,
    "queued.max.messages.kbytes": 32768,
}
_PRODUCER: Mapping[str, Any] = {"client.id": "sluice", "enable.idempotence": True, "linger.ms": 1, "compression.type": "lz4"}
_PATIENCE = 30.0


class Source:
    """The messages of a topic, all partitions, from offsets that the caller knows."""

    def __init__(self, feed: KafkaFeed) -> None:
        """Connect. Raises SluiceError where a package is missing or the topic cannot be read."""
        need("confluent_kafka", "stream", f"the feed {feed.name}")
        from confluent_kafka import Consumer

        self._feed, self._decoder = feed, feed.decoder()
        config = {**_AT_ONCE, **feed.client, **OWN_SETTINGS, "enable.partition.eof": False}
        self._consumer = Consumer(
            {**config, "bootstrap.servers": feed.brokers, "group.id": feed.settings.group + ".score"}, logger=quiet()
        )
        self._next: dict[int, int] = {}

    def ends(self) -> dict[int, tuple[int, int]]:
        """The first offset that each partition still has, and the one after its last."""
        from confluent_kafka import KafkaException, TopicPartition

        try:
            known = self._consumer.list_topics(self._feed.topic, timeout=15).topics[self._feed.topic]
            if known.error is not None:
                raise self._failed(known.error)
            return {
                partition: self._consumer.get_watermark_offsets(TopicPartition(self._feed.topic, partition), timeout=15)
                for partition in sorted(known.partitions)
            }
        except KafkaException as error:
            raise self._failed(error.args[0]) from None

    def open(self, starts: Mapping[int, int]) -> None:
        """Read each partition from its offset on."""
        from confluent_kafka import TopicPartition

        self._next = dict(starts)
        self._consumer.assign([TopicPartition(self._feed.topic, partition, offset) for partition, offset in starts.items()])

    def take(self, most: int, seconds: float) -> list[Message]:
        """What is there, at most so much; waits until there is something. Raises SluiceError for what does not pass by itself."""
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        found = [message for message in (first, *self._consumer.consume(most - 1, 0)) if self._is_message(message)]
        if not found:
            return []
        lines, why = self._decoder.lines([message.value() for message in found])
        made = []
        for message, line, fault in zip(found, lines.to_pylist(), why.to_pylist(), strict=True):
            partition, offset = message.partition() or 0, message.offset() or 0
            self._next[partition] = offset + 1
            made.append(Message(line, fault, partition, offset, message.timestamp()[1] * 1000))
        return made

    def lag(self) -> int:
        """How many messages are in the topic that were not taken, as far as the client knows."""
        from confluent_kafka import TopicPartition

        ends = {
            partition: self._consumer.get_watermark_offsets(TopicPartition(self._feed.topic, partition), cached=True)[1]
            for partition in self._next
        }
        return sum(max(0, end - self._next[partition]) for partition, end in ends.items())

    def close(self) -> None:
        self._consumer.close()

    def _is_message(self, message: Any) -> bool:
        error = message.error()
        if error is None:
            return True
        if not (error.retriable() or error.code() in passing()):
            raise self._failed(error)
        return False

    def _failed(self, error: KafkaError) -> SluiceError:
        where = f"topic {self._feed.topic} of {self._feed.brokers}"
        return SluiceError(
            self._feed.shown(str(error.str())), where=where, hint="check `brokers`, `topic` and `client` of the feed"
        )


class Sink:
    """The topic of scores. After a kill some scores come again, with the same key and score."""

    def __init__(self, feed: KafkaFeed, topic: str, key: str, at: str) -> None:
        from confluent_kafka import Producer

        self._topic, self._key, self._at, self._from = topic, key, at, feed.topic
        self._failed: list[str] = []
        client = {name: value for name, value in feed.client.items() if not name.startswith(("fetch.", "queued."))}
        self._producer = Producer({**_PRODUCER, **client, "bootstrap.servers": feed.brokers}, logger=quiet())

    def send(self, scores: Sequence[Score], scored_at: int) -> None:
        """Send scores; `flush` says whether they have arrived."""
        for score in scores:
            value = json.dumps(self._document(score, scored_at), ensure_ascii=False)
            while True:
                try:
                    self._producer.produce(self._topic, value, score.key, on_delivery=self._delivered)
                    break
                except BufferError:
                    self._producer.poll(0.1)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until everything has arrived. Raises SluiceError where something has not."""
        left = self._producer.flush(_PATIENCE)
        if left or self._failed:
            what = self._failed[0] if self._failed else f"{left} scores have not arrived within {_PATIENCE:.0f} s"
            raise SluiceError(what, where=f"topic {self._topic}", hint="check the broker, then start it again: nothing is lost")

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failed.append(str(error.str()))

    def _document(self, score: Score, scored_at: int) -> dict[str, Any]:
        return {
            self._key: score.key,
            self._at: _moment(score.at),
            "scored_at": _moment(scored_at),
            "model": score.model,
            "model_version": score.version,
            "release_id": score.release_id,
            "role": score.role,
            "score": score.score,
            "threshold": score.threshold,
            "is_alert": score.is_alert,
            "reasons": [vars_of(reason) for reason in score.reasons],
            "source": {"topic": self._from, "partition": score.partition, "offset": score.offset},
        }


def vars_of(reason: Any) -> dict[str, Any]:
    """A reason as a document."""
    return {
        "feature": reason.feature, "words": reason.words, "value": reason.value, "contribution": reason.contribution,
    }  # fmt: skip


def _moment(microseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
