"""The story: payments flow, a card is stolen, the scorer is killed twice, and everything is there at the end."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.broker import broker
from lab.places import REPOSITORY
from lab.stream.replay import Equality, replay
from lab.stream.shop import MODEL, DemoShop, stolen
from lab.stream.traffic import Listener, send
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell

BURST = 6


@dataclass(frozen=True)
class Told:
    """What happened. Seconds are from produced to heard in the topic of scores."""

    sent: int
    scored: int
    lost: int
    doubled: int
    kills: int
    heard_again: int
    burst_alerts: tuple[bool, ...]
    burst_seconds: tuple[float, ...]
    reasons: tuple[str, ...]
    alerts_in_mart: int
    p50: float
    p99: float
    equality: Equality

    @property
    def is_well(self) -> bool:
        """Nothing lost or doubled, features as in the batch; the second payment flagged within a second; alerts in the mart."""
        flagged = all(self.burst_alerts[1:]) and self.burst_seconds[1] < 1.0
        is_equal = self.equality.equal == self.equality.compared > 0
        return not self.lost and not self.doubled and flagged and self.alerts_in_mart > 0 and is_equal


def play(shop: DemoShop, rate: float, tell: Tell) -> Told:
    """Play it on a shop whose model is published."""
    with broker.running(shop.root / "broker") as running:
        topic, to = running.topic("payments"), running.topic("payment_scores")
        feed = shop.feed(running.bootstrap, topic)
        heard = Listener(running.bootstrap, to)
        try:
            return _played(shop, running.bootstrap, topic, to, feed, heard, rate, tell)
        finally:
            heard.stop()


def _played(shop: DemoShop, brokers: str, topic: str, to: str, feed: Path, heard: Listener, rate: float, tell: Tell) -> Told:
    payments = shop.kept()
    half = len(payments) // 2
    first, rest = payments[:half], payments[half:]
    authorised = sum(one["type"] == "authorised" for one in payments)
    sample = next(one for one in rest if one["type"] == "authorised")
    burst = list(stolen(sample, BURST, first[-1]["created_at"]))
    arguments = ("score", MODEL, str(feed), "--to", to)
    before = shop.release()
    landing = shop.start("stream", str(feed), log="stream.txt")
    scorer = shop.start(*arguments, log="score.txt")
    try:
        tell("payments flow", 0.1)
        sent = send(brokers, topic, first[: half // 2], rate)
        _wait(heard, 1, scorer)
        scorer = _killed(shop, scorer, arguments, heard)
        sent |= send(brokers, topic, first[half // 2 :], rate)
        _wait(heard, sum(one["type"] == "authorised" for one in first), scorer)
        tell("a card is stolen", 0.4)
        sent |= send(brokers, topic, burst, 2)
        _wait(heard, sum(one["type"] == "authorised" for one in first) + BURST, scorer)
        scorer = _killed(shop, scorer, arguments, heard)
        sent |= send(brokers, topic, rest, rate)
        _wait(heard, authorised + BURST, scorer)
    finally:
        for process in (scorer, landing):
            process.send_signal(signal.SIGTERM)
            process.wait(120)
    tell("build", 0.7)
    shop.deliver_the_rest()
    for step in shop.published():
        shop.sluice(*step)
    wanted = {f"payments:{one['transaction_id']}" for one in [*payments, *burst] if one["type"] == "authorised"}
    lines = [json.dumps(one) for one in [*first, *burst, *rest]]
    equality = replay(before, shop.release(), MODEL, lines, REPOSITORY)
    return _told(shop, heard, sent, wanted, [f"payments:{one['transaction_id']}" for one in burst], equality)


def _killed(
    shop: DemoShop, scorer: subprocess.Popen[bytes], arguments: tuple[str, ...], heard: Listener
) -> subprocess.Popen[bytes]:
    """Kill the scorer at a moment at which it works, and start it again."""
    before = heard.heard
    until = time.monotonic() + 5
    while heard.heard == before and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.3))
    scorer.kill()
    scorer.wait()
    return shop.start(*arguments, log="score.txt")


def _wait(heard: Listener, count: int, scorer: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 300
    while not heard.wait_for(count, 1.0):
        if scorer.poll() is not None or time.monotonic() > until:
            raise SluiceError(f"{len(heard.first)} of {count} payments have a score", where="score.txt")


def _told(
    shop: DemoShop, heard: Listener, sent: dict[str, float], wanted: set[str], burst: list[str], equality: Equality
) -> Told:
    rows = [row for row in shop.scores() if row[7] == "payments" and row[2] == "champion"]
    ids = [row[0] for row in rows]
    latencies = sorted(row[6] for row in rows)
    named = ", ".join(f"'{one}'" for one in burst)
    mart = shop.asked(f"select payment_id, reasons from risk.fct_fraud_alerts where payment_id in ({named}) order by 1")
    found = [heard.first[one] for one in burst]
    return Told(
        sent=len(sent),
        scored=len(rows),
        lost=len(wanted - set(ids)),
        doubled=len(ids) - len(set(ids)),
        kills=2,
        heard_again=heard.heard - len(heard.first),
        burst_alerts=tuple(bool(score["is_alert"]) for _, score in found),
        burst_seconds=tuple(
            round(at - sent[one.removeprefix("payments:")], 3) for one, (at, _) in zip(burst, found, strict=True)
        ),
        reasons=tuple(reason["words"] for reason in found[1][1]["reasons"]),
        alerts_in_mart=len(mart),
        p50=latencies[len(latencies) // 2],
        p99=latencies[int(0.99 * len(latencies))],
        equality=equality,
    )


def text(told: Told) -> str:
    """The story as lines."""
    flagged: list[Any] = [f"{'alert' if is_one else 'no alert'} after {seconds:.3f} s"
                          for is_one, seconds in zip(told.burst_alerts, told.burst_seconds, strict=True)]  # fmt: skip
    return "\n".join(
        [
            f"{told.sent} messages sent, {told.scored} payments scored, the scorer killed {told.kills} times",
            f"lost {told.lost}, doubled in the lake {told.doubled}; in the topic {told.heard_again} scores came again",
            *(f"payment {number} of the stolen card: {words}" for number, words in enumerate(flagged, 1)),
            f"reasons of the second: {'; '.join(told.reasons)}",
            f"alerts of the card in fct_fraud_alerts: {told.alerts_in_mart}",
            f"{told.equality.equal} of {told.equality.compared} payments have the features of the batch, to the bit"
            + "".join(f"; {name} differs {count} times" for name, count in told.equality.differing.items()),
            f"from produced to scored, restarts included: p50 {told.p50:.0f} ms, p99 {told.p99:.0f} ms",
        ]
    )
