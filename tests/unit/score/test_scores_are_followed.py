"""What `sluice score` says every minute becomes series by day, metrics of now, and is measured in flat memory."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from tests.helpers.live_day import Day
from tests.helpers.scoring import said

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.drift import runs_series
from sluice.metrics import history
from sluice.metrics.families import OF_HISTORY
from sluice.model import measures
from sluice.score.measured import Latencies, Measured
from sluice.score.serving import Outcome


def test_a_whole_day_is_a_point_of_each_series(tmp_path: Path) -> None:
    night = said(10, scored=20, asked=40, alerts=3, mean_score=0.6, drift=0.3, latency_p99=90.0)
    ledger.append(tmp_path, [said(0), night, said(24), said(0, environment="qa", alerts=70)])
    with connect(extensions=["delta"]) as connection:
        found = connection.execute(
            f"select metric, kind, value, denominator from ({runs_series(tmp_path, 'prod')}) where relation = 'risk' order by 1"
        ).fetchall()
    assert [(metric, kind, round(value, 6), denominator) for metric, kind, value, denominator in found] == [
        ("model.alert_share{model=risk}", "p", 5, 100),
        ("model.alerts{model=risk}", "count", 5, None),
        ("model.drift{model=risk}", "value", 0.1, None),
        ("model.latency_p99{model=risk}", "value", 90, None),
        ("model.mean_score{model=risk}", "value", 0.2, None),
        ("model.scored_share{model=risk}", "p", 100, 120),
    ]


def test_the_metrics_are_those_of_now(tmp_path: Path) -> None:
    (part,) = (part for part in OF_HISTORY if part.name == "scoring")
    old, before = said(-30, alerts=50), said(-2, alerts=5, asked=1000)
    ledger.append(tmp_path, [old, before, said(-0.5, scored=70, drift=None), said(0, lag=7, latency_p99=33.0)])
    with history.opened(["prod"], {}) as connection:
        (row,) = history.rows(connection, tmp_path, part)
    assert (row["environment"], row["model"], row["lag"], row["latency_p99"], row["alerts_a_day"]) == ("prod", "risk", 7, 33, 9)
    assert row["scored_share"] == pytest.approx(150 / 160)
    assert row["drift"] == pytest.approx(0.05)


def test_latencies_are_known_to_one_percent_in_flat_memory() -> None:
    dice, kept = random.Random(1), Latencies()
    values = sorted(math.exp(dice.gauss(2, 1)) for _ in range(20_000))
    for value in values:
        kept.add(value)
    for share in (0.5, 0.95, 0.99):
        assert kept.quantile(share) == pytest.approx(values[int(share * len(values))], rel=0.011)
    assert len(kept._counts) < 1500
    assert Latencies().quantile(0.5) is None


def test_drift_is_that_of_the_scores_against_the_training(day: Day) -> None:
    serving = day.serving()
    outcome, _ = serving.score(day.messages, {})
    measured = Measured(serving.edges)
    measured.add(outcome, day.messages, 300_000_000)
    assert measured.scored == measured.asked == len(outcome.scores)
    assert measured.mean_score == pytest.approx(sum(score.score for score in outcome.scores) / measured.scored)
    found = measured.drift(serving.expected)
    import numpy as np

    shares = measures.shares(np.array([score.score for score in outcome.scores]), list(serving.edges))
    assert found == pytest.approx(measures.drift(list(serving.expected[:-1]), shares[:-1]))
    all_high = Measured(serving.edges)
    high = [score for score in outcome.scores if score.is_alert] * 10
    all_high.add(Outcome(tuple(high), (), len(high), len(high)), [], 300_000_000)
    assert (all_high.drift(serving.expected) or 0) > 5 * (found or 0)
    assert Measured(serving.edges).drift(serving.expected) is None
