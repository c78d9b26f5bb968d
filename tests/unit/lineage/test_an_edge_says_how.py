"""Each way in which a column influences another one, or the rows, has its edge and its name."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.diffed import manifest, node, unique_test

from sluice.lineage.edges import EVERY, ROWS, Edge, Lineage, column_edges

ORDERS, LINES = "model.shop.orders", "model.shop.lines"


def lineage(sql: str, **more: Any) -> Lineage:
    """The lineage of a model `made` over core.orders, whose key is id, and core.lines, which has none."""
    return column_edges(
        manifest(
            node("orders", sql="select 1 as id, 2 as customer, 3 as placed_on, true as is_paid union all select 2, 2, 3, false"),
            node("lines", sql="select 1 as order_id, 2 as amount, 'x' as kind, [1] as parts union all select 2, 3, 'y', [2]"),
            unique_test("orders", "id"),
            node("made", sql=sql, reads=[ORDERS, LINES], **more),
        )
    )


def edges(sql: str, column: str) -> dict[str, set[str]]:
    """By parent's column, how it influences a column of the model; without the rows of the parents."""
    found: dict[str, set[str]] = {}
    for edge in lineage(sql).into("model.shop.made", column):
        if edge.parent_column != ROWS:
            found.setdefault(f"{edge.parent.split('.')[-1]}.{edge.parent_column}", set()).add(edge.how)
    return found


PAID = "with paid as (select customer, count(*) as n from core.orders where is_paid group by customer) "
JOINED = "from core.lines l left join core.orders o on l.order_id = o.id"


@pytest.mark.parametrize(
    ("sql", "column", "expected"),
    [
        ("select id as x from core.orders", "x", {"orders.id": {"identity"}}),
        ("select id::varchar as x from core.orders", "x", {"orders.id": {"transformation"}}),
        ("select max(id + 1) as x from core.orders", "x", {"orders.id": {"aggregation"}}),
        ("with o as (select max(id) as m from core.orders) select m + 1 as x from o", "x", {"orders.id": {"aggregation"}}),
        ("select sum(amount) filter (where kind = 'a') as x from core.lines", "x",
         {"lines.amount": {"aggregation"}, "lines.kind": {"filter"}}),
        ("select case when is_paid then id end as x from core.orders", "x",
         {"orders.id": {"transformation"}, "orders.is_paid": {"conditional"}}),
        ("select if(is_paid, id, customer) as x from core.orders", "x",
         {"orders.id": {"transformation"}, "orders.customer": {"transformation"}, "orders.is_paid": {"conditional"}}),
        ("select exists(select 1 from core.lines where order_id = o.id) as x from core.orders o", "x",
         {"lines.order_id": {"filter"}, "orders.id": {"filter"}}),
        ("select id in (select order_id from core.lines where kind = 'a') as x from core.orders", "x",
         {"orders.id": {"transformation"}, "lines.order_id": {"conditional"}, "lines.kind": {"filter"}}),
        ("select row_number() over w as x from core.orders window w as (partition by customer order by placed_on)", "x",
         {"orders.customer": {"window"}, "orders.placed_on": {"window"}}),
        ("select lag(id) over (order by placed_on) as x from core.orders", "x",
         {"orders.id": {"transformation"}, "orders.placed_on": {"window"}}),
        ("select sum(amount) as x from core.lines group by kind", "x",
         {"lines.amount": {"aggregation"}, "lines.kind": {"group_by"}}),
        ("select list(amount order by kind) as x from core.lines", "x",
         {"lines.amount": {"aggregation"}, "lines.kind": {"sort"}}),
        ("select max_by(amount, kind) as x from core.lines", "x",
         {"lines.amount": {"aggregation"}, "lines.kind": {"sort"}}),
        (PAID + "select n as x from paid", "x", {"orders.is_paid": {"filter"}, "orders.customer": {"group_by"}}),
        (PAID + "select l.amount, n as x from core.lines l left join paid on l.order_id = paid.customer", "x",
         {"orders.is_paid": {"filter"}, "orders.customer": {"group_by", "join"}, "lines.order_id": {"join"}}),
        (f"select o.customer as x {JOINED}", "x",
         {"orders.customer": {"identity"}, "orders.id": {"join"}, "lines.order_id": {"join"}}),
        (f"select l.amount as x {JOINED}", "x", {"lines.amount": {"identity"}}),
        (f"select l.amount as x {JOINED}", ROWS, {}),
        ("select o.id as x from core.orders o left join core.lines l on l.order_id = o.id", ROWS,
         {"lines.order_id": {"join"}, "orders.id": {"join"}}),
        ("select part.p as x from core.lines l, lateral (select unnest(l.parts) as p) part", "x",
         {"lines.parts": {"transformation"}}),
        ("select u.p as x from core.lines, unnest(parts) as u(p)", "x", {"lines.parts": {"transformation"}}),
        ("select unnest(parts) as x from core.lines", ROWS, {"lines.parts": {"filter"}}),
        ("select l.parts.list_transform(lambda p: p + amount) as x from core.lines l", "x",
         {"lines.parts": {"transformation"}, "lines.amount": {"transformation"}}),
        ("select id as x from core.orders union by name select amount as x from core.lines", "x",
         {"orders.id": {"identity"}, "lines.amount": {"identity"}}),
        ("select id as x from core.orders except select order_id from core.lines", "x", {"orders.id": {"identity"}}),
        ("select id as x from core.orders except select order_id from core.lines", ROWS,
         {"orders.id": {"group_by"}, "lines.order_id": {"filter"}}),
        ("with recursive r(x) as (select id from core.orders union all select x + 1 from r where x < 5) select x from r", "x",
         {"orders.id": {"identity", "transformation"}}),
        ("select * exclude (id) replace (customer + 1 as customer) from core.orders", "customer",
         {"orders.customer": {"transformation"}}),
        ("select * from core.orders join core.lines on id = order_id", "amount", {"lines.amount": {"identity"}}),
        ("select id as x from core.orders semi join core.lines on order_id = id", ROWS,
         {"orders.id": {"join"}, "lines.order_id": {"join"}}),
        ("select id as x from core.orders qualify row_number() over (partition by customer order by placed_on) = 1", ROWS,
         {"orders.customer": {"window"}, "orders.placed_on": {"window"}}),
        ("select id as x from core.orders order by placed_on limit 3", ROWS, {"orders.placed_on": {"sort"}}),
        ("select customer as x from core.orders group by all having max(is_paid)", ROWS,
         {"orders.customer": {"group_by"}, "orders.is_paid": {"filter"}}),
        ("select x from (pivot core.lines on kind using sum(amount))", "x",
         {"lines.order_id": {"transformation"}, "lines.amount": {"transformation"}, "lines.kind": {"transformation"},
          "lines.parts": {"transformation"}}),
    ],
)  # fmt: skip
def test_a_column_influences_by(sql: str, column: str, expected: dict[str, set[str]]) -> None:
    assert edges(sql, column) == expected


def test_counting_depends_on_the_rows_of_what_is_counted() -> None:
    found = lineage("select count(*) as n from core.lines").into("model.shop.made", "n")

    assert found == (Edge(LINES, ROWS, "model.shop.made", "n", "indirect", "rows"),)


def test_a_key_that_the_sql_makes_lets_a_left_join_decide_about_no_row() -> None:
    newest = "(select order_id, amount from core.lines qualify row_number() over (partition by order_id order by kind) = 1)"

    assert edges(f"select o.id from core.orders o left join {newest} n on n.order_id = o.id", ROWS) == {}
    assert "lines.order_id" in edges(f"select o.id from core.orders o left join {newest} n on n.order_id > o.id", ROWS)


def test_a_test_that_only_warns_promises_no_key() -> None:
    sql = f"select l.amount as x {JOINED}"
    loose = manifest(
        node("orders", sql="select 1 as id union all select 2"),
        node("lines", sql="select 1 as order_id, 2 as amount union all select 2, 3"),
        unique_test("orders", "id", severity="warn"),
        node("made", sql=sql, reads=[ORDERS, LINES]),
    )

    assert {edge.parent_column for edge in column_edges(loose).into("model.shop.made", ROWS)} == {ROWS, "id", "order_id"}


def test_a_model_in_python_depends_on_everything() -> None:
    found = lineage("", language="python")

    assert found.untraced == {"model.shop.made": "it is written in python"}
    assert {edge.parent for edge in found.into("model.shop.made")} == {ORDERS, LINES}
    assert {(edge.parent_column, edge.child_column, edge.how) for edge in found.into("model.shop.made")} == {
        (EVERY, EVERY, "unknown")
    }


def test_a_snapshot_has_the_columns_that_dbt_adds() -> None:
    config = {"strategy": "timestamp", "unique_key": "id", "updated_at": "placed_on"}
    found = column_edges(
        manifest(
            node("orders", sql="select 1 as id, 2 as placed_on"),
            node("kept", kind="snapshot", sql="select * from core.orders", reads=[ORDERS], config=config),
        )
    )

    kept = "snapshot.shop.kept"
    assert found.columns[kept] == ("id", "placed_on", "dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")
    assert {(edge.parent_column, edge.how) for edge in found.into(kept, "dbt_valid_from")} == {
        ("id", "group_by"), ("placed_on", "conditional"), ("placed_on", "transformation"),
    }  # fmt: skip


def test_columns_that_nobody_described_can_be_given() -> None:
    source = node("till", kind="source", source_name="raw", identifier="till", schema="raw")
    project = manifest(source, node("made", sql="select 'till' as source, * from raw.till", reads=["source.shop.till"]))

    assert column_edges(project).untraced
    found = column_edges(project, known={"source.shop.till": ["sale_id", "price"]})
    assert found.untraced == {}
    assert found.columns["model.shop.made"] == ("source", "sale_id", "price")
