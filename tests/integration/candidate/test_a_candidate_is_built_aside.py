"""`sluice build --env prod`: a file aside, from the current release and the lake as pinned; it stands alone and is recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from deltalake import write_deltalake
from tests.helpers.candidates import Story, answers_alone, look, rows, sales

from sluice.candidate import build
from sluice.candidate.plan import plan
from sluice.core import dbt
from sluice.environments.context import here
from sluice.store.record import WORK, Code, load


def test_the_current_release_stays_to_the_byte(story: Story) -> None:
    assert look(story.release / "warehouse.duckdb") == story.before
    assert (story.shop.warehouse / "prod.duckdb").resolve() == story.release / "warehouse.duckdb"


def test_it_begins_as_the_release_and_takes_in_what_is_new(story: Story) -> None:
    """Where it begins is the work file of the release: what the release itself has is not enough to go on from."""
    assert rows(story.candidate / WORK, "select count(*), sum(amount) from core.all_sales") == [(20, 210.0)]
    assert (story.first.full_refresh, story.first.parent) == (True, None)
    assert (story.second.full_refresh, story.second.parent) == (False, story.first.release_id)
    # Incremental: the statement that dbt ran says so.
    (ran,) = [
        entry["compiled_code"]
        for entry in dbt.artifact(story.candidate, "run_results.json")["results"]
        if entry["unique_id"] == "model.sluice.all_sales"
    ]
    assert "where sale_id >" in ran


def test_the_record_says_what_it_is_made_of(story: Story) -> None:
    record = story.second
    assert record.release_id == story.candidate.name
    assert record.lake["raw/shop/sales"] == 1
    assert [table for table in record.lake if not table.startswith("ops/")] == ["raw/shop/sales"]
    assert {"ops/checks", "ops/releases"} <= record.lake.keys()
    assert record.code == Code(story.shop.commit_now(), False)
    assert (record.project, record.environment, record.built_by) == ("sluice", "prod", "user:test")
    assert record.dbt is not None
    assert record.dbt.counts == {"model.success": 5, "test.pass": 1}
    assert record.relations["core.by_shop"].rows == 3
    assert record.relations["core.rpt_shops"].columns == (("shop_id", "BIGINT"), ("sales", "BIGINT"), ("amount", "DOUBLE"))
    assert record.file is not None
    assert record.file.bytes == (story.candidate / "warehouse.duckdb").stat().st_size
    assert record.work is not None
    assert record.work.bytes == (story.candidate / WORK).stat().st_size
    assert set(record.seconds) == {"copy", "build", "alone", "extract"}
    assert record.audit is None


def test_unit_tests_run_where_the_code_is_another_than_the_parents(retold: Callable[[], Story]) -> None:
    """They judge code, not data."""
    story = retold()
    assert story.first.dbt is not None
    assert story.first.dbt.counts["unit_test.pass"] == 2
    assert story.second.dbt is not None
    assert story.second.code == story.first.code
    assert "unit_test.pass" not in story.second.dbt.counts
    story.shop.write("README.md", "Not committed yet.\n")
    _, dirty = story.shop.build()
    assert dirty.dbt is not None
    assert dirty.dbt.counts["unit_test.pass"] == 2


def test_its_folder_holds_the_artifacts_and_nothing_else(story: Story) -> None:
    names = {path.name for path in story.candidate.iterdir()}
    assert names == {
        "warehouse.duckdb", "work.duckdb", "release.json", "inputs.json", "compiled.json", "manifest.json", "run_results.json",
        ".lock",
    }  # fmt: skip
    assert (story.candidate / "warehouse.duckdb").stat().st_mode & 0o777 == 0o444


def test_readers_find_what_is_public_and_may_not_open_the_rest(story: Story) -> None:
    relations = "select table_schema || '.' || table_name from information_schema.tables order by all"
    assert rows(story.candidate / "warehouse.duckdb", relations) == [("core.by_shop",), ("core.rpt_shops",)]
    assert {("core.all_sales",), ("checks.every_sale_is_there_once",)} <= {*rows(story.candidate / WORK, relations)}
    assert (story.candidate / WORK).stat().st_mode & 0o077 == 0
    assert story.candidate.stat().st_mode == story.candidate.parent.stat().st_mode


def test_every_relation_answers_when_the_file_is_alone_under_any_name(story: Story) -> None:
    counts = answers_alone(sys.executable, story.candidate / "warehouse.duckdb")
    assert counts == {name: relation.rows for name, relation in story.second.relations.items()}
    assert counts["core.by_shop"] == 3
    assert story.second.left_out == ("core.outside",)


@pytest.mark.parametrize(("name", "kind"), [("warehouse.duckdb", "table"), (WORK, "view")])
def test_a_view_that_stays_keeps_what_is_said_about_it(story: Story, name: str, kind: str) -> None:
    """Also if it reads what is not public, and so is a table where readers find it."""
    file = story.candidate / name
    assert rows(file, f"select comment from duckdb_{kind}s() where {kind}_name = 'by_shop'") == [("One row per shop.",)]
    said = "select comment from duckdb_columns() where table_name = 'by_shop' and comment is not null"
    assert rows(file, said) == [("What it sold.",)]


def test_what_arrives_after_the_pins_is_not_in_it(retold: Callable[[], Story], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = retold().shop
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shop.folder)
    session = dbt.session

    def late(**more: object) -> AbstractContextManager[dbt.Session]:
        assert more["niceness"] == 10, "readers on the same cores come first"
        write_deltalake(str(shop.lake / "raw" / "shop" / "sales"), sales(1000, 1009), mode="append")
        return session(**more)  # type: ignore[arg-type]  # handed on as they come

    monkeypatch.setattr(dbt, "session", late)
    pinned = build.build(plan("prod", here(), full_refresh=True), lambda *_: None)
    assert pinned.record.lake["raw/shop/sales"] == 1
    assert rows(pinned.folder / WORK, "select max(sale_id) from core.all_sales") == [(20,)]
    # And without pins it would be: dev reads the lake as it is.
    shop.sluice("build", "--select", "+all_sales")
    assert rows(shop.warehouse / "dev.duckdb", "select max(sale_id) from core.all_sales") == [(1009,)]


def test_full_refresh_begins_with_nothing_and_says_the_same(retold: Callable[[], Story]) -> None:
    story = retold()
    folder, record = story.shop.build("--full-refresh")
    assert record.full_refresh
    assert "copy" not in record.seconds
    assert record.parent == story.first.release_id
    assert record.relations == story.second.relations
    assert load(folder) == record
