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
    """A limit on points, a limit on their weighted mean in its standard deviations, and where a point is cut for the mean.

    With a `floor`, only what is high signals: the mean goes no lower than that many of its standard deviations.
    """

    weight: float
    point: float
    mean: float
    cut: float = 50.0
    floor: float | None = None


def look(settings: Settings) -> Scheme:
    """The level that a person looks at."""
    return Scheme(settings.weight, settings.look, settings.look_mean, settings.look, _floor(settings))


def block(settings: Settings) -> Scheme:
    """The level that blocks. A point between the two limits counts as the lower one in the mean."""
    return Scheme(settings.weight, settings.block, settings.block_mean, settings.look, _floor(settings))


def _floor(settings: Settings) -> float | None:
    return None if settings.direction == "both" else -settings.mean_bound


def _steps(scheme: Scheme, shift: float) -> Any:
    """Probabilities of going from cell to cell without a signal."""
    import numpy as np

    normal = NormalDist()
    lowest = -scheme.point if scheme.floor is None else -50.0
    below = np.vectorize(lambda z: normal.cdf(max(lowest, min(scheme.point, z)) - shift))
    sigma = (scheme.weight / (2 - scheme.weight)) ** 0.5
    edges = np.linspace((-scheme.mean if scheme.floor is None else scheme.floor) * sigma, scheme.mean * sigma, CELLS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    needed = (edges[None, :] - (1 - scheme.weight) * middles[:, None]) / scheme.weight
    # A point that is cut counts as the cut: all that is beyond it ends where the cut ends.
    needed = np.where(needed > scheme.cut, scheme.point, np.where(needed <= -scheme.cut, lowest, needed))
    if scheme.floor is not None:
        needed[:, 0] = lowest
    return np.diff(below(needed), axis=1)


def _start(scheme: Scheme) -> int:
    """The cell of a mean of zero."""
    lowest = -scheme.mean if scheme.floor is None else scheme.floor
    return int(CELLS * -lowest / (scheme.mean - lowest))


def run_length(scheme: Scheme, shift: float = 0.0) -> float:
    """Average run length from a mean of zero, if all points are shifted by `shift` standard deviations."""
    import numpy as np

    steps = _steps(scheme, shift)
    return float(np.linalg.solve(np.eye(CELLS) - steps, np.ones(CELLS))[_start(scheme)])


def signalled(scheme: Scheme, points: int, shift: float = 0.0) -> tuple[float, float]:
    """Probability of a signal within `points` points from a mean of zero, and the mean number of points until then."""
    import numpy as np

    steps = _steps(scheme, shift)
    state = np.zeros(CELLS)
    state[_start(scheme)] = 1
    lived = 0.0
    for _ in range(points):
        lived += float(state.sum())
        state = state @ steps
    return 1 - float(state.sum()), lived
