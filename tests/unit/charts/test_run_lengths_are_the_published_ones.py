"""The computed run lengths of charts, which the proof compares with, against tables in the literature."""

from __future__ import annotations

import pytest

from sluice.charts import theory
from sluice.charts.settings import BLOCK_ARL, LOOK_ARL, Settings
from sluice.charts.theory import Scheme

NONE = 50.0  # a limit on points that no point reaches


@pytest.mark.parametrize(
    ("weight", "limit", "shift", "published"),
    [
        # Lucas and Saccucci 1990, table 3
        (0.5, 3.071, 0.0, 500), (0.5, 3.071, 0.5, 88.8), (0.5, 3.071, 1.0, 17.5), (0.5, 3.071, 2.0, 3.63),
        # Crowder 1987
        (0.5, 2.0, 0.0, 26.45), (0.5, 2.0, 1.0, 4.91), (0.05, 2.0, 0.0, 127.53), (0.05, 2.0, 1.0, 8.38),
        # Chandrasekaran, English and Disney 1995; SAS/QC, ewmaarl
        (0.25, 2.9985, 0.5, 48.14), (0.1, 2.8159, 0.5, 31.08), (0.25, 3.0, 1.0, 11.154267016),
    ],
)  # fmt: skip
def test_of_a_weighted_mean(weight: float, limit: float, shift: float, published: float) -> None:
    assert theory.run_length(Scheme(weight, NONE, limit), shift) == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize(("shift", "published"), [(0.0, 370.40), (0.5, 155.22), (1.0, 43.89), (2.0, 6.30), (3.0, 2.00)])
def test_of_single_points(shift: float, published: float) -> None:
    """Champ and Woodall 1987, rule 1. A mean of weight 1 is the point."""
    assert theory.run_length(Scheme(1.0, 3.0, 3.0), shift) == pytest.approx(published, rel=0.002)


def test_the_settings_have_the_run_lengths_that_they_claim() -> None:
    settings = Settings()
    assert theory.run_length(theory.look(settings)) == pytest.approx(LOOK_ARL, rel=0.005)
    assert BLOCK_ARL <= theory.run_length(theory.block(settings)) < 1.05 * BLOCK_ARL
