"""What the metrics take from dbt's manifest: marts, what they are made of, when they are due, and what of them is checked."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.core.errors import SluiceError
from sluice.dataops.project import Facts, facts


def model(name: str, **more: Any) -> dict[str, Any]:
    return {
        "unique_id": f"model.shop.{name}", "resource_type": "model", "name": name, "schema": "core", "alias": name,
        "access": "public", "columns": {}, "config": {"materialized": "table"}, **more,
    }  # fmt: skip


SALES = model(
    "sales",
    columns={"order_id": {}, "Amount": {}, "note": {}},
    config={
        "materialized": "table",
        "contract": {"enforced": True},
        "meta": {"due": "06:30 Europe/Berlin", "expectations": [{"name": "e", "type": "t", "column": "amount"}]},
    },
)
TEST = {
    "resource_type": "test", "name": "t", "attached_node": "model.shop.sales", "column_name": "order_id",
    "test_metadata": {"name": "unique", "kwargs": {"column_name": "order_id"}},
    "depends_on": {"nodes": ["model.shop.sales"]},
}  # fmt: skip
UNIT = {"resource_type": "unit_test", "name": "u", "model": "sales", "depends_on": {"nodes": ["model.shop.sales"]}}
MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.shop.sales": SALES,
        "model.shop.bare": model("bare"),
        "model.shop.stg": model("stg", access="protected"),
        "test.shop.t": TEST,
    },
    "parent_map": {"model.shop.sales": ["model.shop.stg"], "model.shop.bare": []},
    "unit_tests": {"unit_test.shop.u": UNIT},
    "exposures": {},
}


def test_marts_are_the_public_models() -> None:
    found = facts(MANIFEST)
    assert found.marts == (("model.shop.bare", "core.bare"), ("model.shop.sales", "core.sales"))
    assert found.edges == (("model.shop.stg", "model.shop.sales"),)


def test_each_aspect_of_a_mart_counts_its_checks() -> None:
    found = {(subject, aspect): checks for _, subject, aspect, checks in facts(MANIFEST).covered}
    assert found == {
        ("core.bare", "a contract"): 0,
        ("core.bare", "data tests or expectations"): 0,
        ("core.bare", "unit tests"): 0,
        ("core.sales", "a contract"): 1,
        ("core.sales", "data tests or expectations"): 2,
        ("core.sales", "unit tests"): 1,
        ("core.sales.order_id", "a check of the column"): 1,
        ("core.sales.Amount", "a check of the column"): 1,
        ("core.sales.note", "a check of the column"): 0,
    }


def test_a_mart_is_due_at_a_minute_of_a_zone() -> None:
    assert facts(MANIFEST).deadlines == (("core.sales", 390, "Europe/Berlin"),)


def test_a_due_time_that_is_none_is_an_error() -> None:
    wrong = model("sales", config={"materialized": "table", "meta": {"due": "at six"}})
    with pytest.raises(SluiceError, match="not a time"):
        facts({**MANIFEST, "nodes": {"model.shop.sales": wrong}})


def test_without_a_manifest_there_are_none() -> None:
    assert facts({}) == facts({"nodes": {}}) == Facts()
