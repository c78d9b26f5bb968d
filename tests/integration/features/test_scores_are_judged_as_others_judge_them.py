"""What the marts say of scores is what scikit-learn, and plain numpy with another generator of numbers, say of them."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import yaml
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]
from tests.helpers import risk_sql
from tests.helpers.project import REPOSITORY

Numbers = NDArray[Any]
SETTINGS = yaml.safe_load((REPOSITORY / "vars.yml").read_text())["vars"]["risk"]["performance"]


class Payments:
    """Payments with scores that are good and not perfect: is it fraud, its score of four decimals, its amount in cents."""

    def __init__(self, number: int = 4000, share: float = 0.02, seed: int = 5) -> None:
        dice = np.random.default_rng(seed)
        self.is_fraud = dice.random(number) < share
        raw = np.where(self.is_fraud, dice.beta(2, 3, number), dice.beta(0.6, 14, number))
        self.score = np.round(raw, 4)
        self.cents = dice.integers(500, 60_000, number)

    def curve(self) -> pa.Table:
        """As rpt_score_curves has them."""
        rows = []
        for score in np.unique(self.score):
            of = self.score == score
            fraud = of & self.is_fraud
            counts = {
                "payment_count": int(of.sum()),
                "fraud_count": int(fraud.sum()),
                "fraud_cents": int(self.cents[fraud].sum()),
            }
            rows.append({"scorer": "m", "is_model": True, "part": "all", "part_value": "all", "score": float(score), **counts})
        return pa.Table.from_pylist(rows)


def judged(mart: str, curve: pa.Table) -> dict[str, Any]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("rpt_score_curves", curve)
        result = connection.execute(risk_sql.query_of(mart))
        (row,) = result.fetchall()
        return dict(zip([column[0] for column in result.description or ()], row, strict=True))


def cheapest(payments: Payments, weights: Numbers) -> tuple[float, float]:
    """Share of the fraud found, and of its cost saved, at the cheapest of all cuts, each tried."""
    fraud, total = weights * payments.is_fraud, float((weights * payments.is_fraud * payments.cents).sum())
    best = (0.0, total)
    for score in np.unique(payments.score):
        found = payments.score >= score
        missed = float((fraud * payments.cents)[~found].sum())
        false = float((weights * ~payments.is_fraud)[found].sum())
        cost = missed + SETTINGS["alert_cents"] * float(weights[found].sum()) + SETTINGS["false_alarm_cents"] * false
        if cost < best[1]:
            best = (float(fraud[found].sum() / fraud.sum()), cost)
    return best[0], 1 - best[1] / total


def error(payments: Payments, weights: Numbers) -> float:
    tenths = np.minimum((payments.score * 10).astype(int), 9)
    sums = [abs(float((weights * (payments.score - payments.is_fraud))[tenths == tenth].sum())) for tenth in range(10)]
    return sum(sums) / float(weights.sum())


@pytest.fixture(scope="module")
def payments() -> Payments:
    return Payments()


def test_precision_cost_and_calibration_are_those_of_others(payments: Payments) -> None:
    found = judged("rpt_score_ranking", payments.curve())
    ones = np.ones(len(payments.score))
    recall, saved = cheapest(payments, ones)
    assert found["average_precision"] == pytest.approx(average_precision_score(payments.is_fraud, payments.score), abs=1e-6)
    assert (found["recall_at_cut"], found["saved_at_cut"]) == pytest.approx((recall, saved), abs=1e-6)
    assert 0.2 < found["average_precision"] < 0.9
    assert 0 < saved < 1
    calibration = judged("rpt_score_calibration", payments.curve())
    assert calibration["calibration_error"] == pytest.approx(error(payments, ones), abs=1e-6)


def test_intervals_are_those_of_a_bootstrap_of_single_payments(payments: Payments) -> None:
    """Each payment weighs an exponential number; the marts draw for payments of one score together."""
    dice = np.random.default_rng(17)
    drawn: dict[str, list[float]] = {"average_precision": [], "calibration_error": []}
    for _ in range(200):
        weights = dice.exponential(size=len(payments.score))
        drawn["average_precision"].append(average_precision_score(payments.is_fraud, payments.score, sample_weight=weights))
        drawn["calibration_error"].append(error(payments, weights))
    found = judged("rpt_score_ranking", payments.curve()) | judged("rpt_score_calibration", payments.curve())
    for name in ("average_precision", "calibration_error"):
        low, high = np.quantile(drawn[name], [0.025, 0.975])
        width = high - low
        assert found[f"{name}_low"] == pytest.approx(low, abs=width / 4), name
        assert found[f"{name}_high"] == pytest.approx(high, abs=width / 4), name


def test_the_same_payments_give_the_same_interval_in_any_order(payments: Payments) -> None:
    curve = payments.curve()
    turned = curve.take(np.random.default_rng(1).permutation(len(curve)))
    assert judged("rpt_score_ranking", curve) == judged("rpt_score_ranking", turned)
