"""What a release brought to its environment: each commit with its times and its pull request, where git can tell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.helpers.history import entries

from sluice.history import commits
from sluice.history.kinds import CommitEntry

SUBJECTS = ("Start", "Add a mart (#7)", "Merge pull request #12 from shop/prices", "Say (#3) in the middle", "Ends in\ttabs")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The current folder, with one commit an hour; their ids."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    subprocess.run(["git", "init", "-q"], check=True)
    for hour, subject in enumerate(SUBJECTS):
        monkeypatch.setenv("GIT_AUTHOR_DATE", f"2026-01-01T{hour:02}:00:00+02:00")
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"2026-01-02T{hour:02}:30:00+02:00")
        names = ["-c", "user.name=Ada Example", "-c", "user.email=ada@shop.example", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *names, "commit", "-q", "--allow-empty", "-m", subject], check=True)
    listed = subprocess.run(["git", "rev-list", "--reverse", "HEAD"], check=True, capture_output=True, text=True)
    return listed.stdout.split()


def test_the_commits_since_the_release_before(repository: list[str], tmp_path: Path) -> None:
    commits.append(tmp_path / "lake", "prod", "r2", repository[4], repository[0])
    times = ", ".join(f"strftime({name}, '%d %H:%M')" for name in ("authored_at", "committed_at"))
    found = f"code_commit, author, {times}, subject, pull_request, environment, release_id"
    assert entries(tmp_path / "lake", CommitEntry, found, "committed_at") == [
        (repository[1], "Ada Example", "31 23:00", "01 23:30", SUBJECTS[1], 7, "prod", "r2"),
        (repository[2], "Ada Example", "01 00:00", "02 00:30", SUBJECTS[2], 12, "prod", "r2"),
        (repository[3], "Ada Example", "01 01:00", "02 01:30", SUBJECTS[3], None, "prod", "r2"),
        (repository[4], "Ada Example", "01 02:00", "02 02:30", SUBJECTS[4], None, "prod", "r2"),
    ]
    # Told again, it is there once.
    commits.append(tmp_path / "lake", "prod", "r2", repository[4], repository[0])
    assert entries(tmp_path / "lake", CommitEntry, "count(*)", "1") == [(4,)]


def test_the_first_release_and_one_that_follows_what_is_not_here_name_their_own_commit(
    repository: list[str], tmp_path: Path
) -> None:
    commits.append(tmp_path / "lake", "prod", "r1", repository[1], None)
    commits.append(tmp_path / "lake", "prod", "r2", repository[2], "f" * 40)
    named = entries(tmp_path / "lake", CommitEntry, "release_id, code_commit", "1")
    assert named == [("r1", repository[1]), ("r2", repository[2])]


def test_a_release_without_news_or_outside_of_git_names_none(
    repository: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commits.append(tmp_path / "lake", "prod", "r1", repository[1], repository[1])
    commits.append(tmp_path / "lake", "prod", "r2", None, repository[1])
    commits.append(tmp_path / "lake", "prod", "r3", "f" * 40, repository[1])
    monkeypatch.chdir(tmp_path)
    commits.append(tmp_path / "lake", "prod", "r4", repository[1], None)
    assert not (tmp_path / "lake").exists()
    assert capsys.readouterr().err == ""


def test_there_is_an_end_to_it(repository: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "LIMIT", 2)
    commits.append(tmp_path / "lake", "prod", "r2", repository[4], repository[0])
    assert entries(tmp_path / "lake", CommitEntry, "code_commit", "committed_at") == [(repository[3],), (repository[4],)]


def commit(message: str) -> str:
    """A commit with a message, and its id."""
    names = ["-c", "user.name=Ada Example", "-c", "user.email=ada@shop.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *names, "commit", "-q", "--allow-empty", "-m", message], check=True)
    return subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("body", "incidents", "reverts"),
    [
        ("", [], None),
        ("Incident: 0f1c2b3a", ["0f1c2b3a"], None),
        ("Some words.\n\n- incident: SHOP-7\nIncidents: 0f1c2b3a, SHOP-8", ["SHOP-7", "0f1c2b3a", "SHOP-8"], None),
        ("Incident: the 2 prices were wrong", [], None),
        (f"This reverts commit {'a' * 40}.", [], "a" * 40),
    ],
    ids=["nothing", "one", "several", "prose", "revert"],
)
def test_a_message_names_incidents_and_what_it_reverts(
    repository: list[str], tmp_path: Path, body: str, incidents: list[str], reverts: str | None
) -> None:
    made = commit(f"Fix it\n\n{body}")
    commits.append(tmp_path / "lake", "prod", "r2", made, repository[4])
    assert entries(tmp_path / "lake", CommitEntry, "subject, parents, incidents, reverts", "1") == [
        ("Fix it", 1, incidents, reverts)
    ]


def test_a_merge_has_two_parents_and_a_first_commit_none(repository: list[str], tmp_path: Path) -> None:
    subprocess.run(["git", "checkout", "-q", "-b", "side", repository[3]], check=True)
    commit("Beside")
    names = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *names, "merge", "-q", "--no-ff", "-m", "Merge it", repository[4]], check=True)
    merged = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    commits.append(tmp_path / "lake", "prod", "r1", repository[0], None)
    commits.append(tmp_path / "lake", "prod", "r2", merged, repository[3])
    found = entries(tmp_path / "lake", CommitEntry, "subject, parents", "parents, subject")
    assert found == [("Start", 0), ("Beside", 1), ("Ends in\ttabs", 1), ("Merge it", 2)]
