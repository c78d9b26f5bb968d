"""`sluice init`: what a project lacks is shown, then written; what is there is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sluice.core.errors import SluiceError
from sluice.environments import policy
from sluice.steps.init import WORKFLOWS, plan, write

PROFILE = "shop: {target: dev, outputs: {dev: {type: duckdb, path: data/dev.duckdb}}}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project in a folder of a repository, as the current folder."""
    for name in ("DBT_PROFILES_DIR", "DBT_TARGET", "DBT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "shops" / "one"
    folder.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (folder / "profiles.yml").write_text(PROFILE)
    subprocess.run(["git", "init", "-q", "-b", "trunk"], cwd=tmp_path, check=True)
    monkeypatch.chdir(folder)
    return folder


def test_nothing_is_written_until_it_is_asked_for_and_nothing_twice(project: Path) -> None:
    planned = plan()
    assert [(file.path, file.status) for file in planned.missing] == [("environments.yml", "new"), (".gitignore", "new")]
    assert not (project / "environments.yml").exists()
    write(planned)
    assert plan().missing == ()
    assert planned.dev == "data/dev.duckdb"


def test_what_it_writes_is_valid_and_says_which_file_dev_is(project: Path) -> None:
    write(plan())
    assert [one.name for one in policy.load().environments] == ["dev", "pr-*", "staging", "prod"]
    assert policy.load().environment("prod").target is None
    assert "data/dev.duckdb" in (project / "environments.yml").read_text()


def test_prod_is_built_with_the_target_prod_where_the_profile_has_one(project: Path) -> None:
    (project / "profiles.yml").write_text(PROFILE.replace("outputs: {", "outputs: {prod: {type: duckdb, path: p.duckdb}, "))
    write(plan())
    assert policy.load().environment("prod").target == "prod"


def test_only_lines_that_git_lacks_are_added_at_the_end(project: Path) -> None:
    (project.parent.parent / ".gitignore").write_text("target/\n*.wal\n")
    (project / ".gitignore").write_text("/lake/")
    (file,) = (file for file in plan().files if file.path == ".gitignore")
    assert file.status == "more"
    write(plan())
    lines = (project / ".gitignore").read_text().splitlines()
    assert lines == [
        "/lake/",
        "",
        "# written by sluice and dbt",
        "/warehouse/",
        "/.duckdb/",
        "/logs/",
        ".user.yml",
        "/data/dev.duckdb",
    ]


def test_a_file_that_is_there_is_kept(project: Path) -> None:
    (project / "environments.yml").write_text("environments: {}\n")
    write(plan())
    assert (project / "environments.yml").read_text() == "environments: {}\n"


def test_workflows_go_to_the_root_of_the_repository_and_work_in_the_folder(project: Path) -> None:
    (project / "packages.yml").write_text("packages: []\n")
    planned = plan(github=True)
    write(planned)
    assert "run dbt deps before the first build" in "".join(planned.notes)
    assert plan(github=True).missing == ()
    folder = project.parent.parent / ".github" / "workflows"
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"sluice-{name}.yml" for name in WORKFLOWS)
    for path in folder.iterdir():
        text = path.read_text()
        document = yaml.safe_load(text)
        assert "@" not in text.replace("actions/checkout@", "")
        assert document["name"] == path.stem
        assert document["defaults"]["run"]["working-directory"] == "shops/one"
        steps = [step.get("run", "") for job in document["jobs"].values() for step in job["steps"]]
        assert "dbt deps" in steps
    assert "branches: [trunk]" in (folder / "sluice-staging.yml").read_text()


def test_the_linters_of_workflows_find_nothing(project: Path) -> None:
    write(plan(github=True))
    folder = project.parent.parent / ".github" / "workflows"
    files = sorted(path.name for path in folder.iterdir())
    for name, *options in (["jactionlint", "--shellcheck=", *files], ["zizmor", "--offline", "--quiet", *files]):
        command = [str(Path(sys.executable).parent / name), *options]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def may(rules: policy.Policy, name: str, action: str, workflow: str) -> bool:
    """Whether a workflow may act on an environment."""
    try:
        rules.allow(name, action, f"job:sluice-{workflow}")
    except SluiceError:
        return False
    return True


@pytest.mark.usefixtures("project")
def test_every_workflow_may_do_what_it_does_and_no_other() -> None:
    write(plan(github=True))
    rules = policy.load()
    rules.allow_prune("job:sluice-staging")
    steps = {
        ("pr-1", "build"): "pr",
        ("pr-1", "drop"): "close-pr",
        ("staging", "build"): "staging",
        ("staging", "publish"): "staging",
        ("prod", "promote"): "promote",
        ("prod", "rollback"): "rollback",
    }
    for step, its_own in steps.items():
        assert {workflow for workflow in steps.values() if may(rules, *step, workflow)} == {its_own}


def test_outside_of_a_dbt_project_it_says_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="not a dbt project"):
        plan(project=tmp_path)
