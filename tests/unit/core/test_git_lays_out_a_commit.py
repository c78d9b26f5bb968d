"""A commit is named and laid out in one way; where git cannot, the error has its words and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.core import git
from sluice.core.errors import SluiceError

AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@shop.example", "-c", "commit.gpgsign=false")


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A repository with one commit, in whose folder `project` we are; the file there has changed since."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.txt").write_text("old")
    (tmp_path / "outside.txt").write_text("")
    monkeypatch.chdir(tmp_path / "project")
    git.run("init", "--quiet", "--initial-branch", "main", folder=tmp_path)
    git.run("add", ".", folder=tmp_path)
    git.run(*AUTHOR, "commit", "--quiet", "--message", "first")
    (tmp_path / "project" / "a.txt").write_text("new")
    return git.commit_of("main")


def test_the_current_folder_is_laid_out_as_the_commit_has_it(commit: str, tmp_path: Path) -> None:
    git.lay_out(commit, tmp_path / "there")
    assert {path.name: path.read_text() for path in (tmp_path / "there").iterdir()} == {"a.txt": "old"}


def test_names_of_a_commit_lead_to_it(commit: str) -> None:
    assert git.commit_of("HEAD") == git.commit_of(commit[:10]) == commit
    assert len(commit) == 40


def test_a_commit_that_is_not_there_is_told(commit: str, tmp_path: Path) -> None:
    assert commit
    with pytest.raises(SluiceError, match="there is no commit nonesuch") as told:
        git.commit_of("nonesuch")
    assert "git fetch" in told.value.hint
    with pytest.raises(SluiceError, match=r"git archive failed: .*nonesuch"):
        git.lay_out("nonesuch", tmp_path / "there")


def test_outside_of_a_repository_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SluiceError, match="not a git repository"):
        git.commit_of("main")


def test_without_git_the_hint_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonesuch")
    with pytest.raises(SluiceError, match="git is not installed") as told:
        git.run("version")
    assert told.value.hint == "install git"
