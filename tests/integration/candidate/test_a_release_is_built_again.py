"""`sluice rebuild`: the recorded commit and lake give the same marts; where they can't be had, it says what is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers.candidates import Story

from sluice.store.record import Code, Record, dump, load


def _left(story: Story) -> list[Path]:
    return list((story.shop.warehouse / "rebuilt").glob("[0-9]*"))


def test_an_incremental_candidate_equals_its_rebuild_whatever_came_later(retold: Callable[[], Story]) -> None:
    story = retold()
    story.shop.deliver(1000, 1009)
    story.shop.write("models/core/rpt_shops.sql", "select 1 as other")
    story.shop.commit()
    done = story.shop.sluice("rebuild", "candidate", "--compare")
    assert done.stdout == f"{story.candidate.name} built again: 2 marts, all equal to the release's\n"
    assert _left(story) == []
    assert story.shop.candidates() == [story.candidate.name]


def test_a_mart_that_does_not_come_out_the_same_is_named_and_its_file_kept(retold: Callable[[], Story]) -> None:
    """It was built with changes that no commit has: forced, its commit is built without them."""
    story = retold()
    relations = dict(story.second.relations)
    relations["core.rpt_shops"] = replace(relations["core.rpt_shops"], digest="0" * 64)
    code = replace(story.second.code, is_dirty=True)
    dump(replace(story.second, relations=relations, code=code), story.candidate)
    said = json.loads(story.shop.sluice("rebuild", "candidate", "--compare", "--force", "--format", "json", code=1).stdout)
    assert said["marts"] == ["core.by_shop", "core.rpt_shops"]
    assert said["differences"] == [{"name": "core.rpt_shops", "what": "the same number of rows (3), other values"}]
    (kept,) = _left(story)
    assert said["kept"] == str(kept)
    assert story.shop.candidates() == [story.candidate.name]


def test_without_compare_it_is_a_candidate_like_any_other(retold: Callable[[], Story]) -> None:
    story = retold()
    story.shop.deliver(1000, 1009)
    said = json.loads(story.shop.sluice("rebuild", story.candidate.name, "--format", "json").stdout)
    again = load(Path(said["folder"]))
    assert again.release_id in story.shop.candidates()
    assert (again.lake, again.code, again.parent) == (story.second.lake, story.second.code, story.release.name)
    assert again.relations == story.second.relations
    assert again.dbt is not None
    assert again.dbt.counts == {"model.success": 5, "test.pass": 1, "unit_test.pass": 2}, "every test is asked again"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda record: replace(record, code=Code(record.code.commit, True)), "uncommitted changes"),
        (lambda record: replace(record, code=Code(None, True)), "not built from a git checkout"),
        (lambda record: replace(record, code=Code("ab" * 20, False)), "cannot retrieve the code"),
        (lambda record: replace(record, lake={"raw/shop/sales": 99}), "raw/shop/sales at version 99"),
    ],
)
def test_what_is_missing_is_said(retold: Callable[[], Story], change: Callable[[Record], Record], words: str) -> None:
    story = retold()
    dump(change(story.second), story.candidate)
    assert words in story.shop.sluice("rebuild", "candidate", "--compare", code=2).stderr
    assert _left(story) == []


def test_a_lake_that_was_vacuumed_is_named(retold: Callable[[], Story]) -> None:
    story = retold()
    for file in (story.shop.lake / "raw" / "shop" / "sales").glob("*.parquet"):
        file.unlink()
    said = story.shop.sluice("rebuild", "candidate", "--compare", code=2).stderr
    assert "raw/shop/sales at version 1: 2 of its files are gone" in said


def test_a_file_without_a_record_cannot_be(story: Story, tmp_path: Path) -> None:
    file = str(shutil.copy(story.release / "warehouse.duckdb", tmp_path / "alone.duckdb"))
    assert "no record to build it from" in story.shop.sluice("rebuild", file, code=2).stderr
