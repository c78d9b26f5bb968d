"""What the workflows say on GitHub: one comment, one issue, found again by a mark that only their own author's text has."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from tests.helpers.loopback_github import NAME, TOKEN, GitHub
from tests.helpers.project import REPOSITORY

from ci.github import UnspokenError, say

PERSON = {"login": "ada", "type": "User"}


def speak(hub: GitHub, *arguments: str, report: str = "rows: 1", token: str = TOKEN) -> str:
    return say(arguments, {"GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": NAME, "GITHUB_TOKEN": token, "REPORT": report})


def test_the_first_report_is_a_comment_and_the_next_one_edits_it(hub: GitHub) -> None:
    first = speak(hub, "comment", "12", report="rows: 1")
    second = speak(hub, "comment", "12", report="rows: 2")
    (comment,) = hub.comments[12]
    assert first == second == comment["html_url"]
    assert "rows: 2" in comment["body"]
    assert "rows: 1" not in comment["body"]


def test_it_is_found_behind_hundreds_of_others(hub: GitHub) -> None:
    for number in range(250):
        hub.add_comment(12, f"comment {number}", PERSON)
    speak(hub, "comment", "12")
    speak(hub, "comment", "12", report="rows: 2")
    assert len(hub.comments[12]) == 251
    assert "rows: 2" in hub.comments[12][-1]["body"]


def test_a_person_who_quotes_it_is_not_overwritten(hub: GitHub) -> None:
    speak(hub, "comment", "12")
    copied = hub.comments[12].pop()["body"]
    hub.add_comment(12, copied, PERSON)
    speak(hub, "comment", "12", report="rows: 2")
    assert [entry["body"] == copied for entry in hub.comments[12]] == [True, False]


def test_each_pull_request_has_its_own(hub: GitHub) -> None:
    speak(hub, "comment", "12")
    speak(hub, "comment", "13")
    assert {number: len(entries) for number, entries in hub.comments.items()} == {12: 1, 13: 1}


def test_an_issue_is_opened_once_and_then_commented_on(hub: GitHub) -> None:
    speak(hub, "issue", "refused", report="first night")
    speak(hub, "issue", "refused", report="second night")
    (issue,) = hub.issues
    assert issue["title"] == "refused"
    assert "first night" in issue["body"]
    assert [entry["body"] for entry in hub.comments[issue["number"]]] == ["second night"]


def test_a_pull_request_is_no_issue_and_another_title_is_another_issue(hub: GitHub) -> None:
    speak(hub, "issue", "refused")
    mark = hub.issues.pop()["body"]
    hub.add_issue("refused", mark, pull_request={"url": "..."})
    speak(hub, "issue", "refused")
    speak(hub, "issue", "slow")
    assert [("pull_request" in issue, issue["title"]) for issue in hub.issues] == [
        (True, "refused"),
        (False, "refused"),
        (False, "slow"),
    ]


def run(hub: GitHub, *arguments: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    """As a job does it: a Python without any package, and nothing in the environment but what GitHub sets."""
    own = {"GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": NAME, "GITHUB_TOKEN": token, "REPORT": "rows: 1"}
    command = [sys.executable, "-I", "-S", str(REPOSITORY / "scripts/ci/github.py"), *arguments]
    return subprocess.run(command, env=own, capture_output=True, text=True, check=False)


def test_a_token_that_only_reads_fails_nothing_and_says_so(hub: GitHub) -> None:
    hub.forbids = True
    done = run(hub, "comment", "12")
    assert done.returncode == 0
    assert "::notice::this token may not write here" in done.stdout
    assert hub.comments == {}


@pytest.mark.parametrize(("arguments", "token"), [(["comment", "12"], "stolen"), (["comment", "twelve"], TOKEN), ([], TOKEN)])
def test_what_could_not_be_said_is_an_error_without_a_traceback(hub: GitHub, arguments: list[str], token: str) -> None:
    done = run(hub, *arguments, token=token)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert token not in done.stderr


def test_a_github_that_is_not_there_is_an_error(hub: GitHub) -> None:
    gone = GitHub(url="http://127.0.0.1:9")
    with pytest.raises(UnspokenError, match=re.escape("127.0.0.1:9")):
        speak(gone, "comment", "12")
    assert hub.log == []
