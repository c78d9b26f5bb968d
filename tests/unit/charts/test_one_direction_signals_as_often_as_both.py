"""`--direction up` or `down`: lower limits on one side, at the same rate of false alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sluice.charts import simulate, theory
from sluice.charts.settings import BLOCK_ARL, LOOK_ARL, Settings
from sluice.charts.simulate import Case, normal

POINTS = 14


def _add(size: float) -> Callable[[Any], Any]:
    return lambda values: values + size


@pytest.mark.parametrize("direction", ["up", "down"])
def test_its_run_lengths_are_those_of_both(direction: str) -> None:
    settings = Settings.one_sided(direction)
    assert theory.run_length(theory.look(settings)) == pytest.approx(LOOK_ARL, rel=0.005)
    assert BLOCK_ARL <= theory.run_length(theory.block(settings)) < 1.05 * BLOCK_ARL


def test_a_shift_that_way_is_found_sooner_and_the_other_way_never() -> None:
    settings = Settings.one_sided("down")
    cases = [Case("", POINTS, normal, change=_add(by)) for by in (-1.0, 1.0, 0.0)]
    down, up, nothing = (seen["look"] for seen in simulate.run(cases, 50, 400, settings))
    assert down.share > 0.75  # of both sides, 0.63
    assert up.share < 0.02
    expected, _ = theory.signalled(theory.look(settings), POINTS)
    assert abs(nothing.share - expected) < 1.5 * nothing.share_error
