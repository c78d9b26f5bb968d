"""`scripts/ci/rerun.py`: what a run does that GitHub starts again, with the commit and the inputs of then."""

from __future__ import annotations

import pytest

from ci.rerun import newest, refusal


def test_it_says_which_commit_is_built() -> None:
    assert newest("b", {"GITHUB_SHA": "a"}) == (
        "this run was started for a; main is at b now, which is what is built",
        "merge of b",
    )


@pytest.mark.parametrize("environment", [{"GITHUB_SHA": "b"}, {}])
def test_it_says_nothing_else_of_the_commit_that_it_was_started_for(environment: dict[str, str]) -> None:
    assert newest("b", environment) == ("", "merge of b")


@pytest.mark.parametrize("attempt", ["2", "3", "10"])
def test_a_rollback_is_refused_a_second_time(attempt: str) -> None:
    assert "one release further" in refusal({"GITHUB_RUN_ATTEMPT": attempt})
    assert "one release further" in refusal({"GITHUB_RUN_ATTEMPT": attempt, "TO": ""})


@pytest.mark.parametrize(
    "environment", [{}, {"GITHUB_RUN_ATTEMPT": "1"}, {"GITHUB_RUN_ATTEMPT": "2", "TO": "20260101T000001Z-abcdef"}]
)
def test_a_first_attempt_and_one_to_a_named_release_go_on(environment: dict[str, str]) -> None:
    assert refusal(environment) == ""
