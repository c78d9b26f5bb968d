"""What is measured of a model on rows that it has not seen: beside the baselines, by week, and by segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice.model import measures
from sluice.model.data import Rows
from sluice.model.declared import Declaration
from sluice.model.measures import Figure
from sluice.model.settings import Cost, ModelSettings

if TYPE_CHECKING:
    from sluice.model.data import Array

_SEED = 7
# A segment has at most so many values in a card; the others are `other`.
_VALUES = 12
_Z = 1.959964


@dataclass(frozen=True)
class Predicted:
    """Rows, by their places among all; whether each was true; and its score."""

    places: Array
    labels: Array
    scores: Array


def missed_of(cost: Cost, rows: Rows, places: Array) -> Array:
    """What it costs to miss each of these rows."""
    import numpy as np

    fixed = np.full(len(places), cost.missed_fixed)
    if cost.missed is None:
        return fixed
    missed: Array = np.ma.filled(rows.beside[cost.missed][places].astype(float), 0.0) + fixed
    return missed


def judged(declaration: Declaration, rows: Rows, predicted: Predicted, threshold: float) -> dict[str, Any]:
    """All figures of a model, as model.json has them."""
    settings, labels = declaration.settings, predicted.labels
    resamples = measures.draws(len(labels), _SEED)
    of_model = measures.average_precision(labels, predicted.scores)
    error = measures.calibration_error(labels, predicted.scores)
    return {
        "average_precision": measures.figure(of_model, len(labels), resamples).rounded,
        "precision_a_day": _a_day(settings, rows, predicted).rounded,
        "calibration_error": measures.figure(error, len(labels), resamples).rounded,
        "at_threshold": at_threshold(settings.cost, rows, predicted, threshold),
        "baselines": {name: _baseline(settings, rows, predicted, name, resamples) for name in settings.baselines},
        "weeks": _by_week(rows, predicted),
        "segments": {name: _by_segment(rows, predicted, name, threshold) for name in settings.segments},
    }


def at_threshold(cost: Cost, rows: Rows, predicted: Predicted, threshold: float) -> dict[str, Any]:
    """What alerts at the threshold find and cost, and what it costs to do nothing."""
    alerts, missed = predicted.scores >= threshold, missed_of(cost, rows, predicted.places)
    found = predicted.labels & alerts
    return {
        "alerts": int(alerts.sum()),
        "true_alerts": int(found.sum()),
        "recall": _share(found.sum(), predicted.labels.sum()),
        "precision": _share(found.sum(), alerts.sum()),
        "recall_of_cost": _share(missed[found].sum(), missed[predicted.labels].sum()),
        "cost": round(measures.cost(predicted.labels, alerts, missed, cost.alert, cost.false_alarm), 2),
        "cost_of_nothing": round(float(missed[predicted.labels].sum()), 2),
    }


def _baseline(settings: ModelSettings, rows: Rows, predicted: Predicted, name: str, resamples: list[Array]) -> dict[str, Any]:
    """A baseline's figures, and how many times better the model is, resample by resample."""
    import numpy as np

    scores = np.ma.filled(rows.beside[name][predicted.places].astype(float), -np.inf)
    own = measures.average_precision(predicted.labels, predicted.scores)
    other = measures.average_precision(predicted.labels, scores)

    def times(weights: Array) -> float | None:
        one, base = own(weights), other(weights)
        return one / base if one is not None and base else None

    count = len(predicted.labels)
    return {
        "average_precision": measures.figure(other, count, resamples).rounded,
        "precision_a_day": _a_day(settings, rows, Predicted(predicted.places, predicted.labels, scores)).rounded,
        "times_better": measures.figure(times, count, resamples).rounded,
    }


def _a_day(settings: ModelSettings, rows: Rows, predicted: Predicted) -> Figure:
    """The mean over the days; its interval is that of resampled days."""
    import numpy as np

    per = np.ma.filled(rows.beside[settings.daily.per][predicted.places].astype(object), None) if settings.daily.per else None
    days = rows.at[predicted.places].astype("datetime64[D]")
    found = measures.precision_a_day(predicted.labels, predicted.scores, days, settings.daily.k, per)
    values = np.array(list(found.values()))
    return measures.figure(
        lambda weights: float(weights @ values / weights.sum()), len(values), measures.draws(len(values), _SEED)
    )


def _by_week(rows: Rows, predicted: Predicted) -> list[dict[str, Any]]:
    import numpy as np

    weeks = rows.at[predicted.places].astype("datetime64[D]")
    weeks = weeks - ((weeks.astype(int) + 3) % 7)  # 1970-01-01 was a Thursday
    found = []
    for week in np.unique(weeks):
        here = weeks == week
        precision = measures.average_precision(predicted.labels[here], predicted.scores[here])(np.ones(int(here.sum())))
        found.append(
            {
                "week": str(week),
                "rows": int(here.sum()),
                "true": int(predicted.labels[here].sum()),
                "average_precision": None if precision is None else round(precision, 6),
            }
        )
    return found


def _by_segment(rows: Rows, predicted: Predicted, name: str, threshold: float) -> list[dict[str, Any]]:
    """Whether alerts fall on some more than on others: rates with Wilson's intervals, the largest segments first."""
    import numpy as np

    values = np.ma.filled(rows.segments[name][predicted.places].astype(object), None)
    named = np.array(["unknown" if one is None else str(one) for one in values], dtype=object)
    by_size = sorted(np.unique(named).tolist(), key=lambda one: (-int((named == one).sum()), one))
    named[~np.isin(named, by_size[:_VALUES])] = "other"
    alerts = predicted.scores >= threshold
    found = []
    for value in [*by_size[:_VALUES], *(["other"] if len(by_size) > _VALUES else [])]:
        here = named == value
        labels, flagged = predicted.labels[here], alerts[here]
        found.append(
            {
                "value": value,
                "rows": len(labels),
                "true": int(labels.sum()),
                "alerts": int(flagged.sum()),
                "false_alarms": rate(int((flagged & ~labels).sum()), int((~labels).sum())).rounded,
                "recall": rate(int((flagged & labels).sum()), int(labels.sum())).rounded,
                "mean_score": round(float(predicted.scores[here].mean()), 6),
                "share_true": round(float(labels.mean()), 6),
            }
        )
    return found


def rate(count: int, of: int) -> Figure:
    """A share with Wilson's interval (1927); nothing without rows."""
    if not of:
        return Figure(None)
    share, spread = count / of, _Z**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * (share * (1 - share) / of + spread / (4 * of)) ** 0.5 / (1 + spread)
    return Figure(share, max(0.0, middle - half), min(1.0, middle + half))


def _share(part: Any, whole: Any) -> float | None:
    return round(float(part) / float(whole), 6) if whole else None
