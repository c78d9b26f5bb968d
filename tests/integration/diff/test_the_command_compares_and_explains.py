"""`sluice diff` as it is typed: a difference is not a failure, both files stay what they are, mistakes are explained."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.helpers.diffed import Sides, node
from tests.helpers.preloaded import program
from tests.helpers.project import REPOSITORY, Project
from tests.helpers.schemas import document

from sluice.lineage.graph import graph_of


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    """Two warehouses with their manifests beside them."""
    made = Sides(tmp_path_factory.mktemp("sides"))
    made.declare(node("orders", key=["order_id"]))
    made.tables("select range as order_id, 1 as n from range(9)", "select range as order_id, 2 as n from range(10)")
    return made


def run(sides: Sides, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where the warehouses are."""
    command = [program("sluice"), "diff", *arguments]
    return subprocess.run(
        command, cwd=sides.root, env={**os.environ, "SLUICE_WAREHOUSE": "warehouse"}, capture_output=True, text=True, check=False
    )


def test_a_difference_is_no_failure_and_nothing_is_written_to(sides: Sides) -> None:
    files = [sides.root / name / "warehouse.duckdb" for name in "ab"]
    before = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    done = run(sides, "a/warehouse.duckdb", "b/warehouse.duckdb")

    assert done.returncode == 0, done.stderr
    assert "n: 9 changed (100 %): 9 up, +9 in all (+1 to +1)" in done.stdout
    assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] == before
    assert {path.name for path in sides.root.iterdir()} == {"a", "b"}


def test_it_goes_into_a_file_and_artifacts_may_stand_elsewhere(sides: Sides, tmp_path: Path) -> None:
    (tmp_path / "b.duckdb").write_bytes((sides.root / "b" / "warehouse.duckdb").read_bytes())

    done = run(
        sides, "a/warehouse.duckdb", str(tmp_path / "b.duckdb"), "--artifacts-b", "b",
        "--format", "json", "--out", str(tmp_path / "new" / "diff.json"),
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    said = document(["diff"], (tmp_path / "new" / "diff.json").read_text())
    assert [said["relations"][0]["rows"][word] for word in ("added", "removed", "changed")] == [1, 0, 9]


def test_the_commands_of_the_page_run(sides: Sides, tmp_path: Path) -> None:
    """With one warehouse in the place of prod's release, and one as dev, which has its artifacts in dbt's target folder."""
    (tmp_path / "dbt_project.yml").write_text("name: compared\n")
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / "prod.duckdb").symlink_to(sides.root / "a" / "warehouse.duckdb")
    shutil.copy(sides.root / "b" / "warehouse.duckdb", tmp_path / "warehouse" / "dev.duckdb")
    (tmp_path / "target").mkdir()
    shutil.copy(sides.root / "b" / "manifest.json", tmp_path / "target")
    block = (REPOSITORY / "docs" / "diff.md").read_text().partition("```console\n")[2].partition("```")[0]
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert len(lines) == 4
    for line in lines:
        release = "warehouse/prod.duckdb"
        names = {"prod": release, "A": release, "B": "dev", "fct_*": "orders", "operations": "finance"}
        done = run(Sides(tmp_path), *(names.get(word, word) for word in line[2:]))
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "diff.html").read_text().startswith("<!doctype html>")


def test_mistakes_are_explained(sides: Sides) -> None:
    for arguments, words in (
        (["a/warehouse.duckdb", "nowhere.duckdb"], "nowhere.duckdb does not exist"),
        (["a/warehouse.duckdb", "b/warehouse.duckdb", "--select", "nothing"], "nothing selects nothing"),
        (["a/manifest.json", "b/warehouse.duckdb"], "cannot be read as a warehouse"),
    ):
        done = run(sides, *arguments)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_every_model_of_this_project_is_followed_column_by_column(tmp_path: Path) -> None:
    """And a column that is made of nothing upstream is a constant, or counts rows."""
    project = Project(tmp_path)
    project.dbt("compile")

    graph = graph_of(project.manifest())

    assert graph.untraced == {}
    assert len(graph.queries) > 70
    for unique_id in graph.queries:
        query = graph.with_texts(unique_id)
        assert query is not None
        for name, made in query.columns.items():
            text = " ".join(made.texts).lower()
            constant = any(one in text for one in ("'", "count(*)", "null", "values", "cast(0", "false"))
            assert made.leaves or constant, f"{unique_id}.{name} is made of {made.texts}"
