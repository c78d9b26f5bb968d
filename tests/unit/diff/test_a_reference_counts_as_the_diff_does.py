"""Small tables at random, compared by the product and by dictionaries of rows in plain Python: both say the same.

Keys are double, null or retyped; numbers are wide, NaN or -0; names differ by case; some columns are personal. The same tables
each time; `make fuzz` goes on with others.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.judged import diffs
from tests.helpers.judged.pairs import Column
from tests.helpers.judged.values import fitted
from tests.helpers.repeatable import repeatable

from sluice.diff import sql
from sluice.diff.columns import Shared


@repeatable(4)
@given(st.integers(0, 10**9))
def test_the_reference_says_the_same_of_thousands_of_tables(seed: int) -> None:
    assert [f"{fault}\n{pair}" for pair, fault in diffs.batch(seed, 95)] == []


def test_the_reference_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that takes [] for null, and a comparison of numbers as doubles: what the product did once."""
    assert diffs.batch(7, 20) == []
    with monkeypatch.context() as patched:
        patched.setattr(sql, "_hashed", lambda column, side: column.sql(side))
        pair = replace(diffs.batch_of(7, 1)[0], columns=[Column(("v", "v"), ("INTEGER[]", "INTEGER[]"))])
        assert diffs.judge([replace(pair, rows=([[()]], [[None]]))]) != []
    monkeypatch.setattr(Shared, "compared", lambda _, value, __: f"cast({value} as double)")
    number = Column(("v", "v"), ("BIGINT", "DOUBLE"))
    rows = ([[fitted(9007199254740993, "BIGINT")]], [[9007199254740992.0]])
    assert diffs.judge([replace(pair, columns=[number], rows=rows)]) != []
