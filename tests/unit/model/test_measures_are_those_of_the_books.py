"""Measures give the numbers of their definitions, worked out by hand or by trying everything."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sluice.model import calibrate, measures
from sluice.model.judged import rate

# Of the introduction to average precision in Manning, Raghavan, Schuetze, section 8.4: relevant at ranks 1, 3 and 6.
_LABELS = np.array([True, False, True, False, False, True])
_SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])


def test_average_precision_is_the_mean_precision_at_each_true_row() -> None:
    measure = measures.average_precision(_LABELS, _SCORES)
    assert measure(np.ones(6)) == pytest.approx((1 / 1 + 2 / 3 + 3 / 6) / 3)


def test_ties_count_together_in_any_order() -> None:
    scores = np.array([0.5, 0.5, 0.5, 0.1])
    for labels in ([True, False, False, True], [False, False, True, True]):
        measure = measures.average_precision(np.array(labels), scores)
        assert measure(np.ones(4)) == pytest.approx((1 / 3 + 2 / 4) / 2)


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    weights = np.array([2.0, 1, 0, 1, 1, 3])
    twice = np.repeat(np.arange(6), weights.astype(int))
    repeated = measures.average_precision(_LABELS[twice], _SCORES[twice])(np.ones(len(twice)))
    assert measures.average_precision(_LABELS, _SCORES)(weights) == pytest.approx(repeated)


def test_without_a_true_row_there_is_no_average_precision() -> None:
    assert measures.average_precision(np.array([False, False]), np.array([0.1, 0.2]))(np.ones(2)) is None


def test_precision_a_day_takes_the_best_of_each_day_and_each_card_once() -> None:
    days = np.array([date(2026, 1, 1)] * 4 + [date(2026, 1, 2)] * 2, dtype="datetime64[D]")
    labels = np.array([True, True, False, False, False, True])
    scores = np.array([0.9, 0.8, 0.7, 0.1, 0.6, 0.5])
    cards = np.array(["a", "a", "b", "c", "d", "e"])
    assert list(measures.precision_a_day(labels, scores, days, 2).values()) == [1.0, 0.5]
    assert list(measures.precision_a_day(labels, scores, days, 2, cards).values()) == [0.5, 0.5]


def test_calibration_error_is_the_mean_gap_of_ten_groups() -> None:
    scores = np.repeat(np.arange(10) / 10, 10)
    labels = np.concatenate([np.arange(10) < number for number in range(10)])
    assert measures.calibration_error(labels, scores)(np.ones(100)) == pytest.approx(0.0)
    assert measures.calibration_error(labels, scores + 0.03)(np.ones(100)) == pytest.approx(0.03)


def test_the_cheapest_threshold_is_the_cheapest_of_all() -> None:
    dice = np.random.default_rng(5)
    labels, missed = dice.random(300) < 0.1, dice.uniform(10, 500, 300)
    scores = np.round(np.clip(labels * 0.3 + dice.random(300) * 0.6, 0, 1), 2)
    found = measures.cheapest(labels, scores, missed, 12.0, 5.0)
    every = [measures.cost(labels, scores >= one, missed, 12.0, 5.0) for one in np.append(np.unique(scores), 2.0)]
    assert measures.cost(labels, scores >= found, missed, 12.0, 5.0) == pytest.approx(min(every))


def test_nothing_is_an_alert_where_every_alert_costs_more_than_it_saves() -> None:
    assert measures.cheapest(_LABELS, _SCORES, np.full(6, 1.0), 5.0, 0.0) == 1.0


def test_drift_of_the_same_distribution_is_zero_and_grows() -> None:
    values = np.random.default_rng(1).normal(size=5000)
    bounds = measures.edges(values)
    expected = measures.shares(values, bounds)
    assert sum(expected) == pytest.approx(1)
    assert measures.drift(expected, expected) == 0
    assert measures.drift(expected, measures.shares(values + 0.1, bounds)) < 0.05
    assert measures.drift(expected, measures.shares(values + 1, bounds)) > 0.5
    assert measures.shares(np.array([np.nan, 1.0]), [0.5])[-1] == 0.5


def test_a_share_has_wilsons_interval() -> None:
    """Of Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20."""
    for count, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = rate(count, of)
        assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (low, high)


def test_an_interval_covers_the_figure_of_the_population() -> None:
    dice = np.random.default_rng(11)
    population = dice.random(200_000) < 0.3
    covered = 0
    for number in range(40):
        sample = dice.choice(population, 200)
        one = measures.figure(lambda w, s=sample: float(w @ s / w.sum()), 200, measures.draws(200, number))  # type: ignore[misc]
        assert one.low is not None
        assert one.high is not None
        covered += one.low <= population.mean() <= one.high
    assert covered >= 34


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_calibration_makes_shares_of_margins(method: str) -> None:
    """Margins are twice too sure: their true probability is that of half the margin."""
    dice = np.random.default_rng(2)
    margins = dice.normal(-2, 3, 40_000)
    true = 1 / (1 + np.exp(-margins / 2))
    labels = dice.random(40_000) < true
    found = calibrate.probabilities(calibrate.learned(method, margins, labels), margins)
    assert measures.calibration_error(labels, found)(np.ones(len(found))) < 0.01  # type: ignore[operator]
    assert np.abs(found - true).mean() < 0.02


def test_few_true_rows_do_not_make_the_curve_steep_without_end() -> None:
    margins = np.array([-3.0, -2.0, -1.0, 4.0])
    curve = calibrate.learned("platt", margins, np.array([False, False, False, True]))
    assert calibrate.probabilities(curve, np.array([4.0]))[0] < 0.75
