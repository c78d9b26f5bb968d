"""A sender that is killed at any moment loses nothing: the next one goes on. `make alerts` kills 500."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.helpers.incidents import FCT_ORDERS, NOW, finding, manifest, run, seen

from lab.sender import story
from lab.sender.receiver import Receiver
from lab.sender.story import Arrived, killed
from sluice.alerts import book, outbox
from sluice.alerts.kin import Kin
from sluice.alerts.message import Message
from sluice.alerts.opened import opened
from sluice.alerts.send import send
from sluice.alerts.settings import Route, Settings
from sluice.alerts.settle import settle


def test_every_alert_arrives_though_senders_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "NIGHTS", 4)
    arrived = killed(6, tmp_path, seed=1)
    assert (arrived.kills, arrived.lost, arrived.out_of_order, arrived.other_ids) == (6, [], [], 0)
    assert arrived.expected >= 7


@dataclass(frozen=True)
class Witness:
    """A channel that notes what the outbox says of a message at the moment at which it is sent."""

    lake: Path
    seen: list[str] = field(default_factory=list)

    def send(self, message: Message, timeout: float) -> None:
        del timeout
        with opened(self.lake) as lake:
            self.seen.extend(one.event for one in outbox.read(lake) if one.alert_id == message.alert_id)


def test_what_is_sent_is_in_the_outbox_before(tmp_path: Path) -> None:
    witness = Witness(tmp_path)
    with opened(tmp_path) as lake:
        book.append(tmp_path, settle(run(1), seen(finding(FCT_ORDERS, "a")), [], Kin(manifest())))
        done = send(lake, Settings({"there": witness}, (Route(("there",)),)), NOW)
        assert [(one.event, one.detail) for one in outbox.read(lake)] == [("sent", None)]
    assert (done.sent, witness.seen) == (1, ["queued"])


def alert(node: int, action: str, alert_id: str) -> dict[str, str]:
    return {"node": f"model.shop.m{node}", "action": action, "alert_id": alert_id}


def test_what_is_lost_out_of_order_or_another_time_another_alert_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "NIGHTS", 3)
    came = [
        alert(0, "resolve", "a"), alert(0, "trigger", "b"), alert(1, "trigger", "c"), alert(1, "trigger", "c"),
        alert(1, "resolve", "d"), alert(1, "resolve", "e"),
    ]  # fmt: skip
    arrived = Arrived()
    story.compare(Receiver(bodies=came), arrived)
    assert arrived.lost == ["model.shop.m2 trigger"]
    assert arrived.out_of_order == ["model.shop.m0"]
    assert (arrived.twice, arrived.other_ids) == (2, 1)
