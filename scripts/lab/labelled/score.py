"""Counts by events: what a person would have been told, and whether it was about something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

Window = tuple[datetime, datetime]
Event = tuple[str, datetime, float]  # series, when it begins, strength


@dataclass(frozen=True)
class Score:
    """An event is right if it begins inside a labelled window; a window is found if an event begins in it."""

    events: int
    right: int
    windows: int
    found: int
    points: int

    @property
    def precision(self) -> float:
        """Share of the events that are right."""
        return self.right / self.events if self.events else 0.0

    @property
    def recall(self) -> float:
        """Share of the windows that are found."""
        return self.found / self.windows if self.windows else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def false_per_thousand(self) -> float:
        """Events outside all windows, for 1,000 points."""
        return 1000 * (self.events - self.right) / self.points if self.points else 0.0


def score(events: Sequence[Event], windows: Mapping[str, Sequence[Window]], points: int, least: float = 0.0) -> Score:
    """The score of the events that are at least so strong."""
    found: set[tuple[str, int]] = set()
    right = told = 0
    for metric, at, strength in events:
        if strength < least:
            continue
        told += 1
        inside = [number for number, (start, end) in enumerate(windows.get(metric, ())) if start <= at <= end]
        right += bool(inside)
        found |= {(metric, number) for number in inside}
    return Score(told, right, sum(map(len, windows.values())), len(found), points)


def best(events: Sequence[Event], windows: Mapping[str, Sequence[Window]], points: int) -> tuple[float, Score]:
    """The one least strength for all series with the highest F1, of 60 that divide the events evenly, and its score."""
    strengths = sorted(strength for _, _, strength in events) or [0.0]
    tried = sorted({strengths[len(strengths) * at // 60] for at in range(60)})
    return max(((least, score(events, windows, points, least)) for least in tried), key=lambda one: one[1].f1)
