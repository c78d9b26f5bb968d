"""The workflows' own rules, beside what jactionlint and zizmor check: permissions, pins, one-line steps, gates, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.project import REPOSITORY

from sluice.core.errors import RefusedError
from sluice.environments import policy

SETUP = REPOSITORY / ".github/actions/setup/action.yml"
FILES = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
# Jobs whose token may write, and what.
WRITERS = {
    ("pr", "comment"): {"pull-requests"},
    ("nightly", "issue"): {"issues"},
    ("nightly", "pages"): {"pages", "id-token"},
}
# Jobs that move a pointer, and the environment whose reviewers and secrets they have.
MOVERS = {
    ("main", "staging"): "staging",
    ("nightly", "prod"): "nightly",
    ("nightly", "staging"): "nightly",
    ("promote", "promote"): "prod",
    ("rollback", "rollback"): "prod",
}
# What a laptop has, too, after `make setup`.
PROGRAMS = r"(make|\.venv/bin/sluice|python3 scripts/ci/\w+\.py|mkdir) .*"


def workflow(file: Path) -> dict[str, Any]:
    """A workflow; `on` is a key, not YAML's true."""
    found: dict[str, Any] = yaml.load(file.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  # it makes nothing but text
    return found


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Workflow, job and what it is, of all."""
    for file in FILES:
        for name, job in workflow(file)["jobs"].items():
            yield file.stem, name, job


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Workflow, job and step, of all; the setup action's, too."""
    for file, name, job in jobs():
        for step in job["steps"]:
            yield file, name, step
    for step in yaml.safe_load(SETUP.read_text())["runs"]["steps"]:
        yield "setup", "setup", step


def test_there_are_the_workflows_that_docs_ci_describes() -> None:
    assert [file.stem for file in FILES] == ["close-pr", "main", "nightly", "pr", "promote", "rollback"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_says_what_for_when_and_with_which_secrets(file: Path) -> None:
    head = "\n".join(line for line in file.read_text().partition("name:")[0].splitlines())
    assert re.search(r"^# Purpose: .+\n(# .+\n)*# Trigger: .+\n(# .+\n)*# Secrets: .+", head)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_its_name_is_its_files_so_that_environments_yml_can_name_it(file: Path) -> None:
    assert workflow(file)["name"] == file.stem


def test_tokens_read_except_where_a_job_has_to_write() -> None:
    assert {file.stem: workflow(file)["permissions"] for file in FILES} == {file.stem: {"contents": "read"} for file in FILES}
    wider = {(file, name): job["permissions"] for file, name, job in jobs() if "permissions" in job}
    assert {key: {what for what, level in given.items() if level != "read"} for key, given in wider.items()} == WRITERS


def test_a_job_that_writes_to_github_runs_nothing_of_a_pull_request_and_installs_nothing() -> None:
    for file, name, job in jobs():
        if (file, name) == ("nightly", "pages"):
            # GitHub's own action, which takes what another job has uploaded.
            assert [re.sub("@.*", "", step["uses"]) for step in job["steps"]] == ["actions/deploy-pages"]
        elif (file, name) in WRITERS:
            checkout, *rest = job["steps"]
            assert checkout["with"].get("ref") == ("${{ github.event.pull_request.base.sha }}" if file == "pr" else None)
            assert [step["run"].partition(" ")[0] for step in rest] == ["python3"]


def test_what_a_pull_request_triggers_names_no_secret() -> None:
    for file in FILES:
        assert ("pull_request" in workflow(file)["on"]) == (file.stem in ("pr", "close-pr"))
        assert "pull_request_target" not in file.read_text()
        assert "workflow_run" not in file.read_text()
        if file.stem in ("pr", "close-pr"):
            assert "secrets." not in file.read_text()


def test_a_job_that_publishes_builds_the_newest_main() -> None:
    """A run that is started again has the commit of then."""
    found = {
        (file, name): job["steps"][0]["with"].get("ref")
        for file, name, job in jobs()
        if any("sluice publish" in step.get("run", "") for step in job["steps"])
    }
    assert found == {("main", "staging"): "main", ("nightly", "prod"): "main", ("nightly", "staging"): "main"}


def test_a_rollback_is_done_once() -> None:
    (steps_of,) = [job["steps"] for file, _, job in jobs() if file == "rollback"]
    commands = [step.get("run", "") for step in steps_of]
    guard = commands.index("python3 scripts/ci/rerun.py once")
    assert guard < next(number for number, command in enumerate(commands) if "sluice rollback" in command)


def test_a_pointer_moves_only_in_a_job_with_an_environment() -> None:
    found = {
        (file, name): job.get("environment")
        for file, name, job in jobs()
        if any(re.search(r"sluice (publish|promote|rollback)", step.get("run", "")) for step in job["steps"])
    }
    assert found == MOVERS


def test_actions_are_pinned_by_digest_with_their_version_beside() -> None:
    lines = [line for file in (*FILES, SETUP) for line in file.read_text().splitlines() if "uses:" in line]
    assert any("actions/cache@" in line for line in lines)
    for line in lines:
        assert re.search(r"uses: (\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$", line), line


def test_a_checkout_keeps_no_credentials() -> None:
    found = [step for _, _, step in steps() if "checkout" in step.get("uses", "")]
    assert found
    assert all(step["with"]["persist-credentials"] == "false" for step in found)


def test_every_job_ends_some_day() -> None:
    assert all(int(job["timeout-minutes"]) <= 240 for _, _, job in jobs())


def test_only_what_a_pull_request_triggers_is_cancelled() -> None:
    for file in FILES:
        made = workflow(file)
        groups = [part["concurrency"] for part in (made, *made["jobs"].values()) if "concurrency" in part]
        assert groups, file.name
        cancels = "true" if file.stem in ("pr", "close-pr") else "false"
        assert {group["cancel-in-progress"] for group in groups} == {cancels}


def test_a_step_is_one_line_that_runs_on_a_laptop_too() -> None:
    for file, name, step in steps():
        if "run" in step:
            assert re.fullmatch(PROGRAMS, step["run"].strip()), f"{file}, {name}: {step['run']}"


def test_outside_text_reaches_a_command_through_its_environment_only() -> None:
    assert [step["run"] for _, _, step in steps() if "${{" in step.get("run", "")] == []


def test_a_result_that_is_shown_on_the_way_is_not_lost() -> None:
    """GitHub's bash has pipefail only where a shell is named; else `build | tee` would succeed whatever build did."""
    for file in FILES:
        if re.search(r"\| tee ", file.read_text()):
            assert workflow(file)["defaults"]["run"]["shell"] == "bash", file.name


def deeds() -> Iterator[tuple[str, str, str]]:
    """Workflow, action and environment of every step that changes one; a pull request's environment is pr-1 here."""
    for file, _, step in steps():
        words = step.get("run", "").replace('"$ENVIRONMENT"', "pr-1").split()
        if len(words) > 2 and words[0].endswith("/sluice") and words[1] in ("build", "publish", "promote", "rollback", "drop"):
            named = words[words.index("--env") + 1] if "--env" in words else words[3 if words[1] == "promote" else 2]
            yield file, words[1], named


def test_environments_yml_lets_each_workflow_do_what_it_does() -> None:
    rules = policy.load(REPOSITORY / "environments.yml")
    found = list(deeds())
    assert {("main", "publish", "staging"), ("promote", "promote", "prod"), ("close-pr", "drop", "pr-1")} <= set(found)
    for file, action, environment in found:
        rules.allow(environment, action, f"job:{file}")
    rules.allow_prune("job:nightly")


@pytest.mark.parametrize("file", ["pr", "close-pr"])
@pytest.mark.parametrize("action", ["build", "publish", "promote", "rollback"])
def test_a_pull_request_moves_no_pointer(file: str, action: str) -> None:
    rules = policy.load(REPOSITORY / "environments.yml")
    for environment in ("staging", "prod"):
        with pytest.raises(RefusedError):
            rules.allow(environment, action, f"job:{file}")
