"""Where act can't be had, tests/workflow_harness.py runs the workflows: one with everything that they use, run by both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import workflow_harness, workflow_runner
from tests.helpers.loopback_github import GitHub
from tests.helpers.workflow_expressions import UnknownError, evaluate, filled, holds, statuses
from tests.helpers.workflow_runner import HARNESS, RUNNER, Repository, Runner

TOY = """
name: toy
on:
  workflow_dispatch:
    inputs: {why: {required: true, type: string}}
defaults:
  run:
    shell: bash
env:
  PLACE: ${{ vars.PLACE || 'here' }}
jobs:
  first:
    runs-on: ${{ !github.event.fork && vars.RUNNER || 'ubuntu-latest' }}
    env:
      PLACE_OF_JOB: the job's ${{ vars.PLACE }}
    outputs:
      report: ${{ steps.report.outputs.report }}
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
        with:
          persist-credentials: false
      - run: cat greeting
      - run: echo "BASE=$(pwd | grep -c .)" >> "$GITHUB_ENV"
      - id: pipe
        run: echo "is told, BASE=$BASE in $PLACE, $PLACE_OF_JOB"; false | tee pipe.txt
      - run: echo "never said"
      - id: skipped
        if: ${{ !cancelled() && steps.pipe.outcome == 'success' }}
        run: echo "never said either"
      - id: report
        if: ${{ !cancelled() }}
        run: echo "pipe $PIPE, skipped $SKIPPED" && printf 'report<<EOF\\none\\ntwo=2\\nEOF\\n' >> "$GITHUB_OUTPUT"
        env:
          PIPE: ${{ steps.pipe.outcome }}
          SKIPPED: ${{ steps.skipped.outcome }}
  after:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - run: echo "after a failure"
  always:
    needs: first
    if: ${{ always() && needs.first.result != 'success' }}
    runs-on: ubuntu-latest
    steps:
      - continue-on-error: true
        run: echo "may fail" && false
      - run: echo "$WHY; $REPORT"
        env:
          WHY: ${{ inputs.why }}
          REPORT: ${{ needs.first.outputs.report }}
  elsewhere:
    runs-on: ${{ vars.ELSEWHERE || 'elsewhere' }}
    steps:
      - run: echo "on no runner"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "toy")
    (made.folder / ".github/workflows").mkdir(parents=True)
    (made.folder / ".github/workflows/toy.yml").write_text(TOY)
    (made.folder / "greeting").write_text("hello\n")
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "toy")
    return made


@pytest.mark.parametrize("by", [HARNESS, *({RUNNER} - {"", HARNESS})], ids=lambda by: Path(by).name)
def test_one_with_everything(
    by: str, repository: Repository, hub: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_runner, "RUNNER", by)
    event = {"fork": True, "inputs": {"why": "it's $(ours)"}}
    ran = Runner(repository, hub, tmp_path / "state", {"PLACE": "a place", "RUNNER": "team"}).run(
        "toy", "workflow_dispatch", event
    )
    assert ran.code == 1, ran.log
    assert ran.jobs == {"first": False, "always": True}
    assert ran.said("first").splitlines() == [
        "hello",
        "is told, BASE=1 in a place, the job's a place",
        "pipe failure, skipped skipped",
    ]
    assert ran.said("always").splitlines() == ["may fail", "it's $(ours); one", "two=2"]


GIVEN: dict[str, Any] = {
    "vars": {"SET": "yes"},
    "github": {"event": {"fork": False, "number": 12, "name": "it's"}},
    "functions": statuses(False),
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.UNSET || 'none'", "none"),
        ("!github.event.fork && vars.SET || 'none'", "yes"),
        ("github.event.fork && vars.SET || 'none'", "none"),
        ("(vars.UNSET || vars.SET) == 'YES'", True),
        ("vars.SET != 'yes' && 'a' || 'b'", "b"),
        ("github.event.number", 12),
        ("'it''s' == github.event.name", True),
        ("always() && !success()", True),
    ],
)
def test_an_expression_means_what_it_means_on_github(expression: str, value: Any) -> None:
    assert evaluate(expression, GIVEN) == value


@pytest.mark.parametrize("expression", ["hashFiles('a')", "toJSON(github)", "matrix.os", "1 < 2", "vars.SET vars.SET", ""])
def test_what_it_does_not_know_is_an_error(expression: str) -> None:
    with pytest.raises(UnknownError):
        evaluate(expression, GIVEN)


@pytest.mark.parametrize(
    ("condition", "runs"),
    [(None, False), ("vars.SET", False), ("always()", True), ("${{ failure() && vars.SET }}", True), ("!cancelled()", True)],
)
def test_behind_a_failure_only_what_asks_for_a_status_runs(condition: str | None, runs: bool) -> None:
    assert holds(condition, GIVEN) is runs


def test_a_truth_is_written_small() -> None:
    assert filled("${{ github.event.fork }} and ${{ vars.SET }}", GIVEN) == "false and yes"


def test_a_job_comes_behind_those_that_it_needs() -> None:
    jobs: Mapping[str, Any] = {"c": {"needs": ["a", "b"]}, "b": {"needs": "a"}, "a": {}, "d": {}}
    assert workflow_harness.in_order(jobs, None) == ["a", "b", "c", "d"]
    assert workflow_harness.in_order(jobs, "b") == ["a", "b"]
