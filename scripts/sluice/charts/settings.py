"""The constants of a chart. One fixed set for all series; docs/charts.md says what it achieves."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

# The two levels by their average run length without a change (ARL0): a false alarm every so many points of one series.
# Each is a limit on the point and a limit on the weighted mean; theory.run_length computes the ARL of the two together.
LOOK_ARL, BLOCK_ARL = 370, 20_000

KINDS = {
    "value": "a measurement, judged as it is",
    "amount": "money and other skewed sizes, judged on the scale of their logarithm",
    "count": "how many, judged as a Poisson count unless it varies more",
    "u": "how many per unit, with a denominator",
    "p": "a share: how many of the denominator",
    "t": "time between rare events",
    "g": "how many between rare events",
}
# Of the textbook's charts only; the engine measures both for all kinds.
TEXTBOOK_KINDS = {
    "mr": "moving ranges of a measurement",
    "laney_p": "a share that varies more than a binomial",
    "laney_u": "a rate that varies more than Poisson",
}


DIRECTIONS = ("both", "up", "down")


@dataclass(frozen=True)
class Settings:
    """Limits in standard deviations; lengths in points. `one_sided` has those of one direction."""

    weight: float = 0.1  # of the newest point in the weighted mean (EWMA)
    look: float = 3.5
    look_mean: float = 2.7601  # in standard deviations of the weighted mean
    block: float = 4.3
    block_mean: float = 4.0352
    direction: str = "both"  # what signals: both, up or down
    least: int = 14  # no point is judged by a shorter baseline
    settle: int = 14  # signals in a row on one side that become the baseline of a new level
    memory: float = 1e9  # points that the baseline remembers
    long: int = 500  # points from which on a series is judged in parts
    first: int = 64  # of a long series, no point before this one is judged
    part: int = 512  # of a long series, points that are judged by one baseline
    long_baseline: int = 4096  # points before a part that set its limits
    quiet: int = 3  # points without a signal that end a span of signals
    cusum: float = 5.0  # two-sided with k = 0.5: ARL0 465 (Hawkins and Olwell 1998)

    @classmethod
    def one_sided(cls, direction: str) -> Settings:
        """Only what is high (up) or low (down) signals, as often as both sides together do otherwise."""
        if direction == "both":
            return cls()
        return cls(direction=direction, look=3.31, look_mean=2.4647, block=4.14, block_mean=3.8573)

    @property
    def mean_bound(self) -> float:
        """How far the weighted mean goes, in its standard deviations, so that it comes back soon after the level does."""
        return 1.2 * self.block_mean

    @property
    def mean_sigma(self) -> float:
        """Standard deviation of the weighted mean of independent deviates: sqrt(weight / (2 - weight))."""
        return sqrt(self.weight / (2 - self.weight))

    def parameters(self) -> dict[str, str]:
        """What the SQL's parameters stand for."""
        numbers = {
            "weight": self.weight,
            "look": self.look,
            "look_ewma": self.look_mean * self.mean_sigma,
            "block": self.block,
            "block_ewma": self.block_mean * self.mean_sigma,
            "ewma_bound": self.mean_bound * self.mean_sigma,
            "ewma_sigma": self.mean_sigma,
            "least": self.least,
            "least_df": 8,  # of the variance within seasons
            "trusted": 7,  # points, from which on a point beyond the limit stays out of the baseline
            "settle": self.settle,
            "memory": self.memory,
            "season_z": 3.1,  # significance of a season, as a normal deviate: 1 in 1,000
            "dispersion_z": 1.28,  # of dispersion beyond Poisson or binomial: 1 in 10
            "correlation_z": 2.33,  # of autocorrelation: 1 in 100
            "block_correlation_z": 1.28,  # the same for the level that blocks: 1 in 10
            "held": 2.0,  # found by simulation: brings the ARL0 of block after 20 points from 12,000 to 16,000
            "beyond": 9.0,  # the deviate of a change from constancy
            "cusum": self.cusum,
            "quiet": self.quiet,
            # of a long series, what level and jump count, with and without correlation, and the mean for the strength
            "level_counts": 0.83,
            "level_counts_phi": -0.08,
            "jump_counts": 0.58,
            "jump_counts_phi": 0.38,
            "mean_counts": 0.7,
            "jump_tail": 4.0,  # how many usual jumps the largest of 50 may be
            "heaviest": 8.0,  # degrees of freedom: no tail of a long series is taken to be heavier
        }
        counts = {"first": self.first, "part": self.part, "baseline": self.long_baseline}
        # How far a deviate reaches in the direction that signals, as a function of it.
        sides = {
            "reach": {"both": "abs", "up": "", "down": "-"}[self.direction],
            "has_lower": str(self.direction != "up"),
            "has_upper": str(self.direction != "down"),
        }
        return {
            **{name: f"{float(number)!r}::double" for name, number in numbers.items()},
            **{name: str(number) for name, number in counts.items()},
            **sides,
        }
