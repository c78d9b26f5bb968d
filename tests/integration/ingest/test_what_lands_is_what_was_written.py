"""Deliveries at random: what lands equals what was written, the rest is in quarantine, and a value that fits is not refused.

The same deliveries each time; `make fuzz` goes on with others. What is delivered, and by whom it is judged: tests/helpers/fuzz.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.fuzz import cells, columns, files, styles, tried, written
from tests.helpers.fuzz.spellings import DECKS, Spelling
from tests.helpers.repeatable import repeatable

DICE = st.integers(0, 1 << 32).map(random.Random)


@repeatable(2)
@given(DECKS, cells.DIALECTS, DICE)
def test_cells_of_csv(deck: list[Spelling], dialect: cells.Dialect, dice: random.Random) -> None:
    assert tried.csv(deck, dialect, dice) == []


@repeatable(2)
@given(DECKS, cells.SHAPES, DICE)
def test_values_of_json(deck: list[Spelling], shaped: list[tuple[str, str, Any]], dice: random.Random) -> None:
    assert tried.json(deck, shaped, dice) == []


@repeatable(3)
@given(columns.DECKS, DICE)
def test_columns_of_parquet(deck: list[columns.Plan], dice: random.Random) -> None:
    assert tried.parquet(deck, dice) == []


@pytest.mark.parametrize("format", list(files.KINDS))
def test_files_that_are_odd_as_a_whole(format: str) -> None:
    @repeatable(3)
    @given(files.decks(format))
    def tried_again(deck: Sequence[files.Odd]) -> None:
        assert tried.whole_files(format, deck) == []

    tried_again()


@repeatable(3)
@given(styles.RECORDS, styles.STYLES, styles.STYLES)
def test_dates_and_numbers_in_the_style_of_a_feed(
    records: list[Mapping[str, Any]], written_in: styles.Style, read_in: styles.Style
) -> None:
    assert tried.in_styles(records, written_in, read_in) == []


@repeatable(2)
@given(written.RECORDS)
def test_values_that_fit_as_programs_write_them(records: list[Mapping[str, Any]]) -> None:
    assert tried.programs(records) == []
