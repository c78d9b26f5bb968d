"""A build counts only the slices that it touches, and the reconciliation is the same, to the row, as when all are counted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.helpers.project import Project, copy_project, differences
from tests.integration.models.test_day_by_day_equals_one_go import days_of, deliver

COUNTED = ["int_versions__traced", "int_events__traced", "rpt_rows_in_marts"]
RELATIONS = ["intermediate.int_versions__traced", "intermediate.int_events__traced", "operations.rpt_rows_in_marts"]
WITHOUT_TESTS = ("--exclude-resource-type", "unit_test", "test")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Deliveries of ten days with every kind of fault."""
    project = Project(tmp_path_factory.mktemp("shop"))
    project.run("sluice", "demo", "--orders", "800", "--days", "10", "--seed", "3", "--out", str(project.state / "demo"))
    return project


@pytest.fixture(scope="module")
def evening(shop: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Built without the last day, of which the deliveries are there already."""
    project = Project(tmp_path_factory.mktemp("evening"))
    days = days_of(shop)
    deliver(shop, project, set(days[3:-1]))
    project.dbt("build", *WITHOUT_TESTS)
    deliver(shop, project, {*days[:3], days[-1]})
    return project


@pytest.fixture(scope="module")
def night(evening: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The last day, and the three first days, which are late."""
    project = evening.copied_to(tmp_path_factory.mktemp("night"))
    project.dbt("build", *WITHOUT_TESTS)
    return project


def test_not_every_slice_is_counted_again(night: Project) -> None:
    slices = "select distinct batch_id, source_file, slice_number from intermediate"
    ((touched, there),) = night.query(f"""
        select
            (select count(*) from intermediate.int_slices__touched where entity <> 'rates'),
            (select count(*) from ({slices}.int_versions__traced union all {slices}.int_events__traced))
    """)
    assert 0 < touched < there


def test_the_count_is_that_of_all_slices(night: Project, tmp_path: Path) -> None:
    whole = night.copied_to(tmp_path)
    whole.run("dbt", "--quiet", "run", "--select", *COUNTED, *whole.options(), SLUICE_CHECK="whole")
    assert differences(night, whole, RELATIONS) == {}
    night.dbt("test", "--select", "rpt_reconciliation_rows", "rpt_reconciliation_amounts", "rpt_rows_in_marts")


def test_a_row_that_a_mart_loses_in_the_night_is_found(evening: Project, tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "copy")
    model = folder / "models/marts/core/fct_payments.sql"
    before = "where refusal_reason is null and"
    assert model.read_text().count(before) == 1
    model.write_text(model.read_text().replace(before, f"{before} payment_id not like '%1' and"))
    broken = Project(evening.copied_to(folder).state, folder)
    broken.dbt("build", *WITHOUT_TESTS)
    lost = "select feed from operations.rpt_reconciliation_rows where unaccounted_rows > 0 group by feed"
    assert broken.query(lost) == [("payments.transactions",)]


@pytest.mark.parametrize(
    "damage",
    [
        "delete from core.fct_orders where order_id = (select min(order_id) from core.fct_orders)",
        "insert into core.fct_refunds from (from core.fct_refunds limit 1)",
        "update core.fct_order_items set line_amount = line_amount + 0.01 where line_kind = 'product' and quantity > 2",
    ],
)
def test_an_old_row_that_changes_without_a_delivery_is_found(night: Project, tmp_path: Path, damage: str) -> None:
    damaged = night.copied_to(tmp_path)
    with duckdb.connect(str(damaged.warehouse)) as connection:
        connection.execute(damage)
    with pytest.raises(AssertionError, match="the_marts_hold_what_is_counted_by_slice"):
        damaged.dbt("test", "--select", "the_marts_hold_what_is_counted_by_slice")
