"""How good scores are: average precision, precision of the top k a day, calibration error, costs; with bootstrap intervals.

Weights count how often a row is drawn, so that a resample needs no copy of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice.model.data import Array

DRAWS = 300
_BINS = 10
# Scores are few near 1 and many near 0, and there a difference of a thousandth changes nothing.
OF_SCORES = (0.003, 0.01, 0.03, 0.1, 0.3, 0.6)


@dataclass(frozen=True)
class Figure:
    """A figure, and the interval that 95 of 100 resamples of the rows lie in; None where it cannot be computed."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def rounded(self) -> dict[str, float | None]:
        """The figure as model.json has it."""
        return {name: None if one is None else round(one, 6) for name, one in vars(self).items()}


def draws(count: int, seed: int) -> list[Array]:
    """How often each of `count` rows is drawn, for each resample; always the same ones for a seed."""
    import numpy as np

    dice = np.random.default_rng(seed)
    return [np.bincount(dice.integers(0, count, count), minlength=count).astype(float) for _ in range(DRAWS)]


def figure(measure: Callable[[Array], float | None], count: int, resamples: list[Array]) -> Figure:
    """A measure of weights, on all rows once and on the resamples."""
    import numpy as np

    value = measure(np.ones(count))
    again = [one for one in map(measure, resamples) if one is not None]
    if value is None or not again:
        return Figure(value)
    low, high = np.quantile(again, [0.025, 0.975])
    return Figure(value, float(low), float(high))


def average_precision(labels: Array, scores: Array) -> Callable[[Array], float | None]:
    """The mean precision at each true row, from the highest score down; equal scores count together."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ranked, last_of_ties = labels[order].astype(float), np.append(np.diff(scores[order]) != 0, True)

    def measure(weights: Array) -> float | None:
        drawn = weights[order]
        found, seen = np.cumsum(drawn * ranked)[last_of_ties], np.cumsum(drawn)[last_of_ties]
        if not found[-1]:
            return None
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        return float((np.diff(found, prepend=0.0) * precision).sum() / found[-1])

    return measure


def precision_a_day(labels: Array, scores: Array, days: Array, k: int, per: Array | None = None) -> dict[Any, float]:
    """The share of true ones among the k highest scores of each day; with `per`, among its k values with the highest scores."""
    import numpy as np

    found = {}
    for day in np.unique(days):
        of_day = np.flatnonzero(days == day)
        best = of_day[np.argsort(-scores[of_day], kind="stable")]
        if per is None:
            found[day] = float(labels[best[:k]].sum()) / k
            continue
        names, first = np.unique(per[best].astype(str), return_index=True)
        chosen = set(names[np.argsort(first, kind="stable")][:k].tolist())
        true = {str(one) for one in per[of_day][labels[of_day]]}
        found[day] = len(chosen & true) / k
    return found


def calibration_error(labels: Array, scores: Array) -> Callable[[Array], float | None]:
    """The mean distance between score and share of true rows, over ten groups of equally many rows by score."""
    import numpy as np

    groups = np.array_split(np.argsort(scores, kind="stable"), _BINS)

    def measure(weights: Array) -> float | None:
        gaps = [abs(float(weights[one] @ (scores[one] - labels[one]))) for one in groups]
        return sum(gaps) / float(weights.sum())

    return measure


def cost(labels: Array, alerts: Array, missed: Array, alert: float, false_alarm: float) -> float:
    """What missed ones, alerts and false alarms cost together."""
    return float(missed[labels & ~alerts].sum() + alert * alerts.sum() + false_alarm * (alerts & ~labels).sum())


def cheapest(labels: Array, scores: Array, missed: Array, alert: float, false_alarm: float) -> float:
    """The threshold at which alerts, rows of that score or a higher one, cost least; 1 where none should be an alert."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ranked, last_of_ties = labels[order], np.append(np.diff(scores[order]) != 0, True)
    saved = np.cumsum(np.where(ranked, missed[order], -false_alarm) - alert)[last_of_ties]
    best = int(np.argmax(saved))
    if saved[best] <= 0:
        return 1.0
    thresholds = scores[order][last_of_ties]
    below = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float((thresholds[best] + below) / 2)


def drift(expected: list[float], found: list[float]) -> float:
    """The population stability index of two distributions over the same bins."""
    import numpy as np

    one, other = np.maximum(expected, 1e-4), np.maximum(found, 1e-4)
    return float(((other - one) * np.log(other / one)).sum())


def edges(values: Array) -> list[float]:
    """Bounds of ten bins with about equally many values; fewer where values repeat."""
    import numpy as np

    known = values[~np.isnan(values)]
    return [float(one) for one in np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS))] if len(known) else []


def shares(values: Array, bounds: list[float]) -> list[float]:
    """The share of values in each bin; the last one is that of nulls."""
    import numpy as np

    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(bounds, known, side="left"), minlength=len(bounds) + 1)
    return [float(one) / max(len(values), 1) for one in [*counts, len(values) - len(known)]]
