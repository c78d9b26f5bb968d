"""Wide rows are shortened, and what was left out is counted."""

from __future__ import annotations

from datetime import datetime

from sluice.quality.dbt_results import Ended, Run
from sluice.quality.failures import FailingRows, Failures, Problem, as_text

NOW = datetime(2025, 1, 1)  # noqa: DTZ001  (UTC without a zone, as everywhere in lake/ops)
TEST = Ended("data_test", "every_row_is_small", "wide", "models/wide.yml", "error", "fail", 1, "", 0.1, NOW, stored="x")


def told(sample: FailingRows | None, ended: Ended = TEST) -> list[str]:
    """The lines about one problem."""
    return as_text(Failures(Run("id", "dev.duckdb", 1.0, (ended,)), (Problem(ended, sample),), 0)).splitlines()


def test_no_line_of_a_table_is_wider_than_the_terminal() -> None:
    sample = FailingRows(tuple(f"column_{n}" for n in range(20)), (("x" * 500, "two\nlines", *range(18)),), "query")
    heading, columns, row, query = told(sample)
    assert heading == "failed: every_row_is_small (wide): 1 row, severity error"
    assert max(len(columns), len(row)) <= 100
    shown = columns.count("column_")
    assert columns.endswith(f"(+{20 - shown} columns)")
    assert 1 < shown < 20
    assert row.split()[0] == "x" * 27 + "…"
    assert "two lines" in row
    assert query == "  all of them: query"


def test_a_table_that_fits_is_whole() -> None:
    assert told(FailingRows(("a", "b"), ((1, None), (20, "x")), "query"))[1:3] == ["  a   b", "  1   null"]


def test_one_column_is_shown_however_wide() -> None:
    assert told(FailingRows(("c" * 300, "b"), ((1, 2),), "query"))[1] == "  " + "c" * 27 + "…  b"


def test_a_test_whose_rows_were_not_stored_still_says_how_many() -> None:
    assert told(None) == ["failed: every_row_is_small (wide): 1 row, severity error"]
