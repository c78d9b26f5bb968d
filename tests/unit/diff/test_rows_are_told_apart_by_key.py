"""Rows that came, went and changed are counted by key, per column and which way; every figure here is counted by hand."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import pytest
from tests.helpers.diffed import Sides, node, unique_test

from sluice.diff.result import Pair

BEFORE = """
    select * from (values
        (1, 'web',   10.00::decimal(10, 2), true,  date '2025-01-01', null),
        (2, 'web',   20.00::decimal(10, 2), true,  date '2025-01-02', 'x'),
        (3, 'store', 30.00::decimal(10, 2), false, date '2025-01-03', 'y'),
        (4, 'store', 40.00::decimal(10, 2), false, date '2025-01-04', 'z')
    ) as orders (order_id, channel, amount, is_paid, ordered_on, note)
"""
AFTER = """
    select * from (values
        (1, 'app',   15.00::decimal(10, 2), true,  date '2025-01-01', 'n'),
        (2, 'app',   12.50::decimal(10, 2), true,  date '2025-02-02', null),
        (3, 'store', 30.00::decimal(10, 2), true,  date '2025-01-03', 'y'),
        (5, 'phone', 50.00::decimal(10, 2), false, date '2025-01-05', 'w')
    ) as orders (order_id, channel, amount, is_paid, ordered_on, note)
"""


def test_rows_added_removed_and_changed_are_counted(sides: Sides) -> None:
    sides.tables(BEFORE, AFTER)

    found = sides.relation()

    assert found.status == "changed"
    assert (found.key, found.key_source) == (("order_id",), "contract")
    rows = found.rows
    assert rows is not None
    assert (rows.before, rows.after, rows.added, rows.removed, rows.changed) == (4, 4, 1, 1, 3)


def test_each_column_says_how_many_changed_and_which_way(sides: Sides) -> None:
    sides.tables(BEFORE, AFTER)

    rows = sides.relation().rows
    assert rows is not None
    columns = {change.column: change for change in rows.columns}

    assert {name: change.changed for name, change in columns.items()} == {
        "channel": 2, "amount": 2, "is_paid": 1, "ordered_on": 1, "note": 2,
    }  # fmt: skip
    amount = columns["amount"]
    assert (amount.up, amount.down) == (1, 1)
    assert (amount.total, amount.least, amount.most) == (Decimal("-2.50"), Decimal("-7.50"), Decimal("5.00"))
    assert (columns["note"].filled, columns["note"].emptied) == (1, 1)
    assert columns["channel"].pairs == (Pair("web", "app", 2),)
    assert columns["is_paid"].pairs == (Pair("false", "true", 1),)
    assert (columns["ordered_on"].up, columns["ordered_on"].down) == (1, 0)


def test_samples_are_the_smallest_keys_old_beside_new(sides: Sides) -> None:
    sides.tables(BEFORE, AFTER)

    rows = sides.relation(samples=1).rows
    assert rows is not None
    changed, added, removed = rows.samples

    assert changed.key == (("order_id", "1"),)
    assert changed.values == (("channel", "web", "app"), ("amount", "10.00", "15.00"), ("note", None, "n"))
    assert added.kind == "added"
    assert added.key == (("order_id", "5"),)
    assert ("amount", None, "50.00") in added.values
    assert removed.kind == "removed"
    assert ("note", "z", None) in removed.values


def test_figures_before_and_after(sides: Sides) -> None:
    sides.tables(BEFORE, AFTER)

    metrics = {metric.column: metric for metric in sides.relation().metrics}

    before, after = metrics["amount"].before, metrics["amount"].after
    assert before is not None
    assert after is not None
    assert (before.sum, before.mean, before.nulls) == (Decimal("100.00"), 25.0, 0)
    assert (after.sum, after.mean) == (Decimal("107.50"), 26.875)
    channel = metrics["channel"]
    assert [side.distinct for side in (channel.before, channel.after) if side] == [2, 3]
    day = metrics["ordered_on"]
    assert [(side.least, side.most) for side in (day.before, day.after) if side] == [
        ("2025-01-01", "2025-01-04"),
        ("2025-01-01", "2025-02-02"),
    ]


def test_a_key_of_tests_is_taken_where_the_contract_has_none(sides: Sides) -> None:
    filtered = unique_test("orders", "channel", where="is_paid")
    sides.declare(node("orders"), filtered, unique_test("orders", "order_id", "ordered_on"))
    sides.tables(BEFORE, AFTER)

    found = sides.relation()

    assert (found.key, found.key_source) == (("order_id", "ordered_on"), "test orders_is_unique")
    rows = found.rows
    assert rows is not None
    # Order 2 moved to another day: by this key it went and came.
    assert (rows.added, rows.removed, rows.changed) == (2, 2, 2)


def test_most_rows_changed_gives_the_same_figures_as_few(sides: Sides) -> None:
    """Beyond a share of changed rows the two sides are joined another way."""
    table = "select range as order_id, {} as amount, 'x' as note from range(1000)"
    sides.tables(table.format("range"), table.format("range + 2"))
    many = sides.relation().rows
    sides.tables(table.format("range"), table.format("case when range < 10 then range + 2 else range end"))
    few = sides.relation().rows
    assert many is not None
    assert few is not None

    assert (many.changed, many.columns[0].up, many.columns[0].total) == (1000, 1000, 2000)
    assert (few.changed, few.columns[0].up, few.columns[0].total) == (10, 10, 20)
    assert [change.column for change in many.columns] == ["amount"]


@pytest.mark.parametrize("seed", range(12))
def test_any_two_tables_give_what_counting_row_by_row_gives(sides: Sides, seed: int) -> None:
    """Keys that are null or in several rows among them: counted here in plain Python."""
    dice = random.Random(seed)
    keys: list[int | None] = [*range(12 if seed % 2 else 60)] + ([None] if seed % 3 == 0 else [])
    before, more = ([(dice.choice(keys), dice.choice("ab"), dice.choice([None, 1, 2])) for _ in range(n)] for n in (40, 8))
    after = [row for row in before if dice.random() < 0.8] + more
    if seed % 4 == 1:  # keys that are unique after all
        before, after = (list({row[0]: row for row in rows}.values()) for rows in (before, after))
    dice.shuffle(after)
    sides.tables(*(_values(rows) for rows in (before, after)))

    found = sides.relation()

    rows = found.rows
    assert rows is not None
    assert (rows.added, rows.removed, rows.changed) == _counted(before, after)
    assert (found.status == "same") == (Counter(before) == Counter(after))


Row = tuple[int | None, str, int | None]


def _values(rows: list[Row]) -> str:
    listed = ", ".join(f"({'null' if k is None else k}, '{w}', {'null' if n is None else n})" for k, w, n in rows)
    return f"select k::int as order_id, w as word, n::int as number from (values {listed}) as t (k, w, n)"


def _counted(before: list[Row], after: list[Row]) -> tuple[int, int, int]:
    added = removed = changed = 0
    for key in {row[0] for row in [*before, *after]}:
        old, new = (Counter(row for row in rows if row[0] == key) for rows in (before, after))
        if old.total() == new.total() == 1:
            changed += old != new
        else:
            added, removed = added + (new - old).total(), removed + (old - new).total()
    return added, removed, changed
