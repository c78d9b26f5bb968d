"""Types that change, values that are not numbers, names that need quotes, empty and wide tables: all are compared."""

from __future__ import annotations

import pytest
from tests.helpers.diffed import Sides, node

from sluice.diff.columns import ComparedColumn, common
from sluice.diff.result import SchemaChange


def changes(sides: Sides, before: str, after: str) -> dict[str, int]:
    """How many rows changed per column of two tables with one row, order_id 1, and a column `v`."""
    sides.tables(f"select 1 as order_id, {before} as v", f"select 1 as order_id, {after} as v")
    rows = sides.relation().rows
    assert rows is not None
    return {change.column: change.changed for change in rows.columns}


@pytest.mark.parametrize(
    ("before", "after", "differ"),
    [
        ("'nan'::double", "'nan'::double", False),
        ("'nan'::double", "1.0::double", True),
        ("0.0::double", "-0.0::double", False),
        ("1.5::decimal(10, 2)", "1.5::double", False),
        ("1.50::decimal(10, 2)", "1.5000::decimal(18, 4)", False),
        ("1.50::decimal(10, 2)", "1.5001::decimal(18, 4)", True),
        ("7::integer", "7::bigint", False),
        ("7::ubigint", "7::decimal(10, 2)", False),
        ("7::integer", "'7'", False),
        ("7::integer", "'seven'", True),
        ("true", "1::integer", True),
        ("date '2025-01-01'", "timestamp '2025-01-01 00:00:00'", False),
        ("date '2025-01-01'", "timestamp '2025-01-01 00:00:01'", True),
        ("timestamp '2025-01-01 10:00:00'", "timestamptz '2025-01-01 12:00:00+02'", False),
        ("{'a': 1, 'b': [1, 2]}", "{'a': 1, 'b': [1, 3]}", True),
        ("{'a': 1}", "{'a': 1, 'b': 2}", True),
        ("[1, 2]", "[1, 2]", False),
        ("[1, 2]", "'x'", True),
        ("map {'k': 1}", "map {'k': 2}", True),
        ("'{\"a\": 1}'::json", "'{\"a\": 2}'::json", True),
        ("'a'::enum('a', 'b')", "'a'", False),
        ("null::integer", "null::varchar", False),
        ("interval 1 day", "interval 2 days", True),
        ("'\\x00'::blob", "'\\x01'::blob", True),
        ("170141183460469231731687303715884105727::hugeint", "1::hugeint", True),
    ],
)
def test_values_are_compared_by_what_they_mean(sides: Sides, before: str, after: str, differ: bool) -> None:
    assert changes(sides, before, after) == ({"v": 1} if differ else {})
    assert sides.relation().status != "unreadable"


def test_a_retyped_column_is_a_change_of_the_schema_and_of_no_row(sides: Sides) -> None:
    sides.tables("select 1 as order_id, 2::integer as n", "select 1 as order_id, 2::bigint as n")

    found = sides.relation()

    assert found.status == "changed"
    assert found.schema == (SchemaChange("column retyped", "n", "INTEGER", "BIGINT"),)
    assert found.rows is not None
    assert found.rows.changed == 0


@pytest.mark.parametrize("first", ["TINYINT", "HUGEINT", "UHUGEINT", "DECIMAL(38,30)", "DECIMAL(4,1)", "DOUBLE", "FLOAT"])
@pytest.mark.parametrize("second", ["BIGINT", "DECIMAL(38,0)", "DECIMAL(18,4)", "DOUBLE", "UBIGINT"])
def test_two_numbers_have_a_type_that_duckdb_knows(sides: Sides, first: str, second: str) -> None:
    found = common(ComparedColumn("v", first), ComparedColumn("v", second))
    assert changes(sides, f"1::{first}", f"1::{second}") == {}, found


def test_columns_in_another_order_are_said_and_the_rows_are_the_same(sides: Sides) -> None:
    sides.tables("select 1 as order_id, 2 as a, 3 as b", "select 1 as order_id, 3 as b, 2 as a")

    found = sides.relation()

    assert [change.kind for change in found.schema] == ["columns moved"]
    assert found.rows is not None
    assert found.rows.changed == found.rows.added == 0


def test_columns_that_came_and_went_do_not_make_every_row_differ(sides: Sides) -> None:
    sides.tables("select range as order_id, 1 as gone from range(9)", "select range as order_id, 2 as new from range(9)")

    found = sides.relation()

    assert found.schema == (
        SchemaChange("column removed", "gone", "INTEGER"),
        SchemaChange("column added", "new", None, "INTEGER"),
    )
    assert found.rows is not None
    assert (found.rows.added, found.rows.removed, found.rows.changed) == (0, 0, 0)
    assert {metric.column for metric in found.metrics} == {"gone", "new"}


def test_promises_that_changed_are_told_from_the_manifests(sides: Sides) -> None:
    required = {"n": {"constraints": [{"type": "not_null"}]}}
    sides.declare(node("orders", key=["order_id"]), only="a")
    sides.declare(node("orders", key=["order_id", "n"], columns=required), only="b")
    sides.tables("select 1 as order_id, 2 as n", "select 1 as order_id, 2 as n")

    found = sides.relation()

    assert found.status == "changed"
    assert found.schema == (SchemaChange("required", "n"), SchemaChange("key", "key", "order_id", "order_id, n"))


def test_empty_tables_and_tables_on_one_side_only(sides: Sides) -> None:
    sides.declare(node("orders", key=["order_id"]), node("gone"), only="a")
    sides.declare(node("orders", key=["order_id"]), node("new"), node("never"), only="b")
    sides.tables("select 1 as order_id limit 0", "select range as order_id from range(3)")
    sides.build("a", "create table core.gone as select 1 as x")
    sides.build("b", "create table core.new as select range as x from range(5)")

    found = {one.relation: one for one in sides.diff().relations}

    assert {name: one.status for name, one in found.items()} == {
        "core.orders": "changed", "core.gone": "removed", "core.new": "added", "core.never": "missing",
    }  # fmt: skip
    for name, counts in (("core.orders", (0, 3)), ("core.gone", (1, 0)), ("core.new", (0, 5))):
        rows = found[name].rows
        assert rows is not None
        assert (rows.before, rows.after) == counts
        assert (rows.added, rows.removed) == (counts[1], counts[0])


def test_names_that_need_quotes(sides: Sides) -> None:
    name = 'Or"der; drop table x --'
    sides.declare(node(name, key=['I d"']))
    for side, value in (("a", "1"), ("b", "2")):
        quoted = name.replace('"', '""')
        sides.build(side, f'create table core."{quoted}" as select 1 as "I d""", {value} as "select"')

    found = sides.relation()

    assert found.status == "changed"
    assert found.rows is not None
    assert [change.column for change in found.rows.columns] == ["select"]


def test_a_thousand_columns(sides: Sides) -> None:
    columns = "".join(f", {n} as c{n}" for n in range(999))
    sides.tables(*(f"select range as order_id{columns}, {last} as c999 from range(3)" for last in (1, 2)))

    rows = sides.relation().rows

    assert rows is not None
    assert [change.column for change in rows.columns] == ["c999"]


def test_a_view_on_something_outside_is_said_and_stops_nothing(sides: Sides) -> None:
    sides.declare(node("orders", key=["order_id"]), node("outside"))
    sides.tables("select 1 as order_id", "select 2 as order_id")
    for side in "ab":
        lake = "attach ':memory:' as lake; create table lake.t as select 1 as x"
        sides.build(side, lake, "create view core.outside as select * from lake.t")

    found = {one.relation: one for one in sides.diff().relations}

    assert found["core.orders"].status == "changed"
    assert found["core.outside"].status == "unreadable"
    assert "lake" in (found["core.outside"].detail or "")


def test_personal_columns_are_masked_in_samples_and_frequent_changes(sides: Sides) -> None:
    personal = {"email": {"config": {"meta": {"pii": "contact"}}}, "born_on": {"meta": {"pii": True}}}
    sides.declare(node("orders", key=["order_id"], columns=personal))
    row = "select 1 as order_id, '{}@x.example' as email, date '{}' as born_on, 'seen' as note"
    sides.tables(row.format("ann", "1980-01-01"), row.format("bob", "1990-02-02"))

    text = str(sides.diff())

    assert "@x.example" not in text
    assert "1980" not in text
    assert "(masked)" in text
    rows = sides.relation().rows
    assert rows is not None
    assert {change.column: change.changed for change in rows.columns} == {"email": 1, "born_on": 1}
