"""The messages of a day, scored as they come, have the features that the batch computes of them the night after, to the bit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from tests.helpers import live_shop
from tests.helpers.live_day import Day
from tests.helpers.live_shop import Payment

from sluice.core.errors import SluiceError
from sluice.lake.contracts import load_contracts
from sluice.model import artifact
from sluice.score.messages import Message
from sluice.score.serving import CHALLENGER, CHAMPION, Release, Score, Serving


@pytest.fixture(scope="module")
def batch(day: Day) -> dict[str, tuple[Any, ...]]:
    """The features of every payment, history and day, by the window functions."""
    serving = day.serving()
    connection = duckdb.connect()
    live_shop.create_events(connection, serving.manifest, [*day.history, *day.payments])
    live_shop.create_features(connection, serving.features)
    rows = connection.execute(f"select payment_id, {', '.join(serving.features.names)} from risk.rpt_features").fetchall()
    return {row[0]: row[1:] for row in rows}


def _scored(serving: Serving, messages: Sequence[Message], size: int) -> list[Score]:
    seen: dict[str, int] = {}
    found: list[Score] = []
    for start in range(0, len(messages), size):
        outcome, _ = serving.score(messages[start : start + size], seen)
        assert not outcome.refused
        found += outcome.scores
    return found


def test_every_value_and_type_is_that_of_the_batch(day: Day, batch: dict[str, tuple[Any, ...]]) -> None:
    scores = _scored(day.serving(), day.messages, 7)
    assert len(scores) == sum(one.kind == "payment" for one in day.payments)
    assert sum(score.is_alert for score in scores) > 3
    for score in scores:
        wanted = batch[score.key]
        assert [type(value) for value in score.values] == [type(value) for value in wanted]
        assert score.values == wanted


def test_the_comparison_sees_a_cent(day: Day, batch: dict[str, tuple[Any, ...]]) -> None:
    """One payment of the morning costs a cent more than the batch knows."""
    messages = list(day.messages)
    changed = next(place for place, one in enumerate(day.payments) if one.kind == "payment")
    payment = day.payments[changed]
    messages[changed] = replace(messages[changed], line=replace(payment, cents=payment.cents + 1).line)
    scores = _scored(day.serving(), messages, 7)
    assert any(score.values != batch[score.key] for score in scores)


def test_how_messages_are_cut_changes_no_score(day: Day) -> None:
    by_size = {size: _scored(day.serving(), day.messages, size) for size in (1, 40, 300)}
    assert by_size[1] == by_size[40] == by_size[300]


def test_scores_are_those_of_the_model(day: Day) -> None:
    model = artifact.load(day.release.folder / "models" / "payments")
    for score in _scored(day.serving(), day.messages, 20):
        matrix = np.array([[np.nan if value is None else float(value) for value in score.values]], dtype=np.float32)
        assert score.score == model.score(matrix)[0]
        assert score.is_alert == (score.score >= model.threshold)
        assert bool(score.reasons) == score.is_alert


def test_a_stolen_card_is_flagged_from_its_second_payment_on(day: Day) -> None:
    """A card of somebody who pays twice a day pays six times in six minutes: the first says nothing, the others do."""
    since = day.history[-1].at + timedelta(days=1)
    burst = [Payment(f"b{n}", "payment", 25_000, "EUR", "card3", "new", since + timedelta(minutes=n)) for n in range(6)]
    messages = [Message(one.line, None, 0, place, 0) for place, one in enumerate(burst)]
    scores = _scored(day.serving(), messages, 1)
    assert [score.is_alert for score in scores] == [False, True, True, True, True, True]
    assert scores[1].reasons[0].feature == "card_since"


def test_a_message_that_comes_twice_is_scored_once(day: Day) -> None:
    twice = [replace(message, offset=2 * message.offset + n) for message in day.messages for n in (0, 1)]
    assert [score.key for score in _scored(day.serving(), twice, 9)] == [
        score.key for score in _scored(day.serving(), day.messages, 9)
    ]


def test_what_breaks_the_contract_has_no_score(day: Day) -> None:
    serving, good = day.serving(), day.messages[:3]
    record = json.loads(good[1].line or "")
    bad = replace(good[1], line=json.dumps({**record, "at": "yesterday"}))
    outcome, _ = serving.score([good[0], bad, good[2]], {})
    assert [(one.message.offset, one.column) for one in outcome.refused] == [(1, "at")]
    assert {score.offset for score in outcome.scores} <= {0, 2}


def test_a_challenger_scores_in_the_shadow(day: Day) -> None:
    other = Release("20260102T000000Z-bbbbbb", day.release.folder, day.release.file)
    serving = day.serving()
    serving.challenge(other)
    scores = _scored(serving, day.messages[:60], 20)
    champions, challengers = ([one for one in scores if (one.role == CHALLENGER) is is_one] for is_one in (False, True))
    assert [one.key for one in champions] == [one.key for one in challengers]
    assert {one.release_id for one in challengers} == {"20260102T000000Z-bbbbbb"}
    assert not any(one.is_alert for one in challengers)


def test_the_challenger_of_the_release_scores_without_being_named(day: Day, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(day.release.folder, folder)
    serving = day.serving()
    serving.challenge_of_release()
    assert [one.role for one in serving.scorers] == [CHAMPION], "it has none"
    shutil.copytree(folder / "models", folder / "challengers")
    serving.release = Release(day.release.release_id, folder, day.release.file)
    serving.challenge_of_release()
    roles = [score.role for score in _scored(serving, day.messages[:60], 20)]
    assert roles.count(CHALLENGER) == roles.count(CHAMPION) > 0


@pytest.mark.parametrize("broken", ["materialized", "unknown_source", "private"])
def test_sql_that_cannot_describe_a_message_is_refused_at_once(day: Day, broken: str, tmp_path: Any) -> None:
    manifest = json.loads((day.release.folder / "manifest.json").read_text())
    nodes = manifest["nodes"]
    if broken == "materialized":
        nodes["model.shop.stg_payments"]["config"]["materialized"] = "incremental"
        said = "stg_payments is not a view"
    elif broken == "unknown_source":
        nodes["model.shop.stg_payments"]["depends_on"]["nodes"] = []
        said = "described does not read shop.payments"
    else:
        nodes["model.shop.described"]["compiled_code"] = nodes["model.shop.described"]["compiled_code"].replace("rates", "prices")
        said = "described reads what the release does not have"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "models").symlink_to(day.release.folder / "models")
    with pytest.raises(SluiceError) as found:
        Serving(Release("x", tmp_path, day.release.file), "payments", load_contracts(day.shop.root))
    assert said in found.value.what
