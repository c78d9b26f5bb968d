"""Score: events of a topic as they come, by the model of the release that an environment points to."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sluice.alerts.after import after_run
from sluice.core import log
from sluice.core.errors import UNUSABLE, SluiceError
from sluice.core.paths import lake_root
from sluice.core.run_id import run_id
from sluice.environments.context import here
from sluice.environments.resolve import recorded
from sluice.history import recording
from sluice.history.kinds import ScoringEntry, StepEntry
from sluice.history.recording import as_step, learn
from sluice.ingest.feeds import load_feeds
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.ingest.readers.kafka.topic import TopicSettings
from sluice.lake import raw
from sluice.lake.contracts import Contract, load_contracts
from sluice.score import restore
from sluice.score.lake import ScoreTable, landed
from sluice.score.measured import Measured
from sluice.score.run import Loop
from sluice.score.serving import Release, Serving
from sluice.score.switch import Switch
from sluice.score.topic import Sink, Source

# The other threads load releases and write to the lake; none of them may hold the interpreter for long.
_SWITCH_SECONDS = 0.001
# Events are kept by the hundred thousand, in no circles: to look through all of them for garbage takes long, and finds none.
_RARELY = (50_000, 20, 1000)


@dataclass(frozen=True)
class Where:
    """Which topic is scored, where scores go besides the lake, and whose model is tried in the shadow."""

    feeds: tuple[Path, ...] = ()
    brokers: str | None = None
    topic: str | None = None
    to: str | None = None
    challenger: str | None = None


@dataclass(frozen=True)
class ScoreReport:
    """What one run of `sluice score` did. Latencies are in ms, from produced to scored."""

    run_id: str
    model: str
    environment: str
    release_id: str
    model_version: str
    messages: int
    events: int
    scored: int
    alerts: int
    refused: int
    seconds: float
    latency_p50: float | None
    latency_p99: float | None


@as_step("score")
def score(
    name: str,
    environment: str,
    where: Where,
    *,
    stop: threading.Event,
    until_end: bool = False,
    tell: Callable[[Measured], None] = lambda _: None,
) -> ScoreReport:
    """Score until `stop` is set, or with `until_end` until the topic ends.

    Raises SluiceError where it cannot begin: no release, no model, a topic that cannot be read, messages that are gone.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.set_threshold(*_RARELY)
    started = time.monotonic()
    work = _Work(name, environment, where)
    loop = work.loop(stop, until_end=until_end, tell=tell)
    switch = work.switch(loop)
    switch.start(loop.taken)
    try:
        loop.run()
    finally:
        switch.stop()
        loop.source.close()
    return work.report(loop, time.monotonic() - started)


class _Work:
    """What one run works with."""

    def __init__(self, name: str, environment: str, where: Where) -> None:
        self.name, self.environment, self.where = name, environment, where
        self.lake, self.contracts = lake_root(), load_contracts(Path())
        self.serving = Serving(self.release(environment), name, self.contracts)
        learn(environment=environment, release_id=self.serving.release.release_id)
        settings = self.serving.settings
        self.feed = _feed(settings.feed, where, self.contracts)
        self.events = raw.RawTable(self.contracts[settings.feed], self.lake)
        self.topic: TopicSettings = self.feed.settings
        if settings.table not in self.contracts:
            raise SluiceError(f"no contract for {settings.table}", hint="declare the table of scores in dbt YAML")
        key, at = self.serving.key, self.serving.at
        self.table = ScoreTable(self.contracts[settings.table], self.lake, self.topic, key, at, run_id())

    def release(self, name: str) -> Release:
        """The release that a name means."""
        located, record = recorded(name, "to score with")
        folder = located.folder or located.file.parent
        return Release(record.release_id, folder, located.file, record.lake)

    def loop(self, stop: threading.Event, *, until_end: bool, tell: Callable[[Measured], None]) -> Loop:
        """Everything ready to begin: the state as it was, the topic at the right place."""
        source = Source(self.feed)
        ends = source.ends()
        partitions = list(ends)
        scored = self.table.read_marks(partitions)
        in_release = self.in_release(self.serving, partitions)
        begin = restore.begin(ends, scored, landed(self.events, self.topic, partitions), in_release, self.topic.topic)
        self.begin = begin
        self.make_ready(self.serving, begin.score)
        gc.freeze()
        seen = self.table.scored_since(self.name, self.serving.state.horizon)
        to = self.where.to if self.where.to is not None else self.serving.settings.topic
        sink = Sink(self.feed, to, self.serving.key, self.serving.at) if to else None
        loop = Loop(self.serving, source, sink, self.table, begin, stop, tell=tell, until_end=until_end, seen=seen)
        loop.record = self.record
        return loop

    def record(self, serving: Serving, measured: Measured, lag: int) -> None:
        """Write down what was measured of a release. What cannot be written is reported, and stops nothing."""
        entry = ScoringEntry(
            run_id=run_id(),
            model=self.name,
            model_version=serving.model.version,
            environment=self.environment,
            release_id=serving.release.release_id,
            measured_at=datetime.now(UTC).replace(tzinfo=None),
            seconds=round(measured.seconds, 3),
            messages=measured.messages,
            refused=measured.refused,
            events=measured.events,
            asked=measured.asked,
            scored=measured.scored,
            alerts=measured.alerts,
            lag=lag,
            latency_p50=measured.latency(0.5),
            latency_p95=measured.latency(0.95),
            latency_p99=measured.latency(0.99),
            mean_score=measured.mean_score,
            drift=measured.drift(serving.expected),
        )
        try:
            self.table.record(entry)
        except SluiceError as error:
            log.note(f"what was scored in the last minute is not in lake/ops: {error.what} ({error.where})")

    def in_release(self, serving: Serving, partitions: Sequence[int]) -> dict[int, int]:
        """Up to which offset a release was built from the topic."""
        version = serving.release.lake.get(self.events.path.relative_to(self.lake).as_posix())
        return {} if version is None else landed(self.events, self.topic, partitions, version)

    def make_ready(self, serving: Serving, scored: Mapping[int, int]) -> None:
        """Take in the events of the release, and those of the lake that came after it and are not still to be scored."""
        serving.remember_release()
        serving.remember(restore.since_release(serving, self.events, self.topic, scored))
        self.challenge(serving)

    def challenge(self, serving: Serving) -> None:
        """Have the challenger score, too: the release's own, or the model of the release that was named.

        One that cannot be loaded is reported, and left out.
        """
        named = self.where.challenger
        try:
            if named:
                serving.challenge(self.release(named))
            else:
                serving.challenge_of_release()
        except SluiceError as error:
            self.failed(f"challenger of {named or serving.release.release_id}", error)

    def switch(self, loop: Loop) -> Switch:
        """What looks at the pointer."""

        def load(release_id: str) -> tuple[Serving, dict[int, int]]:
            fresh = Serving(self.release(release_id), self.name, self.contracts)
            fresh.fits(self.serving)
            scored = {partition: self.table.reached.get(partition, offset) for partition, offset in self.begin.score.items()}
            self.make_ready(fresh, scored)
            self.tell(f"release {release_id}", None)
            return fresh, self.in_release(fresh, list(scored))

        store = here().store
        made = Switch(loop.serving.release.release_id, lambda: store.pointer(self.environment).release_id, load, self.failed)
        loop.next_serving, loop.forget = made.next, made.forget
        return made

    def failed(self, what: str, error: SluiceError) -> None:
        """Say that something cannot be served: on stderr, and as an incident."""
        why = f"{error.what} ({error.where})" if error.where else error.what
        log.note(f"{what} cannot be served, what served before goes on: {why}")
        self.tell(what, why)

    def tell(self, what: str, why: str | None) -> None:
        """Record that something is served, or why it is not; incidents are opened and resolved by that."""
        entry = StepEntry(
            run_id=run_id(),
            step="serve",
            invocation_id=None,
            environment=self.environment,
            release_id=None,
            started_at=datetime.now(UTC).replace(tzinfo=None),
            seconds=0.0,
            outcome="failed" if why else "done",
            exit_code=UNUSABLE if why else 0,
            detail=f"{what}: {why}" if why else what,
        )
        recording.write(self.lake, [entry])
        after_run(self.lake, self.environment, looked=())

    def report(self, loop: Loop, seconds: float) -> ScoreReport:
        """What was done."""
        seen = loop.total
        learn(release_id=loop.serving.release.release_id)
        return ScoreReport(
            run_id=run_id(),
            model=self.name,
            environment=self.environment,
            release_id=loop.serving.release.release_id,
            model_version=loop.serving.model.version,
            messages=seen.messages,
            events=seen.events,
            scored=seen.scored,
            alerts=seen.alerts,
            refused=seen.refused,
            seconds=round(seconds, 3),
            latency_p50=seen.latency(0.5),
            latency_p99=seen.latency(0.99),
        )


def _feed(name: str, where: Where, contracts: Mapping[str, Contract]) -> KafkaFeed:
    """The feed of a topic: from the feeds files, or as the command line says."""
    source, table = name.split(".")
    if where.brokers and where.topic:
        return KafkaFeed(source=source, table=table, brokers=where.brokers, topic=where.topic)
    found = [feed for feed in load_feeds(list(where.feeds), contracts=contracts) if feed.name == name] if where.feeds else []
    kafka = [feed for feed in found if isinstance(feed, KafkaFeed)]
    if not kafka:
        files = ", ".join(map(str, where.feeds)) or "no feeds file was named"
        hint = "name a file with a feed of format kafka, or give --brokers and --topic"
        raise SluiceError(f"no feed of a topic delivers {name}", where=files, hint=hint)
    return kafka[0]
