"""A check of rows whose amounts are all unknown did not pass: the audit says that it did not run, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.helpers.audited import Audited, check

from sluice.core.errors import SluiceError
from sluice.gate.audit_record import summarized
from sluice.quality.expectations.report import as_markdown, as_text

NEEDS_AMOUNTS = {"about": "channel = 'web'", "needs": "amount is not null"}
SMALL = "select * from {batch} where channel = 'web' and amount > 1000"


def without_amounts(shop: Audited, where: str) -> None:
    shop.build(f"select * replace (case when not ({where}) then amount end as amount) from core.sales")


def declared(shop: Audited, **more: Any) -> None:
    shop.declare({**check("unexpected_rows_expectation", "no_sale_is_large", unexpected_rows_query=SMALL), **more})


def status(shop: Audited) -> tuple[str, str]:
    ((found,),) = (model.checks for model in shop.audit().models)
    return found.status, found.message


def test_it_runs_where_one_row_can_be_judged(shop: Audited) -> None:
    without_amounts(shop, "id = 1")
    declared(shop, **NEEDS_AMOUNTS)
    assert status(shop) == ("pass", "")


def test_without_such_a_row_it_did_not_run_and_blocks_nothing(shop: Audited) -> None:
    without_amounts(shop, "channel = 'web'")
    declared(shop, **NEEDS_AMOUNTS)
    report = shop.audit()
    assert status(shop) == ("not_run", "none of the 3 rows that it is about meets: amount is not null")
    assert (report.exit_code, report.count("pass"), report.count("not_run")) == (0, 0, 1)
    assert summarized(report, "0" * 64).not_run == 1
    assert "NOT RUN  no_sale_is_large" in as_text(report)
    assert "because   none of the 3 rows" in as_text(report)
    assert "1 not run" in as_markdown(report).splitlines()[0]


def test_what_it_is_about_may_be_absent(shop: Audited) -> None:
    """A source that is not delivered here has nothing to check."""
    shop.build("select * from core.sales where channel <> 'web'")
    declared(shop, **NEEDS_AMOUNTS)
    assert status(shop) == ("pass", "")


def test_what_it_finds_in_rows_that_it_cannot_judge_is_no_finding(shop: Audited) -> None:
    """A limit in euros says nothing of amounts in yen."""
    declared(shop, needs="'JPY' = 'EUR'", arguments={"unexpected_rows_query": "select * from {batch} where amount > 50"})
    assert status(shop) == ("not_run", "none of the 10 rows that it is about meets: 'JPY' = 'EUR'")


def test_a_column_without_any_value_is_seen_without_a_word(shop: Audited) -> None:
    without_amounts(shop, "true")
    shop.declare(check("expect_column_values_to_be_between", column="amount", max_value=1))
    assert status(shop) == ("not_run", "amount is null in all 10 rows")


def test_a_condition_that_is_not_sql_ends_the_audit(shop: Audited) -> None:
    declared(shop, needs="no_such_column > 1")
    with pytest.raises(SluiceError, match="no_sale_is_large: about or needs cannot be evaluated"):
        shop.audit()


def test_a_check_may_be_declared_with_the_source_whose_rows_it_is_about(shop: Audited) -> None:
    own = check("expect_table_row_count_to_be_between", "sales_are_there", min_value=1)
    usual = {**check("unexpected_rows_expectation", "no_sale_is_large", unexpected_rows_query=SMALL), "model": "sales"}
    shop.declare(own)
    manifest = shop.target / "manifest.json"
    document = json.loads(manifest.read_text())
    node = document["nodes"]["model.shop.sales"]
    staging = {**node, "unique_id": "model.shop.stg_web", "name": "stg_web", "config": {"meta": {"expectations": [usual]}}}
    document["nodes"] = {"model.shop.stg_web": staging, "model.shop.sales": node}
    manifest.write_text(json.dumps(document))
    (model,) = shop.audit().models
    assert (model.model, [found.name for found in model.checks]) == ("sales", ["sales_are_there", "no_sale_is_large"])
