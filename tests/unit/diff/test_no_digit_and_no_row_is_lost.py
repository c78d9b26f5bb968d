"""Retyped numbers, wide numbers, far dates, collations, empty lists, names in other letters: what differs is counted, exactly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.helpers.diffed import Sides, node

from sluice.diff.result import ColumnChange, RowChanges


def rows_of(sides: Sides, before: str, after: str) -> RowChanges:
    """The rows of two tables whose only row is order 1 with a value `v`."""
    sides.tables(f"select 1 as order_id, {before} as v", f"select 1 as order_id, {after} as v")
    rows = sides.relation().rows
    assert rows is not None, sides.relation().detail
    return rows


def change_of(sides: Sides, before: str, after: str) -> ColumnChange:
    (change,) = rows_of(sides, before, after).columns
    return change


@pytest.mark.parametrize(
    ("before", "after", "differ"),
    [
        ("9007199254740993::bigint", "9007199254740993::double", True),  # no double is that number
        ("9007199254740992::bigint", "9007199254740992::double", False),
        ("9223372036854775808::hugeint", "9223372036854775808::double", False),
        ("16777217::integer", "16777217::float", True),
        ("12345678901234567.89::decimal(19, 2)", "12345678901234567.89::double", True),
        ("0.1::decimal(10, 2)", "0.1::double", False),
        ("0.1::decimal(10, 2)", "0.1::float", False),
        ("0.3::decimal(10, 2)", "0.1::double + 0.2::double", True),
        ("1::decimal(10, 2)", "'nan'::double", True),
        ("1::decimal(38, 30)", "1::decimal(38, 0)", False),
        ("1.0000000001::decimal(38, 30)", "1::decimal(38, 0)", True),
        ("340282366920938463463374607431768211455::uhugeint", "0::hugeint", True),
        ("0::uhugeint", "-0.0::double", False),
        ("date '5881580-07-10'", "timestamp '2024-01-01'", True),
        ("date 'infinity'", "timestamp 'infinity'", False),
        ("timestamp '2025-01-01'", "timestamp_ns '2025-01-01 00:00:00.000000001'", True),
        ("timestamp_ms '2025-01-01 00:00:00.1'", "timestamptz '2025-01-01 02:00:00.1+02'", False),
        ("[9007199254740993]", "[9007199254740993::double]", True),
        ("[1, 2]", "[1::double, 2]", False),
        ("{'n': 9007199254740993}", "{'n': 9007199254740993::double}", True),
        ("{'n': 1, 'w': 'x'}", "{'w': 'x', 'n': 1.0::double}", False),
        ("map {'k': 1}", "map {'k': 1::double}", False),
        ("[]::integer[]", "null::integer[]", True),  # DuckDB's hash of both is the same
        ("[null]::integer[]", "[]::integer[]", True),
        ("{'n': null::integer}", "null::struct(n integer)", True),
        ("0::hugeint", "-1::hugeint", True),  # and of these two
        ("0::decimal(38, 2)", "-0.01::decimal(38, 2)", True),
        ("1::hugeint", "18446744073709551616::hugeint", True),
        ("[[null]]::integer[][]", "[[]]::integer[][]", True),
    ],
)
def test_two_types_are_compared_without_losing_a_digit(sides: Sides, before: str, after: str, differ: bool) -> None:
    assert [change.column for change in rows_of(sides, before, after).columns] == ["v"] * differ
    assert [change.column for change in rows_of(sides, after, before).columns] == ["v"] * differ


def test_what_changed_is_reckoned_with_every_digit(sides: Sides) -> None:
    wide = "99999999999999999999999999999999999999"
    for kind in ("decimal(38, 0)", "hugeint"):
        change = change_of(sides, f"{wide}::{kind}", f"{wide}::{kind} - 1")
        assert (change.total, change.least, change.most, change.up, change.down) == (-1, -1, -1, 0, 1)
    change = change_of(sides, f"-{wide}::decimal(38, 0)", f"{wide}::decimal(38, 0)")
    assert change.total == 2 * int(wide)  # more than DuckDB's widest type has
    change = change_of(sides, "9007199254740993::bigint", "9007199254740992::double")
    assert (change.total, change.down) == (-1, 1)
    change = change_of(sides, "0.25::decimal(38, 30)", "0.5::decimal(38, 30)")
    assert change.total == Decimal("0.25")


def test_sums_and_means_have_every_digit(sides: Sides) -> None:
    """DuckDB's own sum of these wraps around, or is a double."""
    for kind, value in (("hugeint", 2**127 - 1), ("uhugeint", 2**128 - 1), ("decimal(38, 0)", 10**38 - 1)):
        table = f"select range as order_id, '{value}'::{kind} as v from range({{}})"
        sides.tables(table.format(3), table.format(5))
        (metric,) = [metric for metric in sides.relation().metrics if metric.column == "v"]
        assert metric.before is not None
        assert metric.after is not None
        assert (metric.before.sum, metric.after.sum) == (3 * value, 5 * value)
        assert (metric.before.mean, metric.after.mean) == (value, value)


def test_figures_of_what_did_not_change_are_not_listed(sides: Sides) -> None:
    """NaN is not equal to itself in Python, and the sum of floats depends on their order."""
    table = (
        "select range as order_id, case when range = 7 then 'nan'::double else 1 / (range + 1) end as v, {} as w from range(9)"
    )
    sides.tables(table.format("1"), table.format("2"))
    assert [metric.column for metric in sides.relation().metrics] == ["w"]


def test_a_key_in_several_rows_of_both_sides_changes_nothing(sides: Sides) -> None:
    """The sums of the hashes agree, more than 30 % of the pairs differ: only their number tells."""
    sides.tables(
        "select * from (values (1, 'x'), (1, 'y'), (2, 'p')) t (order_id, word)",
        "select * from (values (1, 'y'), (1, 'x'), (2, 'q')) t (order_id, word)",
    )
    rows = sides.relation().rows
    assert rows is not None
    assert (rows.added, rows.removed, rows.changed) == (0, 0, 1)
    assert [(change.column, change.changed) for change in rows.columns] == [("word", 1)]


@pytest.mark.parametrize("column", ["order_id", "word"])
def test_a_collation_hides_no_change(sides: Sides, column: str) -> None:
    sides.tables("select 1 as x", "select 1 as x")
    for side, word in (("a", "Ann"), ("b", "ann")):
        table = "create or replace table core.orders (order_id varchar collate nocase, word varchar collate nocase)"
        row = f"insert into core.orders values ('{word if column == 'order_id' else 'k'}', '{word}')"
        sides.build(side, table, row)
    rows = sides.relation().rows
    assert rows is not None
    assert (rows.added, rows.changed) == ((1, 0) if column == "order_id" else (0, 1))


def test_names_are_compared_as_duckdb_does(sides: Sides) -> None:
    """A schema with a dot; a table, a column and a key in other letters; Ä is not ä."""
    sides.declare(node("Orders", "Shop.eu", key=["ID"]), only="a")
    sides.declare(node("orders", "shop.EU", key=["id"]), only="b")
    for side, table, names, value in (("a", "Orders", ("ID", "Val", "Ä"), 1), ("b", "orders", ("id", "val", "ä"), 2)):
        columns = ", ".join(f'{number} as "{name}"' for number, name in zip((7, value, 0), names, strict=True))
        sides.build(side, 'create schema "Shop.eu"', f'create table "Shop.eu"."{table}" as select {columns}')
    found = sides.relation()
    assert (found.relation, found.status) == ("shop.EU.orders", "changed")
    assert [change.kind for change in found.schema] == ["column removed", "column added", "column renamed", "column renamed"]
    assert found.rows is not None
    assert [(change.column, change.changed) for change in found.rows.columns] == [("val", 1)]


def test_a_view_is_read_under_the_name_that_dbt_wrote_into_it(tmp_path: Path) -> None:
    """One file has the name of its database, the other was renamed: then dbt's manifest has it."""
    sides = Sides(tmp_path)
    for side, database, value in (("a", "prod", 1), ("b", "dev", 2)):
        (tmp_path / side).mkdir()
        file = tmp_path / side / f"{database}.duckdb"
        with duckdb.connect(str(file)) as connection:
            connection.execute(
                f"create table t as select 1 as id, {value} as v; create view u as select * from {database}.main.t"
            )
            connection.execute(f'create view core as (select * from "{database}"."main"."u")')
        file.rename(tmp_path / side / "warehouse.duckdb")
        sides.declare(node("core", "main", key=["id"], database=database), only=side)
    rows = sides.relation().rows
    assert rows is not None
    assert (rows.before, rows.after, rows.changed) == (1, 1, 1)
