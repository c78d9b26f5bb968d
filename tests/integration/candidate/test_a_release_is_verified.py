"""`sluice verify` finds whatever is no longer as recorded, and names it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from tests.helpers.candidates import Story

from sluice.store.record import File, dump, load
from sluice.store.standalone import FREE_BYTES


def _spoil(file: Path, sql: str) -> None:
    file.chmod(0o644)
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql)


def _differences(story: Story, name: str) -> dict[str, str]:
    said = json.loads(story.shop.sluice("verify", name, "--format", "json", code=1).stdout)
    return {difference["name"]: difference["what"] for difference in said["differences"]}


def test_a_sound_one_is_as_recorded(story: Story) -> None:
    for name, folder in (("prod", story.release), ("candidate", story.candidate)):
        count = len(load(folder).relations)
        assert story.shop.sluice("verify", name).stdout == f"{folder.name}: {count} relations, all as recorded\n"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("update core.by_shop set amount = 7 where shop_id = 1", {"core.by_shop": "the same number of rows (3), other values"}),
        ("delete from core.rpt_shops where shop_id = 1", {"core.rpt_shops": "2 rows, 3 are recorded"}),
        ("alter table core.rpt_shops drop column sales", {"core.rpt_shops": "other columns: -sales BIGINT"}),
        ("drop table core.rpt_shops", {"core.rpt_shops": "is gone"}),
        ("create table core.more as select 1 as a", {"core.more": "is not in the record"}),
    ],
)
def test_each_kind_of_change_is_named(retold: Callable[[], Story], sql: str, expected: dict[str, str]) -> None:
    story = retold()
    _spoil(story.release / "warehouse.duckdb", sql)
    found = _differences(story, "prod")
    assert {name: what for name, what in found.items() if name != "the file"} == expected


def test_the_file_itself_is_compared_where_it_is_recorded(retold: Callable[[], Story]) -> None:
    story = retold()
    file = story.release / "warehouse.duckdb"
    dump(replace(story.first, file=File(file.stat().st_size, "0" * 64)), story.release)
    assert _differences(story, "prod") == {"the file": "another sha256"}
    dump(replace(story.first, file=File(1, None)), story.release)
    assert _differences(story, "prod") == {"the file": f"{file.stat().st_size:,} bytes, 1 are recorded"}


def test_the_work_file_is_compared_as_long_as_it_is_kept(retold: Callable[[], Story]) -> None:
    story = retold()
    _spoil(story.release / "work.duckdb", "update core.all_sales set amount = 7 where sale_id = 1")
    assert _differences(story, "prod").keys() == {"work.duckdb"}
    (story.release / "work.duckdb").unlink()
    assert "all as recorded" in story.shop.sluice("verify", "prod").stdout


def test_another_version_of_duckdb_is_said_where_something_differs(retold: Callable[[], Story]) -> None:
    story = retold()
    dump(replace(story.first, duckdb="1.4.0", digest="0" * 64, relations={}), story.release)
    assert "taken by DuckDB 1.4.0" in story.shop.sluice("verify", "prod", code=1).stdout


def test_what_cannot_be_compared_is_told(retold: Callable[[], Story]) -> None:
    story = retold()
    os.truncate(_writable(story.release / "warehouse.duckdb"), 100)
    assert "cannot be read" in story.shop.sluice("verify", "prod", code=2).stderr
    dump(replace(story.second, digest=None), story.candidate)
    assert "no digest" in story.shop.sluice("verify", "candidate", code=2).stderr
    alone = shutil.copy(story.candidate / "warehouse.duckdb", story.shop.state / "alone.duckdb")
    assert "no record" in story.shop.sluice("verify", str(alone), code=2).stderr


def _writable(file: Path) -> Path:
    file.chmod(0o644)
    return file


def test_small_files_are_left_as_they_are(story: Story) -> None:
    """What the size of the file in the record rests on: it is not rewritten for a few blocks."""
    assert len(story.before[0]) < FREE_BYTES
