"""What a column is made of, and what would break if it went: readers, tests, exposures, owners; at 80 columns."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.diffed import manifest, node

from sluice.core.errors import SluiceError
from sluice.lineage.answer import Answer, answer
from sluice.lineage.answer_text import answer_text
from sluice.lineage.graph import graph_of

ORDERS, DAILY, WEEKLY = "model.shop.orders", "model.shop.daily", "model.shop.weekly"


def claim(name: str, sql: str, *reads: str) -> dict[str, Any]:
    """A singular test."""
    return node(name, kind="test", sql=sql, reads=reads)


def project() -> dict[str, Any]:
    """orders -> daily -> weekly -> a dashboard; a model in Python; three tests."""
    daily = "select placed_on, currency, sum(amount) as revenue from core.orders where is_paid group by all"
    return manifest(
        node("raw", kind="seed", columns={name: {"name": name} for name in ("id", "currency", "amount", "is_paid", "placed_on")}),
        node("orders", sql="select id, upper(currency) as currency, amount, is_paid, placed_on from core.raw",
             reads=["seed.shop.raw"], group="sales", columns={"currency": {"description": "What it is paid in."}}),
        node("daily", "finance", sql=daily, reads=[ORDERS]),
        node("weekly", "finance", sql="select sum(revenue) as revenue from finance.daily where currency = 'EUR'", reads=[DAILY]),
        node("scores", sql=None, reads=[ORDERS], language="python"),
        node("board", kind="exposure", reads=[WEEKLY], owner={"name": "Finance", "email": "f@shop.example"}, label="The board"),
        claim("every_currency_is_known", "select * from core.orders where currency is null", ORDERS),
        claim("no_revenue_is_negative", "select * from finance.weekly where revenue < 0", WEEKLY),
        claim("every_order_has_an_id", "select * from core.orders where id is null", ORDERS),
        groups={"group.shop.sales": {"name": "sales", "owner": {"name": "Sales"}}},
    )  # fmt: skip


def asked(text: str) -> Answer:
    """The answer about this project."""
    found = project()
    return answer(graph_of(found), found, text)


def test_a_column_tells_what_reads_it_and_what_changes_further_on() -> None:
    found = asked("orders.currency")

    told = {one.name: one for one in found.downstream}
    assert set(told) == {"finance.daily", "finance.weekly", "core.scores"}
    assert told["finance.daily"].values == ("currency",)
    assert told["finance.daily"].influenced == ("revenue",)
    assert told["finance.daily"].rows
    assert told["finance.daily"].is_direct
    assert told["finance.weekly"].influenced == ("revenue",)
    assert not told["finance.weekly"].is_direct
    assert [one.name for one in found.exposures] == ["The board"]
    assert {one.name for one in found.tests} == {"every_currency_is_known", "no_revenue_is_negative"}
    assert found.owners == ("Finance <f@shop.example>", "Sales")
    assert found.untraced == (("core.scores", "it is written in python"),)


def test_where_it_comes_from_is_followed_to_the_end() -> None:
    found = asked("finance.daily.currency")

    assert [(one.relation, one.relation_column, one.how, one.steps) for one in found.made_of] == [
        ("core.orders", "currency", ("identity",), 1),
        ("core.raw", "currency", ("transformation",), 2),
    ]


def test_what_only_influences_is_told_apart() -> None:
    found = asked("finance.daily.revenue")

    assert [one.relation_column for one in found.made_of if one.steps == 1] == ["amount"]
    assert {one.relation_column for one in found.influenced_by} == {"is_paid", "placed_on", "currency"}


def test_a_whole_model_can_be_asked_for() -> None:
    found = asked("orders")

    assert found.column is None
    assert {one.name for one in found.downstream} == {"finance.daily", "finance.weekly", "core.scores"}
    assert "currency: core.raw.currency" in answer_text(found)


def test_what_nobody_reads_is_said() -> None:
    found = project()
    del found["nodes"]["model.shop.scores"]

    assert "nothing reads the column" in answer_text(answer(graph_of(found), found, "daily.placed_on"))


def test_the_text_fits_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = answer_text(asked("orders.currency"))

    assert max(map(len, text.splitlines())) <= 80
    for part in (
        "What it is paid in.",
        "core.raw: currency (transformation)",
        "would fail, because they read it (2)",
        "ask: Finance",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("text", "hint"), [("ordres", "orders"), ("orders.curency", "currency"), ("nowhere.at.all", "MODEL.COLUMN")]
)
def test_what_is_similar_is_proposed(text: str, hint: str) -> None:
    with pytest.raises(SluiceError) as caught:
        asked(text)

    assert hint in str(caught.value.hint)
