"""What a column is made of, and what decides about rows: through CTEs, unions, subqueries, stars, structs; never too little."""

from __future__ import annotations

import pytest
from tests.helpers.diffed import manifest, node

from sluice.lineage.columns import ROWS, NotTracedError, Query, Tables, trace
from sluice.lineage.downstream import Change, downstream, spread
from sluice.lineage.graph import Graph, graph_of

TABLES = {("core", "orders"): "orders", ("core", "lines"): "lines", ("core", "fx"): "fx"}
COLUMNS = {"orders": ["id", "customer", "placed_on", "page"], "lines": ["id", "order_id", "amount", "kind"]}


RECURSIVE = "with recursive r as (select id from core.orders union all select id + 1 from r where id < 3) select id from r"
UNPIVOT = "select c from (select id as a, customer as b from core.orders) unpivot (c for n in (a, b))"


def query(sql: str, inline: dict[str, str] | None = None) -> Query:
    """The lineage of SQL over core.orders and core.lines, and core.fx, whose columns nobody knows."""
    return trace(sql, Tables(TABLES, COLUMNS, inline or {}))


def made_of(sql: str, column: str) -> set[str]:
    """What a column is made of, as table.column."""
    return {".".join(leaf) for leaf in query(sql).columns[column].leaves if leaf[1] != ROWS}


def decided_by(sql: str) -> set[str]:
    """What decides about the rows."""
    return {".".join(leaf) for leaf in query(sql).rows.leaves if leaf[1] != ROWS}


@pytest.mark.parametrize(
    ("sql", "column", "expected"),
    [
        ("select id as x from core.orders", "x", {"orders.id"}),
        ('select "ID" as x from "dev"."core"."orders"', "x", {"orders.id"}),
        ("with o as (select * from core.orders) select * from o", "customer", {"orders.customer"}),
        ("with f as (select * from core.fx) select rate * 2 as twice from f", "twice", {"fx.rate"}),
        ("select sum(amount) filter (kind = 'a') as s from core.lines", "s", {"lines.amount", "lines.kind"}),
        ("select o.id, l.amount from core.orders o join core.lines l on o.id = l.order_id", "amount", {"lines.amount"}),
        ("select id as x from core.orders union all select order_id from core.lines", "x", {"orders.id", "lines.order_id"}),
        ("select (select max(amount) from core.lines where order_id = o.id) as m from core.orders o", "m",
         {"lines.amount", "lines.order_id", "orders.id"}),
        ("select x.customer from (select * from core.orders) x", "customer", {"orders.customer"}),
        ("select * exclude (id) from core.orders", "customer", {"orders.customer"}),
        ("select customer, row_number() over (partition by customer order by placed_on) as n from core.orders", "n",
         {"orders.customer", "orders.placed_on"}),
        ("select unnest([id, customer]) as x from core.orders", "x", {"orders.id", "orders.customer"}),
        ("select page.path as p from core.orders", "p", {"orders.page"}),
        ("select x.rate from (select * from (select * from core.fx)) x", "rate", {"fx.rate"}),
        ("select rate from core.fx", "rate", {"fx.rate"}),
        ("select amount * 2 as twice, twice + 1 as more from core.lines", "more", {"lines.amount"}),
        # It is not known whether fx has a column of this name, too.
        ("select rate * 2 as twice, twice + 1 as more from core.fx", "more", {"fx.rate", "fx.twice"}),
        (RECURSIVE, "id", {"orders.id"}),
        (UNPIVOT, "c", {"orders.id", "orders.customer"}),
    ],
)  # fmt: skip
def test_a_column_is_made_of(sql: str, column: str, expected: set[str]) -> None:
    assert made_of(sql, column) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select id from core.orders", set()),
        ("select id from core.orders order by customer", set()),
        ("select id from core.orders order by customer limit 3", {"orders.customer"}),
        ("select id from core.orders where customer = 1", {"orders.customer"}),
        ("with o as (select id from core.orders where customer = 1) select id from o", {"orders.customer"}),
        ("select o.id from core.orders o join core.lines l on o.id = l.order_id", {"orders.id", "lines.order_id"}),
        ("select count(*) as n from core.lines group by kind having max(amount) > 1", {"lines.kind", "lines.amount"}),
        ("select distinct customer from core.orders", {"orders.customer"}),
        ("select customer from core.orders union select id from core.lines", {"orders.customer", "lines.id"}),
        ("select id from core.orders qualify row_number() over (partition by customer order by placed_on) = 1",
         {"orders.customer", "orders.placed_on"}),
        ("select id from core.orders where id in (select order_id from core.lines where kind = 'x')",
         {"orders.id", "lines.order_id", "lines.kind"}),
        ("select id from core.orders o where exists (select 1 from core.lines l where l.order_id = o.id)",
         {"orders.id", "lines.order_id"}),
    ],
)  # fmt: skip
def test_rows_are_decided_by(sql: str, expected: set[str]) -> None:
    assert decided_by(sql) == expected


def test_a_source_that_is_no_table_is_followed_by_its_text() -> None:
    found = query("select id as x from delta_scan('lake/raw/shop')", {"source.shop": "delta_scan('lake/raw/shop')"})

    assert set(found.columns["x"].leaves) == {("source.shop", "id")}


UNION = "select r.a from (select id as z, id as a from core.orders union all select * from elsewhere.unknown) as r"


@pytest.mark.parametrize(
    "sql", ["select * from core.fx", "create table x as select 1", "from from", "select id from elsewhere_unknown", UNION]
)
def test_what_cannot_be_followed_is_said(sql: str) -> None:
    with pytest.raises(NotTracedError):
        query(sql)


def shop() -> Graph:
    """orders -> revenue -> a dashboard; orders -> python; an ephemeral model between orders and customers."""
    orders, inner = "model.shop.orders", "model.shop.inner"
    owner = {"name": "Finance", "email": "finance@shop.example"}
    return graph_of(
        manifest(
            node("orders", sql="select 1 as id, 2 as amount, 3 as channel, 4 as note", group="sales"),
            node(
                "revenue", "finance", sql="select channel, sum(amount) as total from core.orders group by channel", reads=[orders]
            ),
            node("inner", sql="select id, channel, note from core.orders", reads=[orders], config={"materialized": "ephemeral"}),
            node(
                "customers",
                sql="with __dbt__cte__inner as (select id, channel, note from core.orders) select note from __dbt__cte__inner",
                reads=[inner],
            ),
            node("scores", sql=None, reads=[orders], language="python"),
            node("board", kind="exposure", reads=["model.shop.revenue"], owner=owner, label="The board"),
            groups={"group.shop.sales": {"name": "sales", "owner": {"name": "Sales"}}},
        )
    )


def reached(**columns: bool) -> dict[str, Change]:
    """What some columns of orders reach."""
    return {
        name.rsplit(".", 1)[-1]: change for name, change in spread(shop(), {"model.shop.orders": Change(set(columns))}).items()
    }


def test_a_column_reaches_only_who_is_made_of_it() -> None:
    found = reached(amount=True)

    assert set(found) == {"revenue", "scores", "board"}
    assert (found["revenue"].columns, found["revenue"].rows) == ({"total"}, False)
    assert found["scores"].rows
    assert not found["scores"].is_traced
    assert found["board"].why == {"finance.revenue (total)"}


def test_a_column_that_groups_reaches_the_rows() -> None:
    assert reached(channel=True)["revenue"].rows


def test_an_ephemeral_model_is_seen_through() -> None:
    assert reached(note=True)["customers"].columns == {"note"}
    assert "customers" not in reached(channel=True)


def test_owners_and_what_could_not_be_followed_are_told() -> None:
    found = downstream(shop(), {"model.shop.orders": Change({"amount"})})

    assert found.owners == ("Finance <finance@shop.example>", "Sales")
    assert found.untraced == (("core.scores", "it is written in python"),)
    assert [one.name for one in found.exposures] == ["The board"]


def test_nothing_is_reached_through_what_was_looked_at_and_is_the_same() -> None:
    found = downstream(shop(), {"model.shop.orders": Change({"amount"})}, frozenset({"model.shop.revenue"}))

    assert [one.name for one in found.exposures] == []
