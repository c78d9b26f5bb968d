"""A change that breaks readers of a mart is stopped; as CONTRIBUTING.md tells it, it passes, and old and new both stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.built_shops import clean_shop
from tests.helpers.preloaded import program
from tests.helpers.project import REPOSITORY, Project, copy_project, copy_tree
from tests.helpers.repositories import committed

from lint.breaking_changes import let_pass_by_dbt

YAML = "models/marts/core/_core__payments.yml"
SQL = "models/marts/core/fct_refunds.sql"


def edit(file: Path, before: str, after: str) -> None:
    """Replace the first occurrence, which must be there."""
    text = file.read_text()
    assert before in text, f"{file} no longer holds {before!r}"
    file.write_text(text.replace(before, after, 1))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project as a repository with one commit."""
    return committed(copy_project(tmp_path / "clone"))


def compare(folder: Path, base: str = "main") -> tuple[int, str]:
    """Exit code and output of what `make contracts` calls."""
    command = [program("python"), "scripts/lint/breaking_changes.py", base]
    done = subprocess.run(
        command, cwd=folder, env=Project(folder, folder).environment(), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def written(heading: str, language: str) -> str:
    """The code block of CONTRIBUTING.md that follows a heading."""
    section = (REPOSITORY / "CONTRIBUTING.md").read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    block = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert block, f"no {language} under {heading}"
    return block[1]


def drop_the_reason(sql: Path) -> None:
    edit(sql, "        reason,\n", "")


def test_a_dropped_column_is_stopped_with_its_model_and_what_to_do(clone: Path) -> None:
    drop_the_reason(clone / SQL)
    described = "      - name: reason\n        data_type: varchar\n        description: \"{{ doc('refund_reason') }}\"\n"
    edit(clone / YAML, described, "")

    status, output = compare(clone)

    assert status == 1
    assert "breaking change: fct_refunds.v1" in output
    assert "reason" in output
    assert "Change a mart that others read" in output


def test_a_new_column_is_no_break_and_a_commit_that_is_not_there_is_an_error(clone: Path) -> None:
    edit(clone / YAML, "      - name: refund_id\n", "      - {name: is_new, data_type: boolean}\n      - name: refund_id\n")
    assert compare(clone) == (0, "contracts: nothing breaks against main\n")
    status, output = compare(clone, "nowhere")
    assert (status, "what to do" in output, "Traceback" in output) == (2, True, False)


def test_a_mart_that_loses_its_versions_is_stopped(clone: Path) -> None:
    edit(
        clone / "models/marts/core/_core__models.yml",
        "    latest_version: 1\n    versions: [{v: 1, defined_in: dim_dates}]\n",
        "",
    )
    status, output = compare(clone)
    assert (status, "model.sluice.dim_dates.v1' was deleted or renamed" in output) == (1, True)


def manifest(**changes: Any) -> dict[str, Any]:
    """A manifest with one public model, whose column has a type."""
    kind = changes.pop("data_type", "decimal(18,4)")
    node = {"name": "sales", "version": 1, "access": "public", "schema": "core", "alias": "sales", **changes}
    return {"nodes": {"model.shop.sales.v1": {**node, "columns": {"amount": {"data_type": kind}}}}}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "finance"}, ["The relation moved: core.sales -> finance.sales"]),
        ({"alias": "turnover"}, ["The relation moved: core.sales -> core.turnover"]),
        ({"data_type": "decimal(18, 2)"}, ["Column amount has fewer digits: decimal(18,4) -> decimal(18, 2)"]),
        ({"data_type": "decimal(18,6)"}, ["Column amount has fewer digits: decimal(18,4) -> decimal(18,6)"]),
        ({"data_type": "decimal(20,6)"}, []),
        ({}, []),
    ],
)
def test_what_dbt_lets_pass_is_found(change: dict[str, Any], says: list[str]) -> None:
    assert [found.what for found in let_pass_by_dbt(manifest(), manifest(**change))] == says


def test_models_without_versions_are_not_compared() -> None:
    assert list(let_pass_by_dbt(manifest(version=None), manifest(version=None, schema="finance"))) == []


@pytest.fixture
def shop(clone: Path) -> Project:
    """A built demo shop in the clone."""
    built = clean_shop()
    for path in (built.lake, built.warehouse.parent, built.target):
        copy_tree(path, clone / path.name)
    return Project(clone, clone)


def keys_stand_in_the_manifest_and_not_in_the_tables(shop: Project) -> None:
    assert shop.query("select distinct constraint_type from duckdb_constraints() where schema_name <> 'state'") == [("NOT NULL",)]
    assert shop.query("""
        select count(*) from duckdb_constraints() where table_name = 'fct_refunds' and constraint_column_names = ['refund_id']
    """) == [(1,)]
    node = shop.manifest()["nodes"]["model.sluice.rpt_revenue_daily.v1"]
    assert node["primary_key"] == ["currency_code", "revenue_on", "source_system"]


def test_as_a_new_version_it_passes_and_both_relations_stand(clone: Path, shop: Project) -> None:
    keys_stand_in_the_manifest_and_not_in_the_tables(shop)
    before = shop.query("select * from core.fct_refunds order by all")
    assert before

    second = (clone / SQL).with_stem("fct_refunds_v2")
    shutil.copy(clone / SQL, second)
    drop_the_reason(second)
    told = written("Change a mart that others read", "yaml")
    versions = "    latest_version: 1\n    versions: [{v: 1, defined_in: fct_refunds}]\n"
    edit(clone / YAML, versions, textwrap.indent(textwrap.dedent(told), "    "))

    assert compare(clone) == (0, "contracts: nothing breaks against main\n")
    shop.dbt("build", "--select", "fct_refunds")
    assert shop.query("select * from core.fct_refunds order by all") == before
    assert shop.query("select * exclude (reason) from core.fct_refunds except select * from core.fct_refunds_v2") == []
    assert shop.query("select count(*) from core.fct_refunds_v2") == [(len(before),)]
    kept = "select table_name from duckdb_tables() where schema_name = 'checks' and table_name like 'every_refund_is_there_once%'"
    assert sorted(shop.query(kept)) == [("every_refund_is_there_once",), ("every_refund_is_there_once_v2",)]
