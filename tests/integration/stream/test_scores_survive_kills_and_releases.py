"""`sluice score` on a real broker: killed and started again, given another release, a broken one, and odd messages."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer
from deltalake import DeltaTable
from tests.helpers import live_shop
from tests.helpers.kafka import a_topic, send
from tests.helpers.live_shop import BEGIN, LiveShop, Payment

from lab.broker.broker import Broker
from sluice.core.run_id import one_run
from sluice.lake.contracts import load_contracts
from sluice.score.messages import Message
from sluice.score.serving import Release, Score, Serving
from sluice.steps import score as step
from sluice.steps.score import ScoreReport, Where

HISTORY = live_shop.payments(2400, BEGIN, 1500)
DAY = live_shop.payments(240, HISTORY[-1].at, 20, seed=2)


@dataclass
class Stage:
    """A shop whose release serves, a topic of payments and one of scores."""

    shop: LiveShop
    broker: Broker
    topic: str
    to: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """Those of the command."""
        return ("--brokers", self.broker.bootstrap, "--topic", self.topic, "--to", self.to)

    def pay(self, payments: list[Payment]) -> None:
        """Send payments."""
        send(self.broker, self.topic, [one.line for one in payments])

    def scored(self) -> int:
        """How many scores the lake has."""
        return len(self.shop.scores()) if (self.shop.lake / "raw" / "risk" / "scores").exists() else 0

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds."""
        until = time.monotonic() + 90
        while not holds():
            assert time.monotonic() < until
            time.sleep(0.05)

    def told(self) -> list[dict[str, Any]]:
        """The messages in the topic of scores."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": "test", "auto.offset.reset": "earliest"})
        consumer.subscribe([self.to])
        found: list[dict[str, Any]] = []
        last = time.monotonic()
        while time.monotonic() - last < 2 or not found:
            for message in consumer.consume(500, 0.2):
                if message.error() is None:
                    found.append(json.loads(message.value() or b""))
                    last = time.monotonic()
        consumer.close()
        return found


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> LiveShop:
    shop = LiveShop(tmp_path_factory.mktemp("scored"))
    shop.write_contracts()
    shop.publish(HISTORY)
    return shop


@pytest.fixture
def stage(released: LiveShop, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The shop with an empty lake. What one test publishes, the next does not see."""
    shutil.rmtree(released.lake, ignore_errors=True)
    released.point(_ids(released)[0])
    monkeypatch.chdir(released.root)
    for name, value in released.environment().items():
        if name.startswith("SLUICE"):
            monkeypatch.setenv(name, value)
    yield Stage(released, broker, a_topic(broker), a_topic(broker))
    for extra in _ids(released)[1:]:
        shutil.rmtree(released.root / "warehouse" / "releases" / extra)


def _ids(shop: LiveShop) -> list[str]:
    return sorted(path.name for path in (shop.root / "warehouse" / "releases").iterdir())


def _expected(shop: LiveShop, payments: list[Payment]) -> list[Score]:
    """The scores that one process gives that nobody disturbs."""
    folder = shop.root / "warehouse" / "releases" / _ids(shop)[0]
    serving = Serving(Release(folder.name, folder, folder / "warehouse.duckdb"), "payments", load_contracts(shop.root))
    serving.remember_release()
    messages = [Message(one.line, None, 0, place, 0) for place, one in enumerate(payments)]
    return list(serving.score(messages, {})[0].scores)


def test_a_scorer_that_is_killed_goes_on_as_if_it_was_not(stage: Stage) -> None:
    """Killed with scores committed and scores under way, twice; what it knew of cards and devices is there again."""
    expected = _expected(stage.shop, DAY)
    for part in (DAY[:80], DAY[80:160]):
        process = stage.shop.start(*stage.arguments)
        before = stage.scored()
        stage.pay(part[:40])
        stage.wait_for(lambda before=before: stage.scored() > before)  # type: ignore[misc]
        stage.pay(part[40:])
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    process = stage.shop.start(*stage.arguments)
    stage.pay(DAY[160:])
    stage.wait_for(lambda: stage.scored() >= len(expected))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "scored" in out
    found = stage.shop.scores()
    assert [(row["payment_id"], row["score"], row["topic_offset"]) for row in found] == [
        (one.key, one.score, one.offset) for one in expected
    ]
    assert [row["is_alert"] for row in found] == [one.is_alert for one in expected]
    told = stage.told()
    assert {one["payment_id"]: one["score"] for one in told} == {one.key: one.score for one in expected}


def test_another_release_takes_over_and_a_broken_one_does_not(stage: Stage) -> None:
    stop, reports = threading.Event(), []  # type: ignore[var-annotated]
    thread = threading.Thread(target=_run, args=(stage, stop, reports))
    thread.start()
    try:
        stage.pay(DAY[:80])
        stage.wait_for(lambda: stage.scored() > 40)
        first = stage.shop.scores()[0]
        second = stage.shop.publish(HISTORY, seed=2)
        _pay_until(stage, DAY[80:120], lambda rows: rows[-1]["release_id"] == second)
        stage.shop.publish(HISTORY, seed=3, is_broken=True)
        stage.wait_for(lambda: any(one["outcome"] == "failed" for one in _steps(stage.shop)))
        send(stage.broker, stage.topic, [json.dumps({"id": "odd", "kind": "payment", "at": "yesterday"}), "{"])
        stage.pay(DAY[120:])
        stage.wait_for(lambda: stage.scored() == len(_expected(stage.shop, DAY)))
    finally:
        stop.set()
        thread.join(60)
    assert isinstance(reports[0], ScoreReport), reports
    rows = stage.shop.scores()
    releases = [row["release_id"] for row in rows]
    assert len({row["payment_id"] for row in rows}) == len(rows) == reports[0].scored
    assert releases[0] == first["release_id"]
    changes = sum(a != b for a, b in pairwise(releases))
    assert changes == len(set(releases)) - 1, "two releases serve by turns"
    assert {row["model_version"] for row in rows if row["release_id"] == first["release_id"]} == {first["model_version"]}
    incidents = DeltaTable(str(stage.shop.lake / "ops" / "incidents")).to_pyarrow_table().to_pylist()
    assert any("model.onnx is not the file that was trained" in str(one) for one in incidents)
    quarantined = DeltaTable(str(stage.shop.lake / "quarantine" / "risk" / "scores")).to_pyarrow_table().to_pylist()
    assert sorted((one["reason"], one["column_name"]) for one in quarantined) == [("malformed", None), ("wrong_type", "at")]


def _run(stage: Stage, stop: threading.Event, reports: list[Any]) -> None:
    try:
        with one_run():
            where = Where(brokers=stage.broker.bootstrap, topic=stage.topic, to=stage.to)
            reports.append(step.score("payments", "prod", where, stop=stop))
    except BaseException as error:  # noqa: BLE001  (the test shows it)
        reports.append(error)


def _pay_until(stage: Stage, payments: list[Payment], holds: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Send payments one by one until it holds of what was scored, then the rest."""
    left = list(payments)
    until = time.monotonic() + 60
    while left and not holds(stage.shop.scores()):
        assert time.monotonic() < until
        stage.pay([left.pop(0)])
        time.sleep(1.0 if len(left) < 30 else 0.3)
    stage.pay(left)


def _steps(shop: LiveShop) -> list[dict[str, Any]]:
    table = shop.lake / "ops" / "steps"
    rows = DeltaTable(str(table)).to_pyarrow_table().to_pylist() if Path(table).exists() else []
    return [row for row in rows if row["step"] == "serve"]
