"""Topics of Kafka: messages in JSON or, by a schema registry, in Avro or JSON Schema.

`sluice ingest` reads a topic once up to its end, `sluice stream` goes on. How far each partition was read is a mark in the
commit that holds its rows, and nothing else decides where reading continues: offsets are never committed to the broker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.ingest.landing import FeedReport, Work, write_streamed_records
from sluice.ingest.readers.kafka.landing import land_messages
from sluice.ingest.readers.kafka.topic import OWN_SETTINGS, Topic, TopicSettings
from sluice.ingest.readers.kafka.values import Decoder
from sluice.ingest.readers.protocol import Feed, Mistake
from sluice.ingest.readers.spelled import Spelled
from sluice.lake.contracts import Contract

# Words in names of the client's settings whose values are shown nowhere.
_SECRETS = ("password", "secret", "key", "token", "jaas", "userinfo")


@dataclass(frozen=True, kw_only=True)
class KafkaFeed(Spelled, Feed):
    """A feed of one topic of Kafka. Its rows have the partition as `_file` and the offset as `_position`."""

    extensions = ("delta",)
    # Whether to end after the first batch.
    only_first: ClassVar[bool] = False

    brokers: Annotated[str, Field(min_length=1, description="addresses of brokers: host:port, separated by commas")]
    topic: Annotated[str, Field(min_length=1, description="name of the topic")]
    value: Annotated[
        Literal["json", "avro", "json_schema"], Field(description="how values are written; all but json need a registry")
    ] = "json"
    registry: Annotated[
        str | None, Field(min_length=1, description="address of the schema registry, which may hold user:password@")
    ] = field(default=None, repr=False)
    start: Annotated[Literal["earliest", "latest"], Field(description="where a topic is begun that has never been read")] = (
        "earliest"
    )
    group: Annotated[str | None, Field(min_length=1, description="group in which streams share the partitions")] = None
    batch_messages: Annotated[StrictInt, Field(ge=1, le=1_000_000, description="a batch lands at this number of messages")] = (
        200_000
    )
    batch_seconds: Annotated[float, Field(gt=0, description="a stream lands what it has after this many seconds")] = 30.0
    client: Annotated[
        Mapping[str, StrictStr | StrictInt | StrictBool],
        Field(description="settings of librdkafka, by its names: security and more"),
    ] = field(default_factory=dict, repr=False)

    @property
    def origin(self) -> str:
        return f"{self.topic} of {self.brokers}"

    @property
    def settings(self) -> TopicSettings:
        """What reading the topic needs."""
        group = self.group or f"sluice.{self.name}"
        return TopicSettings(self.name, self.brokers, self.topic, group, self.start, self.client)

    def shown(self, text: str) -> str:
        secrets = [str(value) for name, value in self.client.items() if any(word in name.lower() for word in _SECRETS)]
        if self.registry and "@" in self.registry:
            secrets.append(self.registry.partition("://")[2].rpartition("@")[0])
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text

    def mistakes(self, contract: Contract) -> Iterator[Mistake]:
        """What cannot work: settings that decide about positions, a registry that is missing or serves nothing."""
        for name in self.client:
            if name in OWN_SETTINGS:
                yield Mistake(("client", name), f"`{name}` is set by sluice, which keeps positions in the lake", "leave it out")
        if (self.value == "json") != (self.registry is None):
            if self.registry is None:
                yield Mistake(("value",), f"values in {self.value} need `registry`", "give the address of the schema registry")
            else:
                yield Mistake(("registry",), "values in json have no schema", "leave `registry` out, or set `value`")
        yield from Spelled.mistakes(self, contract)

    def decoder(self) -> Decoder:
        """What makes lines of JSON of values. Raises SluiceError where a package is missing."""
        need("confluent_kafka", "stream", f"the feed {self.name}")
        return Decoder(self.value, self.registry)

    def ingest(self, work: Work) -> FeedReport:
        decoder = self.decoder()
        report = FeedReport(self.name)
        with Topic(self.settings, work.table, self.batch_messages) as topic:
            topic.open_all()
            while not topic.is_done:
                work.tell("reading", topic.share)
                topic.fill()
                report += land_messages(work, self, topic, decoder)
                if self.only_first:
                    break
        if not report.batches:
            report = replace(report, files_known=len(topic.reads))
        try:
            write_streamed_records(work.table)
        except SluiceError as error:
            if work.unrecorded is None:
                raise
            work.unrecorded.append(f"its batches have landed, the next run records them: {error.what} ({error.where})")
        return report


@dataclass(frozen=True, kw_only=True)
class _FirstMessages(KafkaFeed):
    only_first = True


def first_messages(feed: KafkaFeed) -> KafkaFeed:
    """The same feed, which ends after its first batch: for a trial."""
    return _FirstMessages(**{one.name: getattr(feed, one.name) for one in fields(feed)})
