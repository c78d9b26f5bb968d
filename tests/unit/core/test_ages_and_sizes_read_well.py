"""How long ago, and how many bytes: in the largest unit that fits, alike in every report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sluice.core.text import ago, size

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(days=20, hours=5), "20 d"),
        (timedelta(hours=23), "23 h"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(seconds=3), "0 min"),
        (timedelta(seconds=-3), "0 min"),
    ],
)
def test_an_age_is_in_the_largest_whole_unit(passed: timedelta, text: str) -> None:
    assert ago(NOW - passed, NOW) == ago(f"{NOW - passed:%Y-%m-%dT%H:%M:%SZ}", NOW) == text
    assert ago(None, NOW) == "-"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (5 * 10**9, "5.0 GB"),
        (10**13, "10.0 TB"),
    ],
)
def test_bytes_are_in_a_unit_that_reads_well(count: int | None, text: str) -> None:
    assert size(count) == text
