"""A topic as it is read: the partitions at hand, how far each is in the lake, and messages that have not landed yet."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, cast

from deltalake import DeltaTable

from sluice.core.errors import SluiceError
from sluice.core.text import plural
from sluice.lake import raw

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message
    from confluent_kafka.admin import AdminClient

# Memory: what the client fetches ahead, and what a batch may hold.
AHEAD_KILOBYTES = 65536
BATCH_BYTES = 1 << 27
CHUNK = 20_000
# Seconds in which a broker has to answer a question, and in which `sluice ingest` has to hear of more messages.
ANSWER, PATIENCE = 15.0, 60.0
# The client's settings that decide where reading continues.
OWN_SETTINGS: Mapping[str, str | int | bool] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    # Offsets that are gone are an error: data would be lost in silence.
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
}
_DEFAULTS: Mapping[str, str | int | bool] = {
    "client.id": "sluice",
    "queued.max.messages.kbytes": AHEAD_KILOBYTES,
    # How long the partitions of a process that was killed wait for another one.
    "session.timeout.ms": 10_000,
    # A batch may have to wait for another command that writes to the lake.
    "max.poll.interval.ms": 1_800_000,
}


@dataclass(frozen=True)
class TopicSettings:
    """Where a topic is and how it is begun; `client` are settings of librdkafka."""

    feed: str
    brokers: str
    topic: str
    group: str
    start: Literal["earliest", "latest"] = "earliest"
    client: Mapping[str, str | int | bool] = field(default_factory=dict)

    def mark(self, partition: int) -> str:
        """The transaction that says how far a partition is in the lake."""
        return f"kafka:{self.topic}:{partition}"

    @property
    def begun(self) -> str:
        """The transaction that says which topic of this name is read: it may be deleted and created again."""
        return f"kafka:{self.topic}"


class LostError(SluiceError):
    """Messages that have never been read are gone from the topic."""


@dataclass
class _Read:
    """A partition: the mark as it was found in the lake, from where on the messages at hand are, and where they end."""

    mark: int | None
    start: int
    next: int
    end: int


class Topic:
    """The messages of a topic that come after those in the lake, of the partitions that this process reads.

    `accept_loss`: whether to go on with the oldest message there is where earlier ones are gone; `losses` says what was lost.
    """

    def __init__(self, settings: TopicSettings, table: raw.RawTable, limit: int, *, accept_loss: bool = False) -> None:
        self.settings, self.losses = settings, []  # type: TopicSettings, list[str]
        self.values: list[bytes | None] = []
        self.partitions: list[int] = []
        self.offsets: list[int] = []
        self.bytes = 0
        self.newest_ms: int | None = None
        self.reads: dict[int, _Read] = {}
        self.identity = 0
        self.trouble = ""
        self._table, self._limit, self._accept_loss, self._is_new = table, limit, accept_loss, False
        self._consumer = self._connected()

    def __enter__(self) -> Topic:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the brokers, and the group."""
        self._consumer.close()

    def open_all(self) -> None:
        """Read every partition, alone. Raises SluiceError where the topic cannot be read."""
        self._consumer.assign(self._begun(self._known()))

    def join(self) -> None:
        """Read the partitions that the group's other members leave. Raises SluiceError where the topic cannot be read."""
        self._known()
        self._consumer.subscribe([self.settings.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)

    @property
    def is_full(self) -> bool:
        """Whether the batch is as large as it may be."""
        return len(self.values) >= self._limit or self.bytes >= BATCH_BYTES

    @property
    def is_done(self) -> bool:
        """Whether everything that was there when the topic was opened has been read."""
        return all(read.next >= read.end for read in self.reads.values())

    @property
    def share(self) -> float:
        """How much of what was there when the topic was opened has been read: 0 to 1."""
        left = sum(max(0, read.end - read.next) for read in self.reads.values())
        read = sum(max(0, read.next - (read.mark or 0)) for read in self.reads.values())
        return read / (read + left) if read + left else 1.0

    def fill(self) -> None:
        """Read a batch, or to the end. Raises SluiceError where the broker says nothing for a minute."""
        heard = time.monotonic()
        while not (self.is_full or self.is_done):
            if self.fetch(1.0):
                heard = time.monotonic()
            elif time.monotonic() - heard > PATIENCE:
                raise SluiceError(f"the broker says nothing since {PATIENCE:.0f} s", where=self._where)

    def fetch(self, seconds: float) -> bool:
        """Take what has come, or comes within so many seconds; whether anything did.

        Raises SluiceError for what does not pass by itself, LostError where messages are gone.
        """
        room = min(CHUNK, self._limit - len(self.values))
        messages: Sequence[Message] = self._asked(lambda: self._consumer.consume(room, seconds)) if room > 0 else []
        events = [message for message in messages if message.error()]
        if events:
            messages = [message for message in messages if not message.error()]
        self._take(messages)
        for event in events:
            self._hear(event)
        return bool(messages or events)

    def landed(self) -> None:
        """What is at hand is in the lake."""
        for read in self.reads.values():
            if read.start != read.next:
                read.mark = read.start = read.next
        self.losses.clear()
        self._forget()

    def back_to_the_lake(self) -> None:
        """Let go of what is at hand, and read on from where the lake is now."""
        self._forget()
        self._consumer.assign(self._begun(self.reads))

    def marks(self) -> dict[int, int | None]:
        """How far each partition at hand is in the lake, as it is now."""
        delta = self._table.open()
        return {partition: self._mark(delta, partition) for partition in self.reads}

    def lag(self) -> int:
        """How many messages there are that have not landed, as far as the client knows."""
        from confluent_kafka import TopicPartition

        behind = 0
        for partition, read in self.reads.items():
            _, end = self._consumer.get_watermark_offsets(TopicPartition(self.settings.topic, partition), cached=True)
            behind += max(0, max(end, read.end) - (read.start if self.values else read.next))
        return behind

    @property
    def _where(self) -> str:
        return f"topic {self.settings.topic} of {self.settings.brokers}"

    @property
    def _config(self) -> dict[str, Any]:
        """The settings of every client of the brokers."""
        return {**self.settings.client, "bootstrap.servers": self.settings.brokers, "error_cb": self._trouble}

    def _trouble(self, error: KafkaError) -> None:
        self.trouble = _said(error)

    def _connected(self) -> Consumer:
        from confluent_kafka import Consumer, KafkaException

        try:
            return Consumer({**_DEFAULTS, **self._config, **OWN_SETTINGS, "group.id": self.settings.group}, logger=quiet())
        except KafkaException as error:
            raise SluiceError(_said(error.args[0]), where=self._where, hint="correct `client` in the feeds file") from None

    def _known(self) -> list[int]:
        """The partitions there are. The first time, the commit that begins the topic says where, for all of them."""
        from confluent_kafka.admin import AdminClient

        known = self._asked(lambda: self._consumer.list_topics(self.settings.topic, timeout=ANSWER)).topics[self.settings.topic]
        if known.error is not None:
            raise SluiceError(_said(known.error), where=self._where, hint="check `topic`, and who may read it")
        self.identity = identity(AdminClient(self._config, logger=quiet()), self.settings.topic)
        begun = self._table.open().transaction_version(self.settings.begun)
        if begun is None:
            marks = {self.settings.begun: self.identity}
            if self.settings.start == "latest":
                marks |= {self.settings.mark(partition): self._ends(partition)[1] for partition in known.partitions}
            with suppress(raw.OutrunError):  # another process was first
                raw.land(self._table, "", None, marks, None, {self.settings.begun: None})
        elif self.identity and begun and begun != self.identity:
            self._lose("the topic was deleted and created again: its offsets are others than those that were read")
            self._is_new = True
        return sorted(known.partitions)

    def _mark(self, delta: DeltaTable, partition: int) -> int | None:
        """How far a partition is in the lake: the offset that comes next."""
        return delta.transaction_version(self.settings.mark(partition))

    def _ends(self, partition: int) -> tuple[int, int]:
        from confluent_kafka import TopicPartition

        where = TopicPartition(self.settings.topic, partition)
        found: tuple[int, int] = self._asked(lambda: self._consumer.get_watermark_offsets(where, timeout=ANSWER))
        return found

    def _begun(self, partitions: Iterable[int]) -> list[Any]:
        """Each partition with the offset to begin with; remembered as what is read from now on."""
        from confluent_kafka import TopicPartition

        delta, begun = self._table.open(), []
        for partition in list(partitions):
            mark = self._mark(delta, partition)
            low, high = self._ends(partition)
            # A partition without a mark is read from its first message: it is new, or the topic is read from the earliest.
            start = low if mark is None or self._is_new else self._kept(partition, mark, low, high)
            self.reads[partition] = _Read(mark, start, start, high)
            begun.append(TopicPartition(self.settings.topic, partition, start))
        return begun

    def _kept(self, partition: int, mark: int, low: int, high: int) -> int:
        """The offset to go on with. Raises LostError where the partition has it not any more, or not yet."""
        if low <= mark <= high:
            return mark
        if mark < low:
            gone = plural(low - mark, "message")
            self._lose(f"{gone} of partition {partition} were deleted before they were read: offsets {mark} to {low - 1}")
        else:
            self._lose(f"partition {partition} ends at offset {high}, and {mark} had been read: the topic was cut")
        return low

    def _lose(self, what: str) -> None:
        if not self._accept_loss:
            hint = "sluice stream --accept-loss goes on with the oldest message there is, and records what was lost"
            raise LostError(what, where=self._where, hint=hint)
        self.losses.append(what)

    def _assigned(self, _: Consumer, partitions: Sequence[Any]) -> None:
        self.reads.clear()
        self._forget()
        self._consumer.assign(self._begun(one.partition for one in partitions))

    def _revoked(self, _: Consumer, partitions: Sequence[Any]) -> None:
        """Let go of what is at hand of partitions that another member reads now: it begins where the lake is."""
        gone = {one.partition for one in partitions}
        for partition in gone:
            self.reads.pop(partition, None)
        kept = [place for place, partition in enumerate(self.partitions) if partition not in gone]
        self.values = [self.values[place] for place in kept]
        self.offsets = [self.offsets[place] for place in kept]
        self.partitions = [self.partitions[place] for place in kept]

    def _take(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        partitions = cast("list[int]", [one.partition() for one in messages])
        offsets = cast("list[int]", [one.offset() for one in messages])
        # The last offset of each partition: they are in order.
        ends = dict(zip(partitions, offsets, strict=True))
        if not ends.keys() <= self.reads.keys():  # of a partition that was given away meanwhile
            self._take([one for one in messages if one.partition() in self.reads])
            return
        values = cast("list[bytes | None]", [one.value() for one in messages])
        self.values += values
        self.partitions += partitions
        self.offsets += offsets
        self.bytes += sum(map(len, filter(None, values)))
        self.newest_ms = messages[-1].timestamp()[1]
        for partition, offset in ends.items():
            self.reads[partition].next = offset + 1

    def _hear(self, event: Message) -> None:
        from confluent_kafka import KafkaError

        error, partition = event.error(), event.partition()
        assert error is not None
        if error.code() == KafkaError._PARTITION_EOF:
            if (read := self.reads.get(partition or 0)) is not None:  # behind the last message there may be marks of transactions
                read.next = max(read.next, event.offset() or 0)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            self.back_to_the_lake()  # raises LostError, which says what is gone, unless that is accepted
        elif not (error.retriable() or error.code() in passing()):
            raise SluiceError(_said(error), where=self._where)

    def _forget(self) -> None:
        self.values, self.partitions, self.offsets, self.bytes = [], [], [], 0

    def _asked(self, question: Callable[[], Any]) -> Any:
        from confluent_kafka import KafkaException

        try:
            return question()
        except KafkaException as error:
            raise SluiceError(
                _said(error.args[0]), where=self._where, hint="check `brokers` and `client` in the feeds file"
            ) from None


def identity(admin: AdminClient, topic: str) -> int:
    """A number for the id that Kafka gave the topic when it was created; 0 where it does not tell."""
    from confluent_kafka import KafkaException, TopicCollection

    try:
        found = admin.describe_topics(TopicCollection([topic]), request_timeout=ANSWER)[topic].result()
    except KafkaException:
        return 0
    return int.from_bytes(hashlib.sha256(str(found.topic_id).encode()).digest()[:7], "big")


def _said(error: KafkaError) -> str:
    return str(error.str())


def passing() -> set[int]:
    """Errors of the connection, which the client gets over by itself."""
    from confluent_kafka import KafkaError

    return {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._TIMED_OUT,
            KafkaError._MAX_POLL_EXCEEDED}  # fmt: skip


def quiet() -> logging.Logger:
    """A log that nobody reads: the client would write on stderr what it reports as errors, too."""
    logger = logging.getLogger("sluice.kafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
