"""A control chart blocks a release with a bad day, lets a good one pass, and begins again where somebody says why."""

from __future__ import annotations

import json

import pytest
from tests.helpers.candidates import SalesShop, make_shop
from tests.helpers.pages import assert_whole

from sluice.core.duck import connect

# About twenty sales a day; some of the first of a day count for the day before.
MODEL = """
{{ config(schema='core', materialized='table', event_time='sold_on', meta={'follow': {'by': 'shop_id', 'severity': 'error',
    'owner': 'sales@shop.example'}}) }}
select sale_id, shop_id, date '2026-01-01' + ((sale_id - (sale_id * 7) % 5) // 20)::int as sold_on from {{ ref('all_sales') }}
"""
ROWS = "core.daily_sales.rows"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SalesShop:
    """A shop whose first release has thirty days."""
    shop = make_shop(tmp_path_factory.mktemp("followed"))
    shop.write("models/core/daily_sales.sql", MODEL)
    shop.commit()
    shop.deliver(11, 599)
    said = shop.sluice("run").stdout
    assert "charts: 4 series, 12 new points" in said
    return shop


def in_ops(shop: SalesShop, table: str, columns: str) -> list[tuple[object, ...]]:
    with connect(extensions=["delta"]) as lake:
        return lake.execute(f"select {columns} from delta_scan('{shop.lake}/ops/{table}') order by all").fetchall()


def test_a_bad_day_is_refused_acknowledged_and_remembered(shop: SalesShop) -> None:
    shop.deliver(600, 602)
    candidate, _ = shop.build()
    said = shop.sluice("audit", candidate.name, code=1).stdout
    assert f"FAILED  {ROWS} was 1 on 2026-01-31; usual is 2" in said
    assert "(sales@shop.example)" in said
    assert f"{ROWS}: 31 points" in said  # the chart
    page = (candidate / "audit" / "index.html").read_text()
    assert_whole(page)
    assert '<svg class="chart"' in page

    refused = shop.sluice("publish", code=1).stderr
    assert f'sluice ack {ROWS} --release {candidate.name} --why "..."' in refused
    assert "with --once only these points may pass" in refused
    checks = in_ops(shop, "checks", "check_name, status, kind")
    assert (ROWS, "fail", "control_chart") in checks
    (blocking,) = {row for row in in_ops(shop, "signals", "metric, point_at::date::varchar, level, blocks") if row[3]}
    assert blocking == (ROWS, "2026-01-31", 2, True)

    ack = ["ack", ROWS, "--release", candidate.name, "--why", "two shops have closed"]
    assert "starts again" not in shop.sluice(*ack, "--once").stdout
    assert in_ops(shop, "phases", "*") == []
    assert "its chart starts again on 2026-01-31" in shop.sluice(*ack).stdout
    assert in_ops(shop, "phases", "metric, since_at::date::varchar, reason, marked_by") == [
        (ROWS, "2026-01-31", "two shops have closed", "user:test")
    ]
    shop.sluice("publish")

    # Two more days like that one: from its phase on, the series is judged by its own points.
    shop.deliver(620, 622)
    shop.deliver(640, 642)
    said = json.loads(shop.sluice("run", "--format", "json").stdout)
    (series,) = (one for one in said["steps"]["audit"]["charts"]["series"] if one["metric"] == ROWS)
    assert (series["status"], series["new"]) == ("pass", 3)
