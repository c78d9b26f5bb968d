"""Streams killed inside reading, writing and committing lose and double nothing; one that commits its offsets apart does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.broker.broker import Broker
from lab.kills import story
from lab.kills.__main__ import page, proves
from lab.kills.story import Arrived, killed, woken


def test_what_was_sent_is_in_the_lake_once(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "RATE", 1000)
    arrived = killed(broker, tmp_path, 4, seed=3)
    assert (arrived.lost, arrived.doubled, arrived.wrong_records) == (0, 0, 0)
    assert arrived.landed + arrived.quarantined == arrived.sent > 0
    assert arrived.quarantined > 0
    assert arrived.inside >= 2


def test_offsets_that_are_committed_apart_double_messages(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "RATE", 1000)
    assert killed(broker, tmp_path, 1, seed=3, apart=True).doubled > 0


def test_one_that_was_stopped_and_woken_after_another_took_over_doubles_nothing(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "RATE", 1000)
    arrived = woken(broker, tmp_path, seed=3)
    assert (arrived.lost, arrived.doubled, arrived.wrong_records) == (0, 0, 0)
    assert arrived.sent > 0


def test_a_campaign_proves_something_only_if_half_of_the_kills_were_inside_and_the_control_doubled() -> None:
    good, control = Arrived(kills=4, phases={"read": 1, "commit": 1, "rest": 2}), Arrived(doubled=1)
    assert proves(good, control)
    assert not proves(good, Arrived())
    assert not proves(Arrived(kills=4, phases={"read": 1, "rest": 3}), control)
    assert not proves(Arrived(lost=1), control)
    assert not proves(Arrived(doubled=1), control)
    report = {"made_on": "", "cores": 2, "seconds": 1, "seed": 1, "inside": 2, **vars(good), "control": vars(control)}
    assert "| read | 1 |" in page(report)
