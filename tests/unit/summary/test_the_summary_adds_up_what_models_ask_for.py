"""A model with `meta: summary` is printed, grouped and summed; one that asks for what can't be is an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sluice.core.document import document
from sluice.core.errors import SluiceError
from sluice.environments.resolve import Located
from sluice.history import ledger
from sluice.summary import report


def node(name: str, access: str, **meta: Any) -> dict[str, Any]:
    """A model as manifest.json has it, as far as it is read."""
    config = {"meta": meta}
    return {"resource_type": "model", "name": name, "alias": name, "schema": "main", "database": "made", "access": access} | {
        "config": config
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a lake without batches, a warehouse with one table, and results of a build of nothing."""
    ledger.ensure(tmp_path / "lake")
    results = {"args": {"which": "build"}, "elapsed_time": 1.5, "results": []}
    (tmp_path / "run_results.json").write_text(json.dumps(results))
    with duckdb.connect(str(tmp_path / "made.duckdb")) as connection:
        connection.execute("""
            create table balance as
            from (values ('b', 'EUR', 1000, 12.50), ('a', 'EUR', 1, 0.25), ('b', 'EUR', 2, 2000.00), ('b', null, 5, null))
                as t(feed, currency_code, line_count, amount)
        """)
    return tmp_path


def summarise(place: Path, *nodes: dict[str, Any]) -> report.Summary:
    """The summary, with these models in the manifest."""
    (place / "manifest.json").write_text(json.dumps({"nodes": {f"model.x.{node['name']}": node for node in nodes}}))
    return report.summarise(place / "lake", Located("made", place / "made.duckdb", artifacts=place))


ASKED = {"group_by": ["feed", "currency_code"], "sum": ["line_count", "amount"]}


def test_rows_are_grouped_and_summed_and_numbers_stand_to_the_right(place: Path) -> None:
    text = report.as_text(summarise(place, node("balance", "public", summary=ASKED)))
    assert (
        "main.balance\n"
        "  feed  currency_code  line_count    amount\n"
        "  a     EUR                     1      0.25\n"
        "  b     EUR                 1,002  2,012.50\n"
        "  b     -                       5         -\n"
    ) in text


def test_json_has_them_too(place: Path) -> None:
    asked = node("balance", "public", summary={"group_by": [], "sum": ["line_count"]})
    said = json.loads(document(summarise(place, asked)))
    assert said["totals"] == [{"relation": "main.balance", "columns": ["line_count"], "rows": [[1008]], "balance": None}]


def test_what_balances_is_one_line_until_all_is_asked_for(place: Path) -> None:
    found = summarise(place, node("balance", "public", summary={**ASKED, "balance": "line_count"}))
    text = report.as_text(found)
    assert "main.balance: line_count is NOT 0 in 3 of 3 groups" in text
    assert "2,012.50" not in text
    assert "2,012.50" in report.as_text(found, everything=True)
    with duckdb.connect(str(place / "made.duckdb")) as connection:
        connection.execute("update balance set line_count = 0")
    found = summarise(place, node("balance", "public", summary={**ASKED, "balance": "line_count"}))
    assert "main.balance: line_count is 0 in all 3 groups" in report.as_text(found)


def test_a_model_that_is_not_public_may_ask_and_one_that_does_not_is_left_out(place: Path) -> None:
    asks, silent = node("balance", "protected", summary=ASKED), node("other", "public")
    assert [found.relation for found in summarise(place, asks, silent).totals] == ["main.balance"]
    assert summarise(place, silent).totals == []


def test_a_model_that_is_not_built_says_so(place: Path) -> None:
    text = report.as_text(summarise(place, node("nowhere", "protected", summary=ASKED), node("balance", "public")))
    assert "main.nowhere: nothing to add up" in text


@pytest.mark.parametrize(
    "asked",
    [
        {"group_by": ["feed"], "sum": ["no_such_column"]},
        {"group_by": ["feed"], "sum": ["currency_code"]},
        {"group_by": ["feed"], "sums": ["line_count"]},
        {"group_by": "feed", "sum": ["line_count"]},
        {"group_by": ["feed"], "sum": []},
        {"group_by": ["feed"], "sum": ["line_count"], "balance": "feed"},
        ["feed"],
    ],
)
def test_what_can_not_be_added_up_is_an_error_that_names_the_model(place: Path, asked: object) -> None:
    with pytest.raises(SluiceError) as caught:
        summarise(place, node("balance", "public", summary=asked))
    assert caught.value.where == "main.balance"
    assert "group_by" in caught.value.hint
