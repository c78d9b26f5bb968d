"""Series of many points, five minutes apart: what signals, and that no point is judged by what comes after it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sluice.charts.result import Chart
from sluice.charts.run import charts
from sluice.charts.settings import Settings

DAY = 288


def _write(folder: Path, values: Sequence[float], name: str = "long.csv") -> str:
    start = datetime.fromisoformat("2026-01-01")
    lines = [f"{start + timedelta(minutes=5 * at)},{value:.4f}" for at, value in enumerate(values)]
    path = folder / name
    path.write_text("\n".join(["time,value", *lines]) + "\n", encoding="utf-8")
    return str(path)


def _one(source: str, *, every_point: bool = False) -> Chart:
    (chart,), _ = charts(source, "value", every_point=every_point)
    return chart


def _noise(count: int, phi: float = 0.0, seed: int = 5) -> list[float]:
    dice, values = random.Random(seed), [0.0]
    for _ in range(count - 1):
        values.append(phi * values[-1] + math.sqrt(1 - phi * phi) * dice.gauss(0, 1))
    return values


def _at(chart: Chart) -> list[str]:
    return [signal.at for signal in chart.signals if signal.level == "block"]


def _moment(point: int) -> str:
    return str(datetime.fromisoformat("2026-01-01") + timedelta(minutes=5 * point))


def test_a_span_is_one_signal_from_its_first_point_to_its_last(tmp_path: Path) -> None:
    values = _noise(2500)
    values[2000:2030] = [value + 12 for value in values[2000:2030]]
    chart = _one(_write(tmp_path, values))
    assert _at(chart) == [_moment(2000)]
    (signal,) = [one for one in chart.signals if one.level == "block"]
    assert signal.points >= 30
    assert datetime.fromisoformat(signal.until) - datetime.fromisoformat(_moment(2029)) < timedelta(hours=6)
    assert signal.upper is not None
    assert signal.upper < signal.value


def test_the_strength_ranks(tmp_path: Path) -> None:
    values = _noise(2500)
    values[1500], values[2000] = 8.0, 12.0
    strengths = {one.at: one.strength for one in _one(_write(tmp_path, values)).signals}
    assert strengths[_moment(2000)] > strengths[_moment(1500)] > Settings().block


def test_the_hour_of_the_day_is_taken_out_and_a_fault_in_it_found(tmp_path: Path) -> None:
    """A night as high as a noon is not unusual in the whole series, only for a night."""
    values = [value + 8 * math.sin(2 * math.pi * at / DAY) for at, value in enumerate(_noise(8 * DAY))]
    night = 7 * DAY + 216  # the lowest of the day
    values[night : night + 3] = [8.0, 8.0, 8.0]
    chart = _one(_write(tmp_path, values))
    assert chart.has_season
    (signal,) = [one for one in chart.signals if one.level == "block"]
    assert signal.strongest_at in {_moment(at) for at in range(night, night + 3)}
    assert signal.upper is not None
    assert signal.upper < 0 < signal.value


@pytest.mark.parametrize("phi", [0.0, 0.9])
def test_values_that_follow_each_other_have_no_cycle_and_few_signals(tmp_path: Path, phi: float) -> None:
    chart = _one(_write(tmp_path, _noise(6000, phi)))
    assert not chart.has_season
    assert not _at(chart)
    assert len(chart.signals) < 2 * 6000 / 370
    assert chart.correlation == pytest.approx(phi, abs=0.1)


def test_a_side_with_a_long_tail_does_not_hide_the_other(tmp_path: Path) -> None:
    dice = random.Random(4)
    values = [dice.lognormvariate(0, 0.6) for _ in range(2500)]
    values[2000] = -2.5  # far below all others, and no further from their mean than some are above it
    assert _moment(2000) in _at(_one(_write(tmp_path, values)))


def test_a_point_is_judged_by_the_points_before_it(tmp_path: Path) -> None:
    values = _noise(1500)
    whole = _one(_write(tmp_path, values), every_point=True)
    until = _one(_write(tmp_path, values[:900], "until.csv"), every_point=True)
    assert [point.z for point in whole.points[:900]] == pytest.approx([point.z for point in until.points])
    assert sum(point.z is not None for point in until.points) > 800


def test_what_was_unusual_does_not_teach_the_baseline(tmp_path: Path) -> None:
    values = _noise(1500)
    spoiled = [*values[:1000], *(value + 40 for value in values[1000:1100]), *values[1100:]]
    edges = [
        _one(_write(tmp_path, one, f"{name}.csv"), every_point=True).points[1400].look_upper
        for name, one in {"clean": values, "spoiled": spoiled}.items()
    ]
    assert None not in edges
    assert edges[1] == pytest.approx(edges[0], abs=1.5)


def test_a_constant_signals_when_it_changes_only(tmp_path: Path) -> None:
    values = [5.0] * 1200
    values[1000] = 5.1
    assert _at(_one(_write(tmp_path, values))) == [_moment(1000)]


def _smooth(days: int) -> list[float]:
    """A curve that wanders far from its usual hour, smoothly, with little noise."""
    slow, noise = _noise(days * DAY, 0.995, seed=3), _noise(days * DAY, seed=4)
    return [3 * far + 0.05 * near for far, near in zip(slow, noise, strict=True)]


def test_a_small_spike_on_a_smooth_curve_is_the_strongest_signal(tmp_path: Path) -> None:
    """It is within what the series usually has, but not so soon after the points before it."""
    values = _smooth(9)
    usual = sorted(values[:2400])
    values[2400] -= math.copysign(4, values[2400])
    assert usual[100] < values[2400] < usual[-100]
    chart = _one(_write(tmp_path, values))
    strongest = max(chart.signals, key=lambda one: one.strength)
    assert (strongest.strongest_at, strongest.level) == (_moment(2400), "block")
    assert strongest.lower is not None
    assert strongest.upper is not None
    assert not strongest.lower <= strongest.value <= strongest.upper


def test_a_jump_over_a_gap_says_nothing(tmp_path: Path) -> None:
    values = _smooth(9)
    kept = [at for at in range(len(values)) if not 2200 <= at < 2400]
    start = datetime.fromisoformat("2026-01-01")
    values[2400:] = [value - math.copysign(6, values[2400]) for value in values[2400:]]
    lines = [f"{start + timedelta(minutes=5 * at)},{values[at]:.4f}" for at in kept]
    path = tmp_path / "gap.csv"
    path.write_text("\n".join(["time,value", *lines]) + "\n", encoding="utf-8")
    assert _moment(2400) not in _at(_one(str(path)))


def test_a_point_signals_where_it_is_outside_its_limits(tmp_path: Path) -> None:
    """However much of the verdict is its level, and however much the jump."""
    values = [value + 4 * math.sin(2 * math.pi * at / DAY) for at, value in enumerate(_noise(3000, 0.8))]
    for at in range(600, 3000, 150):
        values[at] += 3 + at % 4
    points = [one for one in _one(_write(tmp_path, values), every_point=True).points if one.z is not None]
    beyond = {level: [one for one in points if abs(one.z or 0) > limit] for level, limit in (("look", 3.5), ("block", 4.3))}
    assert len(beyond["look"]) > len(beyond["block"]) > 2
    for one in points:
        assert None not in (one.look_lower, one.look_upper, one.block_lower, one.block_upper)
        for level, lower, upper in (("look", one.look_lower, one.look_upper), ("block", one.block_lower, one.block_upper)):
            is_outside = not (lower or 0) - 1e-6 <= one.value <= (upper or 0) + 1e-6
            assert is_outside == (one in beyond[level]), (one, level)
