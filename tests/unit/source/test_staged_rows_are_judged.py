"""Rows of staging models are judged by the common columns and by what marts promise: each fault is named, good rows are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from tests.helpers.new_source import PROJECT

from sluice.source.project import DbtProject, RowRule
from sluice.source.staged import Judgement, judge

LINEAGE = "timestamp '2024-01-01' as loaded_at, 'f' as source_file, 1 as source_position, 'b' as batch_id"
ORDER = {
    "source_system": "'acme'",
    "order_id": "'acme:1'",
    "customer_id": "'acme:7'",
    "order_kind": "'sale'",
    "order_status": "'placed'",
    "ordered_at": "timestamp '2024-01-01'",
    "currency_code": "'EUR'",
    "updated_at": "timestamp '2024-01-01'",
}
CUSTOMER = {"source_system": "'acme'", "customer_id": "'acme:7'", "email": "null::varchar", "country_code": "'DE'"}


def judged(folder: Path, order: dict[str, str], project: DbtProject = PROJECT) -> list[Judgement]:
    """What is found of one order and its customer."""
    file = folder / "dev.duckdb"
    with duckdb.connect(str(file)) as connection:
        for name, row in (("orders", order), ("customers", CUSTOMER)):
            values = ", ".join(f"{sql} as {column}" for column, sql in row.items())
            connection.execute(f"create table {name} as select {values}, {LINEAGE}")
    relations = {"stg_acme__orders": "main.orders", "stg_acme__customers": "main.customers"}
    return judge("acme", ["customers", "orders"], relations, str(file), project)


def test_good_rows(tmp_path: Path) -> None:
    assert judged(tmp_path, ORDER) == []


@pytest.mark.parametrize(
    ("change", "what", "blocks"),
    [
        ({"order_status": "null::varchar"}, "order_status: null in 1 row", True),
        ({"order_status": "'held'"}, "order_status: other values in 1 row: held (1)", False),
        ({"order_kind": "'gift'"}, "order_kind: other values in 1 row: gift (1)", True),
        ({"ordered_at": "'soon'"}, "ordered_at: 1 value of type VARCHAR not fitting timestamp: soon (1)", True),
        ({"source_system": "'acne'"}, "source_system: acne (1)", True),
        ({"customer_id": "'7'"}, "customer_id: 1 of 1 rows name one that customers do not have", True),
    ],
)
def test_a_fault_is_named(tmp_path: Path, change: dict[str, str], what: str, blocks: bool) -> None:
    (found,) = judged(tmp_path, {**ORDER, **change})
    assert (found.entity, found.what, found.blocks) == ("orders", what, blocks)


def test_a_missing_column_is_named_and_nothing_else_of_the_model(tmp_path: Path) -> None:
    order = {name: sql for name, sql in ORDER.items() if name not in ("currency_code", "customer_id")}
    found = judged(tmp_path, {**order, "order_kind": "'gift'"})
    assert next(one.what for one in found if one.entity == "orders") == "columns are missing: customer_id, currency_code"


def test_a_text_that_is_a_time_fits(tmp_path: Path) -> None:
    assert judged(tmp_path, {**ORDER, "ordered_at": "'2024-01-01 10:00:00'"}) == []


def test_a_row_that_a_business_rule_would_refuse_is_worth_knowing(tmp_path: Path) -> None:
    old = RowRule("too_old", "ordered_at < timestamp '2000-01-01'", "The order is older than the shop.")
    elsewhere = RowRule("unknown", "not is_currency_known", "It needs another table.")
    project = replace(PROJECT, rules={"orders": (old, elsewhere)})
    (found,) = judged(tmp_path, {**ORDER, "ordered_at": "timestamp '1970-01-01'"}, project=project)
    assert found == Judgement("orders", "too_old: 1 row would be refused", "The order is older than the shop.", blocks=False)
