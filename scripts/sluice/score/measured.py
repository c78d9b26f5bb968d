"""What is measured while messages are scored: how many, how fast, how high. It takes the same memory however long it goes on."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sluice.model import measures
from sluice.score.messages import Message
from sluice.score.serving import CHAMPION, Outcome

# Latencies are counted in steps of one percent.
_STEP = math.log(1.01)
_LEAST_MS = 0.01


class Latencies:
    """Latencies in ms, of which only the distribution is kept, to one percent."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._total = 0

    def add(self, milliseconds: float) -> None:
        """Count one."""
        self._counts[round(math.log(max(milliseconds, _LEAST_MS)) / _STEP)] += 1
        self._total += 1

    def quantile(self, share: float) -> float | None:
        """What at least a share of them does not exceed; None without any."""
        wanted, seen = share * self._total, 0
        for step in sorted(self._counts):
            seen += self._counts[step]
            if seen >= wanted:
                return round(math.exp(step * _STEP), 3)
        return None


@dataclass
class Measured:
    """Counts since `started`; of champions' scores also the latency (produced to scored), and their sum and distribution.

    `edges` are the bounds of the bins that the distribution counts.
    """

    edges: Sequence[float] = ()
    started: float = field(default_factory=time.monotonic)
    messages: int = 0
    events: int = 0
    asked: int = 0
    scored: int = 0
    alerts: int = 0
    refused: int = 0
    total: float = 0.0
    bins: Counter[int] = field(default_factory=Counter)
    latencies: Latencies = field(default_factory=Latencies)

    def add(self, outcome: Outcome, messages: Sequence[Message], scored_at: int) -> None:
        """Count what became of messages."""
        own = [score for score in outcome.scores if score.role == CHAMPION]
        self.messages += len(messages)
        self.events += outcome.events
        self.asked += outcome.asked
        self.refused += len(outcome.refused)
        self.scored += len(own)
        self.alerts += sum(score.is_alert for score in own)
        self.total += math.fsum(score.score for score in own)
        self.bins.update(bisect_left(self.edges, score.score) for score in own)
        for score in own:
            self.latencies.add((scored_at - score.produced_at) / 1000)

    @property
    def seconds(self) -> float:
        """How long it has been measured."""
        return time.monotonic() - self.started

    @property
    def mean_score(self) -> float | None:
        """The mean score; None without one."""
        return self.total / self.scored if self.scored else None

    def latency(self, share: float) -> float | None:
        """The latency in ms that a share of the scores does not exceed; None without a score."""
        return self.latencies.quantile(share)

    def drift(self, expected: Sequence[float]) -> float | None:
        """The stability index of the scores, whose shares in the bins, then of nulls, were `expected`; None without a score."""
        if not self.scored or len(expected) != len(self.edges) + 2:
            return None
        found = [self.bins[place] / self.scored for place in range(len(self.edges) + 1)]
        return measures.drift(list(expected[:-1]), found)
