"""The demo in a folder of its own: made, ingested, built, its model trained and published; the last days are kept back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from lab.places import REPOSITORY
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell
from sluice.score.serving import Release
from sluice.store.record import load

MODEL = "risk_payments"
PAYMENTS = Path("payments") / "transactions"
_FEED = """feeds:
  - {{source: payments, table: transactions, format: kafka, brokers: "{brokers}", topic: {topic}, batch_seconds: 5}}
"""


@dataclass(frozen=True)
class DemoShop:
    """The folder, and what commands on it need."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of every command."""
        own = {
            "SLUICE_LAKE": str(self.root / "lake"),
            "SLUICE_WAREHOUSE": str(self.root / "warehouse"),
            "SLUICE_RELEASES": "",
            "SLUICE_ACTOR": "user:stream",
            "DEMO": str(self.root / "demo"),
            "PYTHONPATH": str(REPOSITORY / "scripts"),
        }
        return {**os.environ, **own}

    @property
    def is_published(self) -> bool:
        """Whether prod points to a release that holds the model."""
        return (self.root / "warehouse" / "prod.duckdb").exists() and any(self.root.glob(f"warehouse/releases/*/models/{MODEL}"))

    def start(self, *arguments: str, log: str = "log.txt") -> subprocess.Popen[bytes]:
        """Start a command; what it prints goes to a file in the folder."""
        command = [str(Path(sys.executable).with_name("sluice")), *arguments]
        with (self.root / log).open("ab") as file:
            return subprocess.Popen(command, cwd=REPOSITORY, env=self.environment, stdout=file, stderr=file)

    def sluice(self, *arguments: str) -> None:
        """Run a command. Raises SluiceError where it fails."""
        if self.start(*arguments).wait():
            text = (self.root / "log.txt").read_text(encoding="utf-8", errors="replace")
            last = "\n".join(text.splitlines()[-12:])
            raise SluiceError(f"sluice {' '.join(arguments)} failed:\n{last}", where=str(self.root / "log.txt"))

    def make(self, orders: int, days: int, kept_back: int, tell: Tell) -> None:
        """Make everything, up to a published model; the files of the last days wait in `kept`."""
        steps = [("ingest", "feeds/demo.yml"), *self.published(), ("model", "train", MODEL)]
        # At the usual rate, so few orders have too little fraud to learn from.
        demo = ["demo", "--orders", str(orders), "--days", str(days), "--fraud", "4", "--faults", "none"]
        demo += ["--out", str(self.root / "demo")]
        tell("demo", 0.0)
        self.sluice(*demo)
        self._keep_back(kept_back)
        for number, step in enumerate(steps, 1):
            tell(" ".join(step), number / (len(steps) + 1))
            self.sluice(*step)
        tell("audit and publish the model", 0.95)
        self._publish_the_model()

    def _publish_the_model(self) -> None:
        """Audit and publish the candidate that holds the model. A demo this small may not do for a good one: that is said."""
        if self.start("audit", "candidate").wait():
            candidate = load(max((self.root / "warehouse" / "candidates").glob("2*")))
            for check in candidate.audit.failing if candidate.audit else ():
                if check.startswith(f"{MODEL}."):
                    print(f"acknowledged: {check} fails on so small a demo", file=sys.stderr)
                    why = "make stream shows how scores flow, on a demo too small for a good model"
                    self.sluice("ack", check, "--release", candidate.release_id, "--why", why)
        self.sluice("publish")

    def published(self) -> list[tuple[str, ...]]:
        """The commands that bring what is in the lake to prod."""
        return [("build", "--env", "prod"), ("audit", "candidate"), ("publish",)]

    def _keep_back(self, days: int) -> None:
        """Take away every delivery of the last days: a shop without its payments would be blocked, and rightly."""
        demo, kept = self.root / "demo", self.root / "kept"
        last = [path.stem for path in sorted((demo / PAYMENTS).glob("*.jsonl"))[-days:]]
        for path in [path for path in demo.glob("*/*/*") if path.name[:10] in last]:
            place = kept / path.relative_to(demo)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)

    def deliver_the_rest(self) -> None:
        """Ingest what was kept back and did not come as a stream."""
        demo, kept = self.root / "demo", self.root / "kept"
        for path in [path for path in kept.glob("*/*/*") if path.parent != kept / PAYMENTS]:
            path.rename(demo / path.relative_to(kept))
        self.sluice("ingest", "feeds/demo.yml")

    def delivered(self) -> list[str]:
        """Every authorised payment that was delivered in files, as a line."""
        files = sorted((self.root / "demo" / PAYMENTS).glob("*.jsonl"))
        lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if json.loads(line)["type"] == "authorised"]

    def kept(self) -> list[dict[str, Any]]:
        """The payments that were kept back, in the order of time."""
        files = sorted((self.root / "kept" / PAYMENTS).glob("*.jsonl"))
        lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
        return sorted(map(json.loads, lines), key=lambda one: (one["created_at"], one["transaction_id"]))

    def feed(self, brokers: str, topic: str) -> Path:
        """The feeds file of the topic."""
        path = self.root / "stream.yml"
        path.write_text(_FEED.format(brokers=brokers, topic=topic), encoding="utf-8")
        return path

    def release(self) -> Release:
        """What prod points to."""
        file = (self.root / "warehouse" / "prod.duckdb").resolve()
        return Release(file.parent.name, file.parent, file)

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """A query on what prod's readers have."""
        with duckdb.connect(str(self.root / "warehouse" / "prod.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def scores(self) -> list[tuple[Any, ...]]:
        """payment_id, topic_offset, role, score, is_alert, release_id, latency in ms: of every score in the lake, by offset."""
        table = self.root / "lake" / "raw" / "risk" / "scores"
        from deltalake import DeltaTable

        arrow = DeltaTable(str(table)).to_pyarrow_table()
        with duckdb.connect() as connection:
            connection.register("scores", arrow)
            return connection.execute("""
                select payment_id, topic_offset, role, score, is_alert, release_id,
                    (epoch_us(scored_at) - epoch_us(produced_at)) / 1000.0, topic
                from scores order by topic, topic_offset, role
            """).fetchall()


def stolen(sample: Mapping[str, Any], count: int, begin: str) -> Iterator[dict[str, Any]]:
    """A burst of one stolen card: the payment of somebody, but large, from abroad, with another device, every 20 seconds."""
    from datetime import datetime, timedelta

    at = datetime.fromisoformat(begin)
    for number in range(count):
        yield {
            **sample,
            "transaction_id": f"tx_stolen_{number}",
            "order_id": sample["order_id"] + 10_000_000 + number,
            "type": "authorised",
            "amount": {"value": 900 + 37 * number, "currency": "EUR"},
            "response_code": "00",
            "ip_country": "RU" if sample["ip_country"] != "RU" else "BR",
            "buyer": {**(sample.get("buyer") or {}), "device": "dev_of_a_thief"},
            "created_at": (at + timedelta(seconds=20 * number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
