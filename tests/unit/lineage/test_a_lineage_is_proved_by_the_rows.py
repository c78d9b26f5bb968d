"""The proof confirms what is true, finds an edge that is missing and one too many, and leaves the release as it is."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from tests.helpers.diffed import manifest, node, unique_test

from sluice.lineage.graph import Graph, graph_of
from sluice.lineage.influence import FILTER, Traced
from sluice.lineage.proof.report import proof_markdown, proof_text
from sluice.lineage.proof.result import Proof, precision, recall
from sluice.lineage.proof.run import prove

ORDERS, LINES, REVENUE = "model.shop.orders", "model.shop.lines", "model.shop.revenue"
LARGE = "select customer, max(placed_on) as last_on, sum(amount) filter (where is_paid) as paid, count(*) as orders"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with 60 orders and 120 lines; what reads them is not in it."""
    path = tmp_path_factory.mktemp("proof") / "dev.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """create schema core;
            create table core.orders as select i as id, 'c' || i % 7 as customer, i % 3 > 0 as is_paid,
                date '2026-01-01' + (i % 11)::int as placed_on, (i % 5) * 1.5 as amount, i % 2 = 0 as is_note from range(60) r(i);
            create table core.lines as select i as line_id, i % 64 as order_id, i % 4 as quantity,
                case when i % 5 > 0 then 'goods' else 'postage' end as kind from range(120) r(i)"""
        )
    return path


def shop(sql: str) -> Graph:
    """The graph of a model `revenue` over orders and lines."""
    orders = node("orders", sql="select id, customer, is_paid, placed_on, amount, is_note from core.raw")
    lines = node("lines", sql="select line_id, order_id, quantity, kind from core.raw_lines")
    known = {"source.shop.raw": ["id", "customer", "is_paid", "placed_on", "amount", "is_note"]}
    sources = [
        node("raw", kind="source", source_name="core", identifier="raw"),
        node("raw_lines", kind="source", source_name="core", identifier="raw_lines"),
    ]
    revenue = node("revenue", sql=sql, reads=[ORDERS, LINES])
    project = manifest(*sources, orders, lines, revenue, unique_test("orders", "id"), unique_test("lines", "line_id"))
    for one in project["nodes"].values():
        one["relation_name"] = f"core.{one['name']}"
    return graph_of(project, known=known)


def proved(graph: Graph, file: Path) -> Proof:
    """The proof of the model."""
    return prove(graph, file, [REVENUE], "500MB")


def without(graph: Graph, column: str, leaf: tuple[str, str]) -> Graph:
    """The graph with an edge of the model taken out."""
    query = graph.queries[REVENUE]
    made = {name: mask for name, mask in query.columns[column].leaves.items() if name != leaf}
    graph.queries[REVENUE] = replace(query, columns={**query.columns, column: Traced(made)})
    return graph


@pytest.mark.parametrize(
    "sql",
    [
        f"{LARGE} from core.orders group by customer",
        "select o.*, l.quantity from core.orders o left join core.lines l on l.order_id = o.id and l.kind = 'goods'",
        "select id, exists(select 1 from core.lines where order_id = o.id and kind = 'postage') as is_sent from core.orders o",
        "select id, row_number() over (partition by customer order by placed_on) as n from core.orders where not is_note",
    ],
)
def test_a_true_lineage_is_confirmed(sql: str, file: Path) -> None:
    found = proved(shop(sql), file)

    assert found.models[0].skipped == ""
    assert recall(found.effects) == 1.0
    assert precision(found.claims) == 1.0
    assert len(found.effects) >= 4


def test_a_missing_edge_is_found(file: Path) -> None:
    graph = without(shop(f"{LARGE} from core.orders group by customer"), "paid", (ORDERS, "is_paid"))

    found = proved(graph, file)

    assert [(one.pair.parent_column, one.pair.child_column) for one in found.misses] == [("is_paid", "paid")]
    assert (recall(found.effects) or 0) < 1
    assert "core.orders.is_paid -> core.revenue.paid" in proof_text(found)


def test_a_filter_that_nobody_followed_is_found(file: Path) -> None:
    graph = shop("select id from core.orders where is_paid")
    query = graph.queries[REVENUE]
    rows = Traced({leaf: mask for leaf, mask in query.rows.leaves.items() if leaf != (ORDERS, "is_paid")})
    graph.queries[REVENUE] = replace(query, rows=rows)

    assert [(one.pair.parent_column, one.pair.child_column) for one in proved(graph, file).misses] == [("is_paid", "(rows)")]


def test_an_edge_too_many_stays_unconfirmed(file: Path) -> None:
    graph = shop(f"{LARGE} from core.orders group by customer")
    query = graph.queries[REVENUE]
    more = Traced({**query.columns["paid"].leaves, (ORDERS, "is_note"): FILTER})
    graph.queries[REVENUE] = replace(query, columns={**query.columns, "paid": more})

    found = proved(graph, file)

    wrong = [claim.pair for claim in found.claims if claim.status == "unconfirmed"]
    assert [(pair.parent_column, pair.child_column) for pair in wrong] == [("is_note", "paid")]
    assert (precision(found.claims) or 1) < 1


def test_what_the_rows_cannot_show_is_told_apart(file: Path) -> None:
    found = proved(shop("select id, case when id < -5000000 and is_paid then 1 end as never from core.orders"), file)

    assert {claim.pair.parent_column for claim in found.claims if claim.status == "not exercised"} >= {"is_paid"}
    assert precision(found.claims) == 1.0


def test_a_column_that_differs_in_every_run_is_not_compared(file: Path) -> None:
    found = proved(shop("select id, row_number() over (order by customer) as n from core.orders"), file)

    assert found.models[0].unstable == ("n",)
    assert {claim.status for claim in found.claims if claim.pair.child_column == "n"} == {"not compared"}


def test_what_cannot_be_run_is_said(file: Path) -> None:
    found = proved(shop("select id, nothing as x from core.orders"), file)

    assert "nothing" in found.models[0].skipped
    assert found.claims == []


def test_the_file_is_only_read(file: Path) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest()

    proved(shop(f"{LARGE} from core.orders group by customer"), file)

    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_the_page_says_what_was_found(file: Path) -> None:
    graph = without(shop(f"{LARGE} from core.orders group by customer"), "paid", (ORDERS, "is_paid"))

    page = proof_markdown(proved(graph, file), "sluice lineage --prove", "It ran one model.")

    assert "| `core.orders.is_paid` | `core.revenue.paid` |" in page
    assert "## Unconfirmed" in page
    assert "recall 100 %" not in page
