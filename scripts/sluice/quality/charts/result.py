"""What the charts of an audit found, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sluice.charts.result import Chart

# The file with all points of an audit, beside the audit of a release.
POINTS = "charts.parquet"


@dataclass(frozen=True)
class Signal:
    """A point that signals. `level` is look or block; it `hurts` if it blocks in the direction that the series names.

    `value`, `usual` and its limits are as a chart shows them: of a share or rate, the quotient. `before` is the value in the
    release that this one follows, where that has the point; `is_new` says that it differs from it.
    """

    at: datetime
    level: str
    hurts: bool
    is_new: bool
    value: float
    usual: float
    lower: float
    upper: float
    strength: float
    rules: tuple[str, ...]
    before: float | None = None


@dataclass(frozen=True)
class SeriesResult:
    """A series: status pass, warn, fail, or not_run if it is too short to be judged.

    `points` counts its points, `new` those that the release before does not have, or has with another value; `signalled` how
    many of these signal. `worst` is the strongest of them, `since` the first one that hurts. `remark` says what may explain an
    alarm, or why nothing was judged.
    """

    metric: str
    relation: str
    model: str
    measure: str
    dimension: str | None
    kind: str
    severity: str
    direction: str
    owner: str | None
    status: str
    points: int
    new: int
    signalled: int
    worst: Signal | None = None
    since: datetime | None = None
    remark: str = ""


@dataclass(frozen=True)
class ChartFindings:
    """All series of an audit, in the order of their names; `notes` say what was left out.

    `pictures` are the charts of series that signal, `signals` the points to remember, by series; `kept` is the file of all
    points. These are not part of reports for programs.
    """

    series: tuple[SeriesResult, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    pictures: Mapping[str, Chart] = field(default_factory=dict)
    signals: Mapping[str, tuple[Signal, ...]] = field(default_factory=dict)
    kept: Path | None = None

    def count(self, status: str) -> int:
        """The number of series with a status."""
        return sum(one.status == status for one in self.series)

    @property
    def failing(self) -> tuple[str, ...]:
        """The names of the series that failed."""
        return tuple(one.metric for one in self.series if one.status == "fail")

    @property
    def looks(self) -> tuple[SeriesResult, ...]:
        """Series with new points to look at that neither fail nor warn."""
        return tuple(one for one in self.series if one.worst and one.status == "pass")


NO_CHARTS = ChartFindings()
