"""Checks at random on small tables at random: Great Expectations inside DuckDB says what lists in plain Python say."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.judged import audits
from tests.helpers.repeatable import repeatable

from sluice.quality.expectations.quiet import quiet_gx


@repeatable(5)
@given(st.integers(0, 10**9))
def test_the_reference_says_the_same_of_forty_checks_each(seed: int) -> None:
    with TemporaryDirectory() as folder:
        assert audits.batch(Path(folder), seed, 40) == []


def test_the_reference_bites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in which null is not a value: what Great Expectations' own query does."""
    with quiet_gx():
        from sluice.quality.expectations.scan import DuckDBScanEngine
    monkeypatch.setattr(DuckDBScanEngine, "_rows_in_groups", lambda *_: 0)
    found = []
    for seed in range(2):
        (tmp_path / str(seed)).mkdir()
        found += audits.batch(tmp_path / str(seed), seed, 40)
    assert found
    assert all("expect_compound_columns_to_be_unique" in fault for fault in found)
