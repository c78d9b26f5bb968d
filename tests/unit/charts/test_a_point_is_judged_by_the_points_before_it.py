"""What the chart makes of series whose truth is known, through the function behind `sluice chart`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from statistics import NormalDist, mean, stdev

import pytest

from sluice.charts.result import Chart
from sluice.charts.run import charts
from sluice.charts.series import Phase
from sluice.charts.settings import Settings

Write = Callable[..., str]


def _one(source: str, kind: str = "value", **more: object) -> Chart:
    (chart,), _ = charts(source, kind, **more)  # type: ignore[arg-type]
    return chart


def _noise(count: int, seed: int = 1) -> list[float]:
    dice = random.Random(seed)
    return [round(dice.gauss(100, 5), 3) for _ in range(count)]


def _student_cdf(t: float, df: int) -> float:
    """By Simpson's rule, independent of the engine's approximation."""
    constant = math.gamma((df + 1) / 2) / math.sqrt(df * math.pi) / math.gamma(df / 2)
    steps, width = 2000, t / 2000

    def density(x: float) -> float:
        return float(constant * (1 + x * x / df) ** (-(df + 1) / 2))

    total = density(0) + density(t) + sum((4 if at % 2 else 2) * density(at * width) for at in range(1, steps))
    return 0.5 + total * width / 3


def test_the_deviate_is_that_of_students_t(series_file: Write) -> None:
    """Quesenberry's Q: t = sqrt(n / (n + 1)) (x - mean) / s with n - 1 degrees of freedom, as a normal deviate."""
    values = [*_noise(20), 117.0]
    point = _one(series_file(values)).points[20]
    t = math.sqrt(20 / 21) * (117 - mean(values[:20])) / stdev(values[:20])
    assert point.baseline == 20
    assert point.z == pytest.approx(NormalDist().inv_cdf(_student_cdf(t, 19)), abs=1e-4)


def test_limits_are_where_the_deviate_reaches_its_limit(series_file: Write) -> None:
    values = _noise(20)
    edge = _one(series_file([*values, 100.0])).points[20].look_upper
    assert edge is not None
    at_the_limit = _one(series_file([*values, edge], "edge.csv")).points[20]
    assert at_the_limit.z == pytest.approx(Settings().look, abs=1e-4)


def test_limits_are_wider_for_a_short_baseline(series_file: Write) -> None:
    """3.5 standard deviations of a known normal are 4.637 of 13 degrees of freedom and 3.559 of 198."""
    values = _noise(200)
    points = _one(series_file(values)).points
    assert points[13].z is None
    for at, quantile in ((14, 4.637), (199, 3.559)):
        before = values[:at]
        upper = mean(before) + quantile * stdev(before) * math.sqrt(1 + 1 / at)
        assert points[at].look_upper == pytest.approx(upper, rel=1e-4)


def test_a_spike_signals_once_and_does_not_teach_the_baseline(series_file: Write) -> None:
    values = _noise(80)
    spiked = [*values[:60], 160.0, *values[61:]]
    chart = _one(series_file(spiked))
    assert [(signal.at, signal.level, signal.direction) for signal in chart.signals] == [("2026-03-02", "block", "up")]
    assert chart.points[61].baseline == 60
    without = _one(series_file([*values[:60], None, *values[61:]], "without.csv"))
    assert chart.points[79].centre == without.points[78].centre


def test_a_lasting_shift_is_found_and_becomes_a_new_level(series_file: Write) -> None:
    values = _noise(150)
    chart = _one(series_file([*values[:100], *(value + 10 for value in values[100:])]))
    first = next(at for at, point in enumerate(chart.points) if point.level)
    assert 100 <= first < 114
    assert all(point.side == 1 for point in chart.points if point.level)
    assert chart.points[149].phase == 1
    assert chart.points[149].level == ""
    assert chart.points[149].centre == pytest.approx(110, abs=4)


def test_a_known_change_starts_a_phase_in_place_of_a_signal(series_file: Write) -> None:
    values = _noise(150)
    source = series_file([*values[:100], *(value + 25 for value in values[100:])])
    assert _one(source).signals
    chart = _one(source, phases=[Phase("2026-04-11", "a new supplier")])
    assert not chart.signals
    assert chart.points[100].phase == 1
    assert chart.points[100].baseline == 0


def test_a_constant_signals_when_it_changes_only(series_file: Write) -> None:
    chart = _one(series_file([5.0] * 30 + [5.1] + [5.0] * 10))
    assert [(signal.at, signal.level) for signal in chart.signals] == [("2026-01-31", "block")]


def test_missing_days_are_gaps(series_file: Write) -> None:
    values: list[float | None] = list(_noise(100))
    values[40:47] = [None] * 7
    chart = _one(series_file(values))
    assert len(chart.points) == 93
    assert not chart.signals


def test_a_weekday_pattern_is_taken_out_and_a_fault_in_it_found(series_file: Write) -> None:
    """A Tuesday that looks like a Sunday is not unusual in the whole series, only for a Tuesday."""
    values = [value - (40 if at % 7 in (2, 3) else 0) for at, value in enumerate(_noise(120))]
    values[103] -= 40  # 14 April 2026, a Tuesday
    chart = _one(series_file(values))
    assert chart.has_season
    assert [signal.at for signal in chart.signals] == ["2026-04-14"]


def test_autocorrelation_widens_the_limits_of_the_mean(series_file: Write) -> None:
    dice, values = random.Random(7), [0.0]
    for _ in range(299):
        values.append(0.6 * values[-1] + 0.8 * dice.gauss(0, 1))
    chart = _one(series_file(values))
    assert chart.correlation == pytest.approx(0.6, abs=0.15)
    blind = Settings().look_mean * Settings().mean_sigma
    assert sum(abs(point.mean_z) > blind for point in chart.points) > 3 * len(chart.signals)


def test_shares_have_limits_by_their_denominator(series_file: Write) -> None:
    dice = random.Random(5)
    sizes = [dice.choice([200, 2000]) for _ in range(60)]
    values = [sum(dice.random() < 0.1 for _ in range(size)) for size in sizes]
    sizes[-2:], values[-2:] = [200, 2000], [32, 320]
    chart = _one(series_file(values, denominators=sizes), "p")
    small, large = chart.points[-2:]
    assert small.value == large.value == 0.16
    assert (small.level, large.level) == ("", "block")
    assert not chart.is_dispersed


def test_counts_that_vary_more_than_poisson_are_measured(series_file: Write) -> None:
    dice = random.Random(6)
    calm = [sum(dice.random() < 0.1 for _ in range(1000)) for _ in range(60)]
    wild = [round(100 * math.exp(dice.gauss(0, 0.3))) for _ in range(60)]
    assert not _one(series_file(calm), "count").is_dispersed
    chart = _one(series_file(wild, "wild.csv"), "count")
    assert chart.is_dispersed
    assert not chart.signals


def test_rules_are_named() -> None:
    """Western Electric 1956 and Nelson 1984, on a series made to break some of them."""
    values = [0, 1, -1] * 20 + [9] + [0, 1, -1] * 3 + [1.2] * 8
    listed = f"select unnest({values}) as value, generate_subscripts({values}, 1) as number"
    query = f"select date '2026-01-01' + number::integer as day, value from ({listed})"
    points = _one(query).points
    assert points[60].rules[:2] == ["point", "western electric 1"]
    assert "western electric 4" in points[-1].rules
    assert "western electric 4" not in points[-3].rules
