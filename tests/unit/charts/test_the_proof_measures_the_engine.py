"""The simulation, small: false alarms agree with theory, and it notices an engine whose limits are too narrow."""

from __future__ import annotations

from dataclasses import replace

from sluice.charts import simulate, theory
from sluice.charts.settings import Settings
from sluice.charts.simulate import Case, normal

POINTS = 60


def _agrees(judged_with: Settings) -> bool:
    seen = simulate.run([Case("", POINTS, normal)], 20, 2000, judged_with)[0]["look"]
    expected, _ = theory.signalled(theory.look(Settings()), POINTS)
    return abs(seen.share - expected) < 1.5 * seen.share_error


def test_false_alarms_of_a_short_baseline_are_those_of_theory() -> None:
    assert _agrees(Settings())


def test_limits_that_are_too_narrow_are_noticed() -> None:
    assert not _agrees(replace(Settings(), look_mean=2.5))
