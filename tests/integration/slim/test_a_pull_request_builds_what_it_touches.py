"""`sluice build --env pr-12`: what a change touches, from the lake as the release read it; the rest is the release's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from candidates import Shop, answers_alone, rows

Built = Callable[..., dict[str, Any]]

DOUBLE = """
{{ config(schema='core', materialized='view') }}
select shop_id, count(*) as sales, sum(amount) * 2 as amount from {{ ref('all_sales') }} group by shop_id
"""


def test_a_changed_view_and_its_children_are_built_and_stand_alone(shop: Shop, built: Built) -> None:
    shop.write("models/core/by_shop.sql", DOUBLE)
    shop.write("models/_models.yml", (shop.folder / "models/_models.yml").read_text().replace("amount: 5}", "amount: 10}"))
    said = built(shop)
    assert said["built"] == ["core.by_shop", "core.rpt_shops"]
    file = Path(said["file"])
    assert file == shop.warehouse / "pr" / "12.duckdb"
    # 10 sales, as in the release: what came after it is no doing of the change.
    assert rows(file, "select sum(sales), sum(amount) from core.rpt_shops") == [(10, 110.0)]
    assert answers_alone(sys.executable, file)["core.by_shop"] == 3

    shop.sluice("audit", "pr-12")
    found = json.loads(shop.sluice("diff", "prod", "pr-12", "--select", "core", "--format", "json").stdout)
    status = {one["relation"]: (one["status"], one["told_by"]) for one in found["relations"]}
    assert status == {
        "core.all_sales": ("same", "base"),
        "core.by_shop": ("changed", "rows"),
        "core.outside": ("same", "base"),
        "core.rpt_shops": ("changed", "rows"),
    }
    assert "2 not built, as in " in shop.sluice("diff", "prod", "pr-12", "--select", "core").stdout


def test_a_changed_incremental_model_is_built_from_nothing_with_the_views_on_the_lake_that_it_reads(
    shop: Shop, built: Built
) -> None:
    model = "models/core/all_sales.sql"
    shop.write(model, (shop.folder / model).read_text().replace("select *", "select *, 1 as more", 1))
    said = built(shop)
    assert said["built"] == ["core.all_sales", "core.by_shop", "core.rpt_shops"]
    assert rows(Path(said["file"]), "select count(*), sum(more) from core.all_sales") == [(10, 10)]


def test_nothing_is_built_where_nothing_that_makes_data_changed(shop: Shop) -> None:
    model = "models/core/by_shop.sql"
    shop.write(model, (shop.folder / model).read_text() + "-- by shop\n")
    told = shop.sluice("build", "--env", "pr-12", "--base", "prod").stdout
    assert "nothing that makes data differs" in told
    assert answers_alone(sys.executable, shop.warehouse / "pr" / "12.duckdb") == {}
    shop.sluice("audit", "pr-12")
    found = json.loads(shop.sluice("diff", "prod", "pr-12", "--format", "json").stdout)
    assert {one["told_by"] for one in found["relations"]} == {"base"}
    shop.sluice("drop", "pr-12")
    assert not (shop.warehouse / "pr" / "12.duckdb").exists()


def test_a_release_of_unknown_code_has_everything_built(shop: Shop, built: Built) -> None:
    (record,) = shop.warehouse.glob("releases/*/release.json")
    record.chmod(0o644)
    record.write_text(record.read_text().replace('"is_dirty": false', '"is_dirty": true'))
    said = built(shop)
    assert "not committed" in said["whole"]
    assert said["built"] == ["core.all_sales", "core.by_shop", "core.rpt_shops"]
    assert said["left_out"] == ["core.outside", "staging.stg_sales"]


def test_what_cannot_be_meant_is_refused(shop: Shop) -> None:
    assert "has no base" in shop.sluice("build", "--env", "prod", "--base", "prod", code=2).stderr
    assert "is found out" in shop.sluice("build", "--env", "pr-12", "--select", "by_shop", code=2).stderr
    assert "points to no release" in shop.sluice("build", "--env", "pr-12", "--base", "staging", code=2).stderr
