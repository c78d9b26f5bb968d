"""The real models: a candidate after more days stands alone, and its marts equal a rebuild from nothing of its record."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.helpers.candidates import answers_alone
from tests.helpers.project import Project, copy_project

from sluice.candidate.build import Candidate, build
from sluice.candidate.plan import plan
from sluice.candidate.rebuild import WITHOUT_TESTS, comparison, rebuild
from sluice.core import public
from sluice.core.paths import warehouse_root
from sluice.core.progress import silent
from sluice.environments.context import here
from sluice.store import standalone


@dataclass(frozen=True)
class Days:
    """A release of six days, and the candidate after another two that began as its file."""

    project: Project
    release: Path
    candidate: Candidate


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    root = tmp_path_factory.mktemp("shop")
    project = Project(root / "state", copy_project(root / "project"))
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@shop.example", "-c", "commit.gpgsign=false"]
    for command in (["git", "init", "-q"], ["git", "add", "-A"], [*git, "commit", "-qm", "All"]):
        subprocess.run(command, cwd=project.folder, check=True)
    before, place = dict(os.environ), Path.cwd()
    os.environ.update(project.environment())
    os.chdir(project.folder)
    try:
        yield _days(project)
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)


def _days(project: Project) -> Days:
    later = project.state / "later"
    project.run("sluice", "demo", "--orders", "400", "--days", "8", "--out", str(project.state / "demo"))
    _move(project.state / "demo", later, ("07", "08"))
    project.run("sluice", "setup")
    project.run("sluice", "ingest", "feeds/demo.yml")
    first = build(replace(plan("prod", here(), full_refresh=True), only=WITHOUT_TESTS), silent)
    assert first.is_good
    release = warehouse_root() / "releases" / first.folder.name
    release.parent.mkdir()
    first.folder.replace(release)
    (warehouse_root() / "prod.duckdb").symlink_to(Path("releases") / release.name / "warehouse.duckdb")
    _move(later, project.state / "demo", ("07", "08"))
    project.run("sluice", "ingest", "feeds/demo.yml")
    return Days(project, release, build(replace(plan("prod", here(), full_refresh=False), only=WITHOUT_TESTS), silent))


def _move(source: Path, target: Path, endings: tuple[str, ...]) -> None:
    """Move the deliveries of some days of the month."""
    moved = [file for file in source.rglob("*") if file.is_file() and file.name.split(".")[0].endswith(endings)]
    assert moved
    for file in moved:
        (target / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target / file.relative_to(source))


def test_it_was_added_to_the_release_and_recorded(days: Days) -> None:
    record = days.candidate.record
    assert days.candidate.is_good
    assert (record.parent, record.full_refresh) == (days.release.name, False)
    with standalone.opened(days.release / "warehouse.duckdb") as one, standalone.opened(_file(days)) as other:
        count = f"select count(*) from {standalone.ALIAS}.core.fct_orders"
        assert one.execute(count).fetchone() < other.execute(count).fetchone()  # type: ignore[operator]  # a count is there


def _file(days: Days) -> Path:
    return days.candidate.folder / "warehouse.duckdb"


def test_every_relation_answers_when_the_file_is_alone(days: Days) -> None:
    record = days.candidate.record
    counts = answers_alone(sys.executable, _file(days))
    assert counts == {name: relation.rows for name, relation in record.relations.items()}
    assert {mart.relation for mart in public.marts(days.candidate.folder)} <= counts.keys()
    assert {name.split(".")[0] for name in counts} == {
        "core", "finance", "growth", "intermediate", "operations", "reference", "risk",
    }  # fmt: skip
    assert record.left_out == ()


def test_every_mart_equals_a_rebuild_of_the_record(days: Days) -> None:
    again = rebuild(days.candidate.record, days.candidate.folder, here(), silent, compare=True)
    compared = comparison(days.candidate.record, again)
    assert again.record.full_refresh
    assert len(compared.marts) > 15
    assert compared.differences == ()
    # And a row that is not the same would be seen.
    spoilt = dict(days.candidate.record.relations)
    spoilt["core.fct_orders"] = replace(spoilt["core.fct_orders"], digest="0" * 64)
    (difference,) = comparison(replace(days.candidate.record, relations=spoilt), again).differences
    assert difference.name == "core.fct_orders"


def test_written_anew_the_work_file_is_the_same_and_smaller(days: Days, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, work = tmp_path / "warehouse.duckdb", days.candidate.folder / "work.duckdb"
    shutil.copyfile(work, file)
    assert not standalone.compact(file)
    monkeypatch.setattr(standalone, "FREE_BYTES", 0)
    monkeypatch.setattr(standalone, "FREE_SHARE", 0)
    assert standalone.compact(file)
    assert file.stat().st_size < work.stat().st_size
    assert standalone.read(file) == standalone.read(work)
    shapes = [_shape(path) for path in (file, work)]
    assert shapes[0] == shapes[1]
    assert [path.name for path in tmp_path.iterdir()] == ["warehouse.duckdb"]


def _shape(file: Path) -> list[tuple[object, ...]]:
    """What is said about the relations, beside their rows: constraints, comments, which of them are views."""
    with standalone.opened(file) as connection:
        return connection.execute(f"""
            select schema_name, table_name, constraint_type, constraint_text from duckdb_constraints()
            where database_name = '{standalone.ALIAS}'
            union all select schema_name, table_name, column_name, comment from duckdb_columns() where not internal
            union all select schema_name, table_name, comment, null from duckdb_tables()
            union all select schema_name, view_name, comment, null from duckdb_views() where not internal
            order by all
        """).fetchall()
