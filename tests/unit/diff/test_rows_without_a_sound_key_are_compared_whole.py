"""Where no key is known, or keys are null or in several rows, it says so, and no difference is lost or made up."""

from __future__ import annotations

import duckdb
import pytest
from tests.helpers.diffed import Sides, node

from sluice.diff import sql


def test_without_a_key_rows_are_compared_as_they_are(sides: Sides) -> None:
    sides.declare(node("orders"))
    sides.tables(
        "select * from (values ('a', 1), ('a', 1), ('b', 2)) t (word, number)",
        "select * from (values ('a', 1), ('b', 3), ('b', 3)) t (word, number)",
    )

    rows = sides.relation().rows

    assert rows is not None
    assert rows.compared_by == "whole rows"
    assert (rows.added, rows.removed, rows.changed) == (2, 2, 0)
    assert rows.remarks == ("no key is known: whole rows were compared",)
    assert {(sample.kind, sample.values) for sample in rows.samples} == {
        ("added", (("word", None, "b"), ("number", None, "3"))),
        ("removed", (("word", "a", None), ("number", "1", None))),
        ("removed", (("word", "b", None), ("number", "2", None))),
    }


def test_keys_in_several_rows_are_said_and_their_rows_compared_whole(sides: Sides) -> None:
    sides.tables(
        "select * from (values (1, 'a'), (1, 'b'), (2, 'c')) t (order_id, word)",
        "select * from (values (1, 'b'), (1, 'a'), (1, 'd'), (2, 'e')) t (order_id, word)",
    )

    rows = sides.relation().rows

    assert rows is not None
    assert (rows.added, rows.removed, rows.changed) == (1, 0, 1)
    assert "1 keys are in more than one row (2 rows before, 3 after)" in rows.remarks[0]
    assert [change.column for change in rows.columns] == ["word"]


def test_a_copy_lost_here_and_won_there_is_no_silence(sides: Sides) -> None:
    """Every pair that a join makes is equal, and the tables are of one size: only the account of the hashes tells."""
    sides.tables(
        "select * from (values (1, 'a'), (1, 'a'), (2, 'b')) t (order_id, word)",
        "select * from (values (1, 'a'), (2, 'b'), (2, 'b')) t (order_id, word)",
    )

    rows = sides.relation().rows

    assert rows is not None
    assert (rows.added, rows.removed, rows.changed) == (1, 1, 0)


def test_null_keys_are_compared_as_a_value(sides: Sides) -> None:
    sides.tables(
        "select * from (values (null::int, 'a'), (2, 'c')) t (order_id, word)",
        "select * from (values (null::int, 'b'), (2, 'c')) t (order_id, word)",
    )

    rows = sides.relation().rows

    assert rows is not None
    assert (rows.added, rows.removed, rows.changed) == (0, 0, 1)
    assert "null was compared as a value" in rows.remarks[0]


def test_a_key_that_came_twice_is_said_and_its_rows_are_shown_once(sides: Sides) -> None:
    sides.tables(
        "select * from (values (1, 'a')) t (order_id, word)",
        "select * from (values (1, 'a'), (2, 'b'), (2, 'c')) t (order_id, word)",
    )

    rows = sides.relation().rows

    assert rows is not None
    assert (rows.added, rows.removed, rows.changed) == (2, 0, 0)
    assert "1 keys are in more than one row (0 rows before, 2 after)" in rows.remarks[0]
    assert [sample.values[-1] for sample in rows.samples] == [("word", None, "b"), ("word", None, "c")]


def test_a_null_key_that_came_is_said(sides: Sides) -> None:
    sides.tables("select 1 as order_id", "select unnest([1, null]) as order_id")

    rows = sides.relation().rows

    assert rows is not None
    assert (rows.added, rows.removed, rows.changed) == (1, 0, 0)
    assert rows.remarks[0].startswith("1 keys that differ are null")


def test_a_key_in_thousands_of_rows_does_not_multiply(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 rows of one key on each side would join to 400 million pairs; the join ends after as many as unique keys make."""
    sides.tables(
        "select 1 as order_id, range as number from range(20000)",
        "select 1 as order_id, range + 1 as number from range(20000)",
    )
    made: list[int] = []
    accounting = sql.accounting

    def counted(key: object) -> str:
        made.append(1)
        return accounting(key)  # type: ignore[arg-type]

    monkeypatch.setattr(sql, "accounting", counted)

    rows = sides.relation().rows

    assert rows is not None
    assert (rows.added, rows.removed) == (1, 1)
    assert len(made) == 2  # the join's account did not hold, the groups' did


def test_the_join_is_cut_off_where_unique_keys_would_end(sides: Sides) -> None:
    sides.tables("select 1 as order_id, range as n from range(300)", "select 1 as order_id, range + 1000 as n from range(300)")
    from sluice.diff.columns import ComparedColumn, Shared

    columns = [Shared(*(ComparedColumn(name, "BIGINT"),) * 3) for name in ("order_id", "n")]
    with duckdb.connect() as connection:
        for name in "ab":
            connection.execute(f"attach '{sides.root / name / 'warehouse.duckdb'}' as {name} (read_only)")
        connection.execute(sql.differing({side: f"{side}.core.orders" for side in "ab"}, columns[:1], columns, 601))
        assert connection.execute("select count(*) <= 601 from d").fetchone() == (True,)
