"""A sender that is killed at any moment loses nothing: the next one goes on. `make alerts` kills 500."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.sender import story
from lab.sender.receiver import Receiver
from lab.sender.story import Arrived, killed


def test_every_alert_arrives_though_senders_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "NIGHTS", 4)
    arrived = killed(6, tmp_path, seed=1)
    assert (arrived.kills, arrived.lost, arrived.out_of_order, arrived.other_ids) == (6, [], [], 0)
    assert arrived.expected >= 7


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
