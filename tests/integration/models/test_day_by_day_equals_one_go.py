"""The demo shop ingested and built day by day gives the same marts, to the row, as one go from nothing.

Its deliveries carry what makes this hard: changed rows, late rows, events across midnight, rates that come after the
orders, and every kind of fault.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.helpers.built_shops import faulty_shop
from tests.helpers.project import Project, differences


@pytest.fixture(scope="module")
def one_go() -> Project:
    return faulty_shop()


def deliver(source: Project, target: Project, days: set[str]) -> None:
    """Copy the deliveries of the days into the other project's folder, and ingest."""
    for path in (source.state / "demo").glob("*/*/*"):
        if path.name[:10] in days:
            copy = target.state / "demo" / path.relative_to(source.state / "demo")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    for feed in ("shop/customers", "shop/products", "shop/orders", "shop/order_items", "shop/refunds",
                 "payments/transactions", "payments/disputes", "web/events", "fx/rates"):  # fmt: skip
        (target.state / "demo" / feed).mkdir(parents=True, exist_ok=True)
    target.run("sluice", "ingest", "feeds/demo.yml")


def days_of(project: Project) -> list[str]:
    return sorted({path.name[:10] for path in (project.state / "demo").glob("*/*/*")})


def refused(project: Project) -> list[tuple[object, ...]]:
    """What broke business rules, without where it came from."""
    keys = {"order_items": "order_item_id", "orders": "order_id", "refunds": "refund_id", "payments": "payment_id",
            "disputes": "dispute_id", "events": "event_id"}  # fmt: skip
    of_each = [
        f"select '{entity}', {key}, refusal_reason, count(*) from intermediate.int_{entity}__judged"
        " where refusal_reason is not null group by all"
        for entity, key in keys.items()
    ]
    return project.query(f"{' union all '.join(of_each)} order by all")


def test_forwards_in_steps(one_go: Project, tmp_path: Path) -> None:
    stepwise = Project(tmp_path)
    days = days_of(one_go)
    # A first day, several, a single one, the rest.
    steps = (days[:1], days[1:4], days[4:5], days[5:])
    for step in steps:
        deliver(one_go, stepwise, set(step))
        # The data tests, too, where there is only one day, and in the end.
        without = ["unit_test"] if step in (steps[0], steps[-1]) else ["unit_test", "test"]
        stepwise.dbt("build", "--exclude-resource-type", *without)
    assert differences(one_go, stepwise, one_go.marts_of_the_shop()) == {}
    assert refused(one_go) == refused(stepwise)


def test_backwards_in_steps(one_go: Project, tmp_path: Path) -> None:
    """Orders come after their payments, products after their orders, rates last: everything is late."""
    stepwise = Project(tmp_path)
    days = days_of(one_go)[::-1]
    for chunk in (days[:3], days[3:8], days[8:]):
        deliver(one_go, stepwise, set(chunk))
        stepwise.dbt("build", "--exclude-resource-type", "unit_test", "test")
    assert differences(one_go, stepwise, one_go.marts_of_the_shop()) == {}


def test_a_build_with_nothing_new_changes_nothing(one_go: Project, tmp_path: Path) -> None:
    again = one_go.copied_to(tmp_path)
    again.dbt("run")
    assert differences(one_go, again, one_go.marts()) == {}


def test_the_comparison_sees_a_single_changed_row(one_go: Project, tmp_path: Path) -> None:
    import duckdb

    other = one_go.copied_to(tmp_path)
    with duckdb.connect(str(other.warehouse)) as connection:
        connection.execute(
            "update core.fct_orders set channel = 'x' where order_id = (select min(order_id) from core.fct_orders)"
        )
    assert differences(one_go, other, one_go.marts()) == {"core.fct_orders": (1, 1)}


def test_what_the_door_caught_is_what_the_truth_file_says(one_go: Project) -> None:
    """Per feed and kind of fault: the rows in quarantine against the faults that the demo wrote down."""
    from sluice.core.duck import connect

    truth = one_go.state / "demo" / "truth" / "faults.csv"
    kinds = {
        "malformed_line": "malformed",
        "truncated_file": "malformed",
        "wrong_type": "wrong_type",
        "missing_key": "missing_key",
    }
    with connect(extensions=["delta"]) as connection:
        expected = connection.execute(
            f"select source || '.' || table_name, map_extract({kinds!r}::map(varchar, varchar), fault_kind)[1] as reason,"
            " count(*)"
            f" from read_csv('{truth}', all_varchar = true) where reason is not null group by all order by all".replace(
                "{'", "map {'"
            )
        ).fetchall()
        found = connection.execute(f"""
            with reasons as (select feed, unnest(reasons) as r from delta_scan('{one_go.lake}/ops/batches'))
            select feed, r.reason, sum(r.rows)::bigint from reasons group by all order by all
        """).fetchall()
    assert found == expected
    assert len(expected) > 5


def test_read_equals_what_the_demo_wrote(one_go: Project) -> None:
    """Records per table, as the demo counted them, are what ingest read, but for deliveries that were made twice."""
    from sluice.core.duck import connect

    written = json.loads((one_go.state / "demo" / "truth" / "summary.json").read_text())["rows"]
    with connect(extensions=["delta"]) as connection:
        read = dict(
            connection.execute(
                f"select feed, sum(rows_read)::bigint from delta_scan('{one_go.lake}/ops/batches') group by all"
            ).fetchall()
        )
    assert read == {feed: rows for feed, rows in written.items() if rows}
