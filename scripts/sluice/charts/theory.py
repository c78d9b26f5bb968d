"""Run lengths of charts whose mean and deviation are known, computed without the engine.

A chart is a Markov chain over the value of the weighted mean, in narrow cells (Brook and Evans 1972); a point beyond its
limit, or a mean beyond its limit, ends the run (Lucas and Saccucci 1990, the combined Shewhart-EWMA).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from sluice.charts.settings import Settings

CELLS = 201


@dataclass(frozen=True)
class Scheme:
    """A limit on points, a limit on their weighted mean in its standard deviations, and where a point is cut for the mean."""

    weight: float
    point: float
    mean: float
    cut: float = 50.0


def look(settings: Settings) -> Scheme:
    """The level that a person looks at."""
    return Scheme(settings.weight, settings.look, settings.look_mean, settings.look)


def block(settings: Settings) -> Scheme:
    """The level that blocks. A point between the two limits counts as the lower one in the mean."""
    return Scheme(settings.weight, settings.block, settings.block_mean, settings.look)


def _steps(scheme: Scheme, shift: float) -> Any:
    """Probabilities of going from cell to cell without a signal."""
    import numpy as np

    normal = NormalDist()
    below = np.vectorize(lambda z: normal.cdf(max(-scheme.point, min(scheme.point, z)) - shift))
    limit = scheme.mean * (scheme.weight / (2 - scheme.weight)) ** 0.5
    width = 2 * limit / CELLS
    middles = -limit + width * (np.arange(CELLS) + 0.5)
    edges = -limit + width * np.arange(CELLS + 1)
    needed = (edges[None, :] - (1 - scheme.weight) * middles[:, None]) / scheme.weight
    # A point that is cut counts as the cut: all that is beyond it ends where the cut ends.
    needed = np.where(needed > scheme.cut, scheme.point, np.where(needed <= -scheme.cut, -scheme.point, needed))
    return np.diff(below(needed), axis=1)


def run_length(scheme: Scheme, shift: float = 0.0) -> float:
    """Average run length from a mean of zero, if all points are shifted by `shift` standard deviations."""
    import numpy as np

    steps = _steps(scheme, shift)
    return float(np.linalg.solve(np.eye(CELLS) - steps, np.ones(CELLS))[CELLS // 2])


def signalled(scheme: Scheme, points: int, shift: float = 0.0) -> tuple[float, float]:
    """Probability of a signal within `points` points from a mean of zero, and the mean number of points until then."""
    import numpy as np

    steps = _steps(scheme, shift)
    state = np.zeros(CELLS)
    state[CELLS // 2] = 1
    lived = 0.0
    for _ in range(points):
        lived += float(state.sum())
        state = state @ steps
    return 1 - float(state.sum()), lived
