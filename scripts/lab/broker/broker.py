"""Apache Kafka as one process (KRaft: broker and controller in one), in a folder of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.broker.jars import java, kafka
from lab.broker.process import JavaServer, free_ports, listens
from sluice.core.errors import SluiceError

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

# One for all: what it names is in a folder of its own.
_CLUSTER = "c2x1aWNlLWxhYi1icm9rZQ"
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
# A misspelled topic must not come into being.
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=500
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
log.index.size.max.bytes=1048576
"""
_LOGGING = """
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c{{1}}: %m%n
"""
# A short run is cheaper with the first compiler alone; a long one is slower with it.
_QUICK = ("-XX:TieredStopAtLevel=1",)


class Broker:
    """A running broker. `bootstrap` is what clients connect to."""

    def __init__(self, folder: Path, port: int = 0, *, quick: bool = False) -> None:
        """Start a broker whose state and logs are in `folder`, on a free port if none is given.

        `quick` is for short runs. Raises SluiceError where Java or Maven is missing, or the broker does not start.
        """
        own, controller = free_ports(2)
        self.folder, self.port, self._quick = folder, port or own, quick
        self.bootstrap = f"127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self._properties, logging = folder / "server.properties", folder / "log4j2.properties"
        self._properties.write_text(_PROPERTIES.format(port=self.port, controller=controller, data=folder / "data"))
        logging.write_text(_LOGGING.format(log=folder / "broker-log.txt"))
        self._java = (f"-Dlog4j2.configurationFile={logging}", "-XX:+UseSerialGC", "-cp", f"{kafka()}/*")
        self._format()
        self._server = self._start()
        self._admin: AdminClient | None = None

    @property
    def pid(self) -> int:
        """The process id of the broker."""
        return self._server.pid

    def topic(self, name: str, partitions: int = 1, **settings: Any) -> str:
        """Create a topic and return its name; `settings` are those of Kafka, with _ for each dot."""
        from confluent_kafka.cimpl import NewTopic

        config = {key.replace("_", "."): str(value) for key, value in settings.items()}
        new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
        self.admin.create_topics([new])[name].result(timeout=60)
        return name

    @property
    def admin(self) -> AdminClient:
        """Kafka's own client for what is not data."""
        from confluent_kafka.admin import AdminClient

        self._admin = self._admin or AdminClient({"bootstrap.servers": self.bootstrap})
        return self._admin

    def crash(self) -> None:
        """End the broker as kill -9 does; `restart` brings it back with what it had."""
        self._server.kill()

    def restart(self) -> None:
        """Start it again in the same folder, on the same port."""
        self._server = self._start()

    def stop(self) -> None:
        """Stop the broker and wait for its end."""
        self._server.stop()

    def _format(self) -> None:
        arguments = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", _CLUSTER, "-c", str(self._properties)]
        command = [java(), "-Xmx256m", *_QUICK, *self._java, *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SluiceError(f"Kafka's storage cannot be prepared: {ended.stderr or ended.stdout}", where=str(self.folder))

    def _start(self) -> JavaServer:
        arguments = ["-Xms128m", "-Xmx512m", *(_QUICK if self._quick else ()), *self._java, "kafka.Kafka", str(self._properties)]
        server = JavaServer(self.folder, "broker", arguments)
        server.wait_for(lambda: listens(self.port))
        return server


@contextmanager
def running(folder: Path, port: int = 0, *, quick: bool = False) -> Iterator[Broker]:
    """A broker for as long as the block takes."""
    broker = Broker(folder, port, quick=quick)
    try:
        yield broker
    finally:
        broker.stop()
