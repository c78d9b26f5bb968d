"""`sluice build --env pr-12`: what a change touches, from the lake as the release read it; the rest is the release's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from tests.helpers.candidates import SalesShop, answers_alone, rows

from sluice.core.locks import holding

Built = Callable[[SalesShop], dict[str, Any]]
Changed = tuple[SalesShop, dict[str, Any]]


def test_a_changed_view_and_its_children_are_built_and_stand_alone(changed: Changed) -> None:
    shop, said = changed
    assert said["built"] == ["core.by_shop", "core.rpt_shops"]
    file = Path(said["file"])
    assert file == shop.warehouse / "pr" / "12.duckdb"
    # 10 sales, as in the release: what came after it is not due to the change.
    assert rows(file, "select sum(sales), sum(amount) from core.rpt_shops") == [(10, 110.0)]
    assert answers_alone(sys.executable, file)["core.by_shop"] == 3
    assert [path.name for path in (shop.warehouse / ".workshop" / "pr-12").iterdir()] == [".lock"]


def test_only_what_was_built_is_audited_and_compared(changed: Changed) -> None:
    shop, said = changed
    report = json.loads(shop.sluice("audit", "pr-12", "--format", "json").stdout)
    assert [model["relation"] for model in report["models"]] == ["core.rpt_shops"]
    assert report["dbt"]["passed"] > 0
    # That the project has more tests than were run is what a part is about.
    assert report["dbt"]["remarks"] == []
    found = json.loads(shop.sluice("diff", "prod", "pr-12", "--select", "core", "--format", "json").stdout)
    status = {one["relation"]: (one["status"], one["told_by"], one["detail"]) for one in found["relations"]}
    as_in = f"not built: as in {said['base']}"
    assert status == {
        "core.all_sales": ("same", "base", as_in),
        "core.by_shop": ("changed", "rows", None),
        "core.outside": ("same", "base", as_in),
        "core.rpt_shops": ("changed", "rows", None),
    }
    assert f"2 not built, as in {said['base']}" in shop.sluice("diff", "prod", "pr-12", "--select", "core").stdout


def test_it_is_listed_and_in_the_trail(changed: Changed) -> None:
    shop, said = changed
    listed = json.loads(shop.sluice("envs", "--format", "json").stdout)
    assert [row["status"] for row in listed["environments"] if row["name"] == "pr-12"] == ["ok"]
    trail = DeltaTable(str(shop.lake / "ops" / "releases")).to_pyarrow_table().to_pylist()
    tried = {(row["action"], row["outcome"], row["from_release_id"]) for row in trail if row["environment"] == "pr-12"}
    assert ("build", "done", said["base"]) in tried


def test_two_builds_of_one_environment_do_not_meet(changed: Changed) -> None:
    shop, said = changed
    before = Path(said["file"]).stat()
    with holding(shop.warehouse / ".workshop" / "pr-12", "building pr-12"):
        refused = shop.sluice("build", "--env", "pr-12", code=2).stderr
    assert "another command (process" in refused
    assert ") is building pr-12" in refused
    assert Path(said["file"]).stat() == before


def test_a_changed_incremental_model_is_built_from_nothing_with_the_views_on_the_lake_that_it_reads(
    shop: SalesShop, built: Built
) -> None:
    model = "models/core/all_sales.sql"
    shop.write(model, (shop.folder / model).read_text().replace("select *", "select *, 1 as more", 1))
    said = built(shop)
    assert said["built"] == ["core.all_sales", "core.by_shop", "core.rpt_shops"]
    assert rows(Path(said["file"]), "select count(*), sum(more) from core.all_sales") == [(10, 10)]


def test_without_the_work_file_of_the_release_what_is_read_is_built_from_the_lake(shop: SalesShop) -> None:
    (shop.warehouse / "prod.duckdb").resolve().with_name("work.duckdb").unlink()
    model = "models/core/by_shop.sql"
    shop.write(model, (shop.folder / model).read_text().replace("sum(amount) as amount", "sum(amount) as amount, 1 as one"))
    done = shop.sluice("build", "--env", "pr-12")
    assert "prod has no work file that can be read" in done.stderr
    assert rows(shop.warehouse / "pr" / "12.duckdb", "select sum(sales), sum(one) from core.by_shop") == [(10, 3)]
    said = shop.sluice("diff", "prod", "pr-12", "--select", "all_sales", code=2).stderr
    assert "core.all_sales is not public" in said


def test_nothing_is_built_where_nothing_that_makes_data_changed(shop: SalesShop) -> None:
    model = "models/core/by_shop.sql"
    shop.write(model, (shop.folder / model).read_text() + "-- by shop\n")
    told = shop.sluice("build", "--env", "pr-12", "--base", "prod").stdout
    assert "nothing that makes data differs" in told
    assert answers_alone(sys.executable, shop.warehouse / "pr" / "12.duckdb") == {}
    report = json.loads(shop.sluice("audit", "pr-12", "--format", "json").stdout)
    assert (report["models"], report["exit_code"], report["dbt"]["remarks"]) == ([], 0, [])
    assert "nothing blocks (0 checks on 0 models" in shop.sluice("audit", "pr-12").stdout
    found = json.loads(shop.sluice("diff", "prod", "pr-12", "--format", "json").stdout)
    assert {one["told_by"] for one in found["relations"]} == {"base"}
    shop.sluice("drop", "pr-12")
    assert not (shop.warehouse / "pr" / "12.duckdb").exists()


def test_what_cannot_be_meant_is_refused(shop: SalesShop) -> None:
    assert "has no base" in shop.sluice("build", "--env", "prod", "--base", "prod", code=2).stderr
    assert "follows from the change" in shop.sluice("build", "--env", "pr-12", "--select", "by_shop", code=2).stderr
    assert "points to no release" in shop.sluice("build", "--env", "pr-12", "--base", "staging", code=2).stderr
    assert (
        "20200101T000000Z-aaaaaa does not exist"
        in shop.sluice("build", "--env", "pr-12", "--base", "20200101T000000Z-aaaaaa", code=2).stderr
    )
    assert not (shop.warehouse / "pr" / "12.duckdb").exists()
