"""Commands work in the project that the current folder is in; outside of one they say so and write nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.helpers.commands import GROUPS, registered
from tests.helpers.preloaded import program
from tests.helpers.schemas import document

FILES = {
    "dbt_project.yml": "name: tiny\n",
    "environments.yml": "environments:\n  dev: {kind: file, build: ['user:*']}\n  staging: {kind: pointer}\n",
    "models/sources.yml": """
sources:
  - name: shop
    tables: [{name: refunds, columns: [{name: refund_id, data_type: bigint, constraints: [{type: not_null}]}]}]
""",
    "models/marts/fct_refunds.sql": "select 1 as refund_id",
    "feeds/shop.yml": "feeds:\n  - {source: shop, table: refunds, format: csv, path: 'in/*.csv'}\n",
    "in/1.csv": "refund_id\n1\nx\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one feed."""
    for name, text in FILES.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text)
    return tmp_path / "project"


def sluice(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with none of the project's variables set."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "DBT_"))}
    return subprocess.run(
        [program("sluice"), *arguments], cwd=folder, env={**environment, **more}, capture_output=True, text=True, check=False
    )


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


OUTSIDE = [
    ["init"], ["setup"], ["ingest", "a.yml"], ["build"], ["build", "--env", "prod"], ["run"], ["summary"], ["publish"],
    ["promote", "staging", "prod"], ["rollback", "prod", "--why", "x"], ["envs"], ["releases"], ["impact", "--base", "main"],
    ["diff", "dev", "prod"], ["drop", "pr-1"], ["audit"], ["audit", "a.duckdb"], ["verify", "prod"], ["prune"],
    ["prune", "--yes"], ["rebuild", "prod"], ["quarantine", "list"], ["quarantine", "show", "abcd"],
    ["quarantine", "release", "abcd", "--set", "a=1", "--why", "x"], ["quarantine", "drop", "abcd", "--why", "x"],
    ["quarantine", "expire"], ["ack", "a", "--release", "b", "--why", "x"],
    ["incidents", "list"], ["incidents", "show", "abcd"], ["incidents", "ack", "abcd"], ["incidents", "close", "abcd"],
    ["incidents", "send"], ["incidents", "update"], ["silence", "list"], ["metrics"],
    ["silence", "add", "--until", "3d", "--why", "x", "--node", "y"], ["silence", "end", "abcd", "--why", "x"],
    ["source", "add", "shop", "a.csv", "--yes"], ["source", "check", "shop"],
    ["stream", "a.yml"], ["report"], ["dataops"], ["lineage", "fct_orders"], ["contract", "export"],
    ["score", "a", "b.yml"], ["alert", "list"], ["alert", "decide", "a", "--confirmed", "--why", "x"],
    ["model", "train", "a"], ["model", "promote", "a"], ["model", "drop", "a"], ["model", "list"], ["model", "show", "a"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", OUTSIDE, ids=" ".join)
def test_outside_of_a_project_a_command_says_so_and_writes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    done = sluice(tmp_path, *arguments, "--format", "json")
    assert done.returncode == 2
    assert done.stderr.startswith("error: this folder is not inside a Sluice project\n")
    assert document(["error"], done.stdout)["error"]["where"] == str(tmp_path)
    assert files(tmp_path) == set()


def test_every_command_was_tried_outside() -> None:
    tried = {tuple(arguments[: 2 if arguments[0] in GROUPS else 1]) for arguments in OUTSIDE}
    assert registered().keys() - tried == {("demo",), ("chart",)}  # they need no project


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_and_version_need_no_project(tmp_path: Path, arguments: list[str]) -> None:
    assert sluice(tmp_path, *arguments).returncode == 0
    assert files(tmp_path) == set()


def test_a_demo_needs_no_project(tmp_path: Path) -> None:
    assert sluice(tmp_path, "demo", "--orders", "10", "--days", "1").returncode == 0
    assert (tmp_path / "demo" / "shop").is_dir()


def test_what_is_typed_starts_at_the_current_folder_and_defaults_at_the_projects(project: Path) -> None:
    below = project / "models" / "marts"
    done = sluice(below, "ingest", "../../feeds/shop.yml", "--format", "json")
    assert document(["ingest"], done.stdout)["feeds"][0]["rows_landed"] == 1
    assert (project / "lake" / "raw" / "shop" / "refunds").is_dir()
    assert files(below) == {"fct_refunds.sql"}
    # A path that is not there is named as it can be found from the project.
    assert "where: models/marts/no.yml" in sluice(below, "ingest", "no.yml").stderr
    assert sluice(below, "envs").stdout == sluice(project, "envs").stdout != ""
    sluice(below, "demo", "--orders", "10", "--days", "1", "--out", "here")
    sluice(below, "demo", "--orders", "10", "--days", "1")
    assert (below / "here" / "shop").is_dir()
    assert (project / "demo" / "shop").is_dir()


def test_a_relative_variable_starts_at_the_project(project: Path) -> None:
    assert sluice(project / "models", "setup", SLUICE_LAKE="other").returncode == 0
    assert (project / "other" / "raw" / "shop" / "refunds").is_dir()


def test_a_package_below_the_project_is_not_taken_for_it(project: Path) -> None:
    package = project / "dbt_packages" / "utils"
    package.mkdir(parents=True)
    (package / "dbt_project.yml").write_text("name: utils\n")
    assert "staging" in sluice(package, "envs").stdout


def test_a_dbt_project_without_environments_is_one_too(project: Path) -> None:
    (project / "environments.yml").unlink()
    done = sluice(project / "models", "envs")
    assert done.returncode == 0
    assert "dev" in done.stdout


def completed(folder: Path, words: str) -> list[str]:
    """What the shell offers behind these words."""
    done = sluice(folder, _SLUICE_COMPLETE="complete_bash", COMP_WORDS=f"sluice {words}", COMP_CWORD=str(len(words.split(" "))))
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("publish --env ", ["dev", "pr-7", "staging"]),
        ("audit st", ["staging"]),
        ("ingest feeds/shop.yml --select sh", ["shop.refunds"]),
        ("ingest ../fe", ["../feeds/shop.yml"]),
        ("diff dev staging --select fct", ["fct_refunds"]),
        ("publish 2026", ["20260101T000000Z-abcdef"]),
        ("rollback prod --to 2026", ["20260102T000000Z-abcdef"]),
        ("verify 2026", ["20260101T000000Z-abcdef", "20260102T000000Z-abcdef"]),
        ("rollb", ["rollback"]),
    ],
)
def test_names_are_completed(project: Path, words: str, offered: list[str]) -> None:
    environments = (project / "environments.yml").read_text()
    (project / "environments.yml").write_text(environments + "  pr-*: {kind: file}\n")
    (project / "warehouse" / "candidates" / "20260101T000000Z-abcdef").mkdir(parents=True)
    (project / "warehouse" / "releases" / "20260102T000000Z-abcdef").mkdir(parents=True)
    (project / "warehouse" / "pr").mkdir()
    (project / "warehouse" / "pr" / "7.duckdb").touch()
    assert completed(project / "models", words) == offered


def test_completion_offers_nothing_and_says_nothing_where_there_is_nothing_to_read(project: Path, tmp_path: Path) -> None:
    assert completed(tmp_path, "publish --env ") == []
    (project / "environments.yml").write_text("][")
    (project / "feeds" / "shop.yml").write_text("][")
    assert completed(project, "publish --env ") == []
    assert completed(project, "ingest x --select ") == []
