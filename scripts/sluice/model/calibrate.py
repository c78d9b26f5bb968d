"""From margins to probabilities: a curve that is learned on rows that the model has not seen, kept as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice.model.data import Array

_STEPS = 50
# How far rows without a label pull the curve, as Platt (1999) has it: one row of each kind.
_PRIOR = 1.0
_SMALLEST = 1e-6


def learned(method: str, margins: Array, labels: Array) -> dict[str, Any]:
    """The curve: `{method, a, b}` for the logistic one, `{method, margins, probabilities}` for steps (isotonic)."""
    if method == "platt":
        a, b = _platt(margins, labels)
        return {"method": method, "a": a, "b": b}
    xs, ys = _isotonic(margins, labels)
    return {"method": method, "margins": xs, "probabilities": ys}


def probabilities(curve: Mapping[str, Any], margins: Array) -> Array:
    """The probability for each margin; it never falls where the margin rises."""
    import numpy as np

    if curve["method"] == "platt":
        return _logistic(curve["a"] * margins + curve["b"])
    found: Array = np.interp(margins, curve["margins"], curve["probabilities"])
    return found


def _logistic(x: Array) -> Array:
    import numpy as np

    found: Array = 1.0 / (1.0 + np.exp(-np.clip(x, -700, 700)))
    return found


def _platt(margins: Array, labels: Array) -> tuple[float, float]:
    """Newton's method for a logistic curve on smoothed labels; a step that makes it worse is halved.

    Platt, Probabilistic Outputs for Support Vector Machines, 1999; Lin, Lin, Weng, Machine Learning 68, 2007.
    """
    import numpy as np

    true, count = int(labels.sum()), len(labels)
    goal = np.where(labels, (true + _PRIOR) / (true + 2 * _PRIOR), _PRIOR / (count - true + 2 * _PRIOR))
    design = np.column_stack([margins, np.ones(count)])
    curve = np.array([0.0, np.log((true + _PRIOR) / (count - true + _PRIOR))])
    for _ in range(_STEPS):
        p = _logistic(design @ curve)
        slope = design.T @ (p - goal)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = _halved(design, goal, curve, np.linalg.solve(curvature, slope))
        curve = curve - step
        if float(np.abs(step).max()) < 1e-10:
            break
    return max(float(curve[0]), _SMALLEST), float(curve[1])


def _halved(design: Array, goal: Array, curve: Array, step: Array) -> Array:
    before = _loss(design @ curve, goal)
    for _ in range(_STEPS):
        if _loss(design @ (curve - step), goal) <= before:
            break
        step = step / 2
    return step


def _loss(x: Array, goal: Array) -> float:
    import numpy as np

    return float((np.logaddexp(0.0, x) - goal * x).sum())


def _isotonic(margins: Array, labels: Array) -> tuple[list[float], list[float]]:
    """Pools neighbours until shares rise (PAVA); between the middles of pools the curve is straight, so few margins tie."""
    import numpy as np

    order = np.argsort(margins, kind="stable")
    pools: list[list[float]] = []  # sum of labels, rows, sum of margins
    for margin, label in zip(margins[order], labels[order], strict=True):
        pools.append([float(label), 1.0, float(margin)])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [one + other for one, other in zip(pools[-1], last, strict=True)]
    return [pool[2] / pool[1] for pool in pools], [pool[0] / pool[1] for pool in pools]
