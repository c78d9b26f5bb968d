"""Times, shares and counts as people read them; what is not known says so."""

from __future__ import annotations

import pytest

from sluice.dataops import words
from sluice.dataops.metrics import Figure, Row


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59.6, "1 min"),
        (2730, "45 min 30 s"),
        (3600, "1 h"),
        (3659, "1 h"),
        (-5400, "-1 h 30 min"),
        (7 * 86400, "7 d"),
        (90061, "1 d 1 h"),
        (86460, "1 d"),
    ],
)
def test_a_time_has_its_two_largest_units(seconds: float, told: str) -> None:
    assert words.lasted(seconds) == told


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (None, "seconds", "not known"),
        (90.0, "seconds", "1 min 30 s"),
        (0.2083, "share", "20.8 %"),
        (1.0, "share", "100 %"),
        (2.0222, "a week", "2.02 a week"),
        (1.0, "error", "1 error"),
        (1234.0, "row", "1,234 rows"),
    ],
)
def test_a_figure_has_its_unit(value: float | None, unit: str, told: str) -> None:
    assert words.value(Figure("f", value, unit, 1, 2)) == told


def test_a_figure_says_of_how_many_rows_it_is_made() -> None:
    assert words.made_of(Figure("f", 1.0, "share", 24, 1026)) == "24 of 1,026 rows"
    assert words.made_of(Figure("f", 1.0, "row", None, None)) == ""


@pytest.mark.parametrize(
    ("metric", "value", "told"),
    [
        ("recovery", 60.0, "1 min"),
        ("deployments", 2.0, "2 models"),
        ("rework", 1.0, "1 commit"),
        ("errors_caught", 13.0, "13"),
        ("downtime", None, ""),
    ],
)
def test_a_row_has_the_unit_of_its_metric(metric: str, value: float | None, told: str) -> None:
    assert words.of_row(metric, Row("i", "s", None, None, value, "counted", None)) == told
