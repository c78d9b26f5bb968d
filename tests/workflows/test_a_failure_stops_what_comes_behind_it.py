"""What each workflow does when one of its commands fails: the files are the real ones, `make` and `sluice` only note it.

Run by act, in seconds. Every guard is taken away once, and what it guards against happens.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.loopback_github import GitHub
from tests.helpers.project import REPOSITORY
from tests.helpers.workflow_runner import Ran, Repository, Runner

# Notes what it is called with; fails when that begins as FAILS does. `diff --out` leaves a file, as the real one.
PROGRAM = """#!/usr/bin/env bash
called="${0##*/} $*"
echo "$called" | tee -a "$CALLS" >&2
case "$called" in
  *"report --out "*) mkdir -p "${called##*--out }" && echo "why" > "${called##*--out }/index.html" ;;
  *"--out "*) echo "### Data" > "${called##*--out }" ;;
  "make --silent pointed"*) echo "release=20260101T000001Z-abcdef" ;;
  "make --silent key") echo "key=venv-x-0123456789abcdef" ;;
esac
[[ -z $FAILS || $called != $FAILS* ]]
"""
TEAM = {"SLUICE_RUNNER": "ubuntu-latest", "SLUICE_PR_RUNNER": "ubuntu-latest"}
PUBLISH = "sluice publish --env"
# What starts each workflow.
TRIGGERS = {
    "main": "push",
    "promote": "workflow_dispatch",
    "rollback": "workflow_dispatch",
    "nightly": "schedule",
    "pr": "pull_request",
    "close-pr": "pull_request",
}


@dataclass
class ShopWithStubs:
    """A repository with the workflows, on a machine whose programs only take notes."""

    repository: Repository
    hub: GitHub
    state: Path

    def edit(self, workflow: str, before: str, after: str) -> None:
        """Change a workflow, on main."""
        file = self.repository.folder / f".github/workflows/{workflow}.yml"
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after, 1))
        self.repository.git("commit", "--quiet", "--all", "--message", "edit")

    def merge(self) -> tuple[str, str]:
        """Main moves on by a commit; gives the commit before, which stays checked out as that of the run, and the new one."""
        before = self.repository.git("rev-parse", "main")
        self.repository.git("commit", "--quiet", "--allow-empty", "--message", "newer")
        self.repository.git("checkout", "--quiet", "--detach", before)
        return before, self.repository.git("rev-parse", "main")

    def run(self, workflow: str, fails: str = "", *, is_fork: bool = False, pages: str = "", **more: str) -> Ran:
        """Run it, with the commands that begin so failing, and `more` in the environment; `pages` is SLUICE_PAGES."""
        (self.state / "calls").write_text("")
        event: dict[str, Any] = {"inputs": {"why": "so", "to": ""}}
        if workflow.endswith("pr"):
            self.repository.git("branch", "--force", "change", "main")
            event = self.repository.pull_request(12, "change")
            event["pull_request"]["head"]["repo"] = {"fork": is_fork}
        machine = {
            "CALLS": str(self.state / "calls"),
            "FAILS": fails,
            "PATH": f"{self.state / 'bin'}:{os.environ['PATH']}",
            "VENV": str(self.state / "venv"),
            **more,
        }
        variables = {**TEAM, "SLUICE_PAGES": pages} if pages else TEAM
        return Runner(self.repository, self.hub, self.state, variables, machine).run(workflow, TRIGGERS[workflow], event)

    @property
    def calls(self) -> list[str]:
        """What was called, in order."""
        return (self.state / "calls").read_text().splitlines()

    def called(self, start: str) -> bool:
        return any(call.startswith(start) for call in self.calls)


@pytest.fixture
def shop(tmp_path: Path, hub: GitHub) -> ShopWithStubs:
    repository = Repository(tmp_path / "repository")
    shutil.copytree(REPOSITORY / ".github", repository.folder / ".github")
    shutil.copytree(REPOSITORY / "scripts/ci", repository.folder / "scripts/ci")
    (repository.folder / "requirements").mkdir()
    for name in ("pyproject.toml", "requirements/dev.txt"):
        (repository.folder / name).write_text("")
    for name in ("bin/make", "venv/bin/sluice"):
        (tmp_path / "state" / name).parent.mkdir(parents=True)
        (tmp_path / "state" / name).write_text(PROGRAM)
        (tmp_path / "state" / name).chmod(0o755)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "workflows")
    return ShopWithStubs(repository, hub, tmp_path / "state")


def test_without_a_failure_each_comes_to_its_end(shop: ShopWithStubs) -> None:
    ends = {name: shop.run(name).jobs for name in ("main", "promote", "rollback", "nightly", "pr", "close-pr")}
    assert ends == {
        "main": {"check": True, "staging": True},
        "promote": {"review": True, "promote": True},
        "rollback": {"rollback": True},
        "nightly": {"prod": True, "staging": True},
        "pr": {"check": True, "data": True, "comment": True},
        "close-pr": {"drop": True},
    }
    assert shop.hub.issues == []
    # A site is for everybody who may read the repository's pages: without the variable it goes nowhere.
    assert not (shop.state / "artifacts" / "github-pages").exists()


@pytest.mark.parametrize("step", ["make ingest", "sluice build", "sluice audit"])
def test_a_merge_publishes_nothing_behind_a_failure(shop: ShopWithStubs, step: str) -> None:
    assert shop.run("main", step).jobs["staging"] is False
    assert not shop.called(PUBLISH)


@pytest.mark.parametrize("step", ["make ingest", "make code", "sluice build", "sluice audit", "sluice publish"])
def test_a_night_that_fails_opens_an_issue(shop: ShopWithStubs, step: str) -> None:
    assert shop.run("nightly", step).jobs.items() >= {"prod": False, "issue": True}.items()
    assert [issue["title"] for issue in shop.hub.issues] == ["The nightly release of prod was refused"]
    assert shop.called(f"{PUBLISH} prod") is (step == "sluice publish")
    assert shop.called("sluice incidents update --env prod")


def test_the_site_of_a_refused_night_is_put_on_pages_where_somebody_asked_for_it(shop: ShopWithStubs) -> None:
    assert shop.run("nightly", "sluice audit", pages="true").jobs.items() >= {"prod": False, "pages": True}.items()
    assert (shop.state / "artifacts" / "pages" / "index.html").read_text() == "why\n"


def test_staging_has_the_night_that_prod_refused(shop: ShopWithStubs) -> None:
    assert shop.run("nightly", "sluice build --env prod").jobs["staging"] is True
    assert shop.called(f"{PUBLISH} staging")


@pytest.mark.parametrize("step", ["make lint", "make contracts", "make test"])
def test_a_pull_request_is_stopped_by_each_check(shop: ShopWithStubs, step: str) -> None:
    assert shop.run("pr", step).jobs == {"check": False, "data": True, "comment": True}


def test_a_pull_request_that_can_not_be_built_is_not_compared(shop: ShopWithStubs) -> None:
    assert shop.run("pr", "sluice build").jobs["data"] is False
    assert not shop.called("sluice diff")
    assert "**Build failed.**" in shop.hub.comments[12][0]["body"]


def test_a_pull_request_that_fails_its_audit_is_compared_and_stopped(shop: ShopWithStubs) -> None:
    assert shop.run("pr", "sluice audit").jobs["data"] is False
    assert shop.called("sluice diff")
    assert "**Audit failed.**" in shop.hub.comments[12][0]["body"]


def test_a_fork_has_no_comment_and_nothing_to_drop(shop: ShopWithStubs) -> None:
    assert shop.run("pr", is_fork=True).jobs == {"check": True, "data": True}
    assert shop.run("close-pr", is_fork=True).jobs == {}
    assert shop.hub.log == []


@pytest.mark.parametrize("step", ["sluice envs", "make setup"])
def test_nothing_is_promoted_that_could_not_be_shown(shop: ShopWithStubs, step: str) -> None:
    assert shop.run("promote", step).jobs == {"review": False}
    assert not shop.called("sluice promote")


def test_the_first_promotion_of_all_has_nothing_to_compare_with(shop: ShopWithStubs) -> None:
    assert shop.run("promote", "sluice diff").jobs == {"review": True, "promote": True}


def test_an_old_run_of_main_that_is_started_again_publishes_the_newest_code(shop: ShopWithStubs) -> None:
    before, now = shop.merge()
    done = shop.run("main")
    assert done.jobs["staging"] is True
    assert [call for call in shop.calls if call.startswith(PUBLISH)] == [f"{PUBLISH} staging --why merge of {now}"]
    assert f"this run was started for {before}; main is at {now} now" in done.log


def test_what_was_reviewed_is_what_is_promoted(shop: ShopWithStubs) -> None:
    shop.run("promote")
    assert "sluice promote staging prod --release 20260101T000001Z-abcdef --why so" in shop.calls


# The guards: what is taken away from which workflow, what fails then, and what must not happen and does.
REF = "          ref: main\n"
PIPEFAIL = "defaults:\n  run:\n    shell: bash\n"


def test_without_its_ref_an_old_run_of_main_would_publish_old_code(shop: ShopWithStubs) -> None:
    shop.edit("main", REF, "")
    before, _ = shop.merge()
    shop.run("main")
    assert f"{PUBLISH} staging --why merge of {before}" in shop.calls


def test_without_pipefail_a_night_would_publish_what_was_not_built(shop: ShopWithStubs) -> None:
    shop.edit("nightly", PIPEFAIL, "")
    assert shop.run("nightly", "sluice build --env prod").jobs["prod"] is True
    assert shop.called(f"{PUBLISH} prod")


def test_without_pipefail_a_pull_request_that_breaks_a_mart_would_pass(shop: ShopWithStubs) -> None:
    shop.edit("pr", PIPEFAIL, "")
    assert shop.run("pr", "sluice build").jobs["data"] is True


def test_without_its_condition_the_issue_would_not_be_opened(shop: ShopWithStubs) -> None:
    shop.edit("nightly", "always() && needs.prod.result", "needs.prod.result")
    assert "issue" not in shop.run("nightly", "sluice build").jobs
    assert shop.hub.issues == []


def test_without_its_need_a_promotion_would_not_wait_for_the_review(shop: ShopWithStubs) -> None:
    shop.edit("promote", "    needs: review\n", "")
    shop.run("promote", "sluice envs")
    assert shop.called("sluice promote")


def test_without_its_condition_a_fork_would_be_red(shop: ShopWithStubs) -> None:
    shop.hub.forbids = True
    shop.edit("pr", " && !github.event.pull_request.head.repo.fork }}", " }}")
    shop.run("pr", is_fork=True)
    assert shop.hub.log != []


def test_without_its_condition_a_failed_audit_would_not_be_compared(shop: ShopWithStubs) -> None:
    shop.edit("pr", "!cancelled() && steps.build.outcome == 'success'", "success()")
    shop.run("pr", "sluice audit")
    assert not shop.called("sluice diff prod pr-12 --format markdown")
