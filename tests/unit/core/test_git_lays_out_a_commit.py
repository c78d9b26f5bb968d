"""A commit is named and laid out in one way; where git cannot, the error has its words and what to do."""

from __future__ import annotations

import shutil
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


def laid_out(commit: str, root: Path, *folders: str) -> dict[str, bytes]:
    """Lay folders out; the content of each file by its path."""
    git.lay_out(commit, folders, root)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_folders_are_laid_out_as_the_commit_has_them(commit: str, tmp_path: Path) -> None:
    assert laid_out(commit, tmp_path / "one", "project") == {"project/a.txt": b"old"}
    assert laid_out(commit, tmp_path / "all", "") == {"project/a.txt": b"old", "outside.txt": b""}
    assert git.run("status", "--porcelain", "--", ".").startswith("M project/a.txt")  # neither the index nor the files moved


def test_a_checkout_is_followed_and_an_archive_is_not(commit: str, tmp_path: Path) -> None:
    """`git archive` leaves out what is export-ignore, and writes the commit into what is export-subst."""
    assert commit
    project = tmp_path / "project"
    (tmp_path / ".gitattributes").write_text("a.txt export-ignore\nb.txt export-subst\nc.txt text eol=crlf\n")
    (project / "b.txt").write_text("$Format:%H$")
    (project / "c.txt").write_text("1\n2\n")
    git.run("add", "--all", folder=tmp_path)
    git.run(*AUTHOR, "commit", "--quiet", "--message", "second")
    (tmp_path / ".gitattributes").unlink()  # those of the commit count, not those of today
    found = laid_out("main", tmp_path / "there", "project")
    assert found == {"project/a.txt": b"new", "project/b.txt": b"$Format:%H$", "project/c.txt": b"1\r\n2\r\n"}


def test_line_ends_are_those_of_the_checkout(commit: str, tmp_path: Path) -> None:
    assert commit
    (tmp_path / "project" / "a.txt").write_text("1\n2\n")
    git.run("config", "core.autocrlf", "true", folder=tmp_path)
    git.run(*AUTHOR, "commit", "--quiet", "--all", "--message", "second")
    (tmp_path / "project" / "a.txt").unlink()
    git.run("checkout", "--", "a.txt")
    found = laid_out("main", tmp_path / "there", "project")
    assert found == {"project/a.txt": (tmp_path / "project" / "a.txt").read_bytes()} == {"project/a.txt": b"1\r\n2\r\n"}


def test_no_hook_runs_and_no_link_is_followed(commit: str, tmp_path: Path) -> None:
    assert commit
    hook = tmp_path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    (tmp_path / "project" / "link").symlink_to("../outside.txt")
    git.run("add", "--all", folder=tmp_path)
    git.run(*AUTHOR, "commit", "--quiet", "--message", "second")
    assert git.lay_out("main", ["project"], tmp_path / "there") == [tmp_path / "there" / "project" / "link"]
    assert not (tmp_path / "hooked").exists()
    assert [path.name for path in git.links_in(git.place_of())] == ["link"]


def test_a_submodule_is_laid_out_if_it_is_here(commit: str, tmp_path: Path) -> None:
    assert commit
    inner = tmp_path / "project" / "inner"
    git.run("init", "--quiet", str(inner))
    (inner / "m.sql").write_text("one")
    git.run("add", ".", folder=inner)
    git.run(*AUTHOR, "commit", "--quiet", "--message", "of the submodule", folder=inner)
    git.run("add", "--all", folder=tmp_path)
    git.run(*AUTHOR, "commit", "--quiet", "--message", "second")
    (inner / "m.sql").write_text("two")
    assert laid_out("main", tmp_path / "there", "project")["project/inner/m.sql"] == b"one"

    shutil.move(inner / ".git", tmp_path / "elsewhere")
    git.run("init", "--quiet", str(inner))
    with pytest.raises(SluiceError, match="the submodule project/inner does not have the commit") as told:
        laid_out("main", tmp_path / "again", "project")
    assert "fetch origin" in told.value.hint
    shutil.rmtree(inner)
    assert laid_out("main", tmp_path / "without", "project") == {"project/a.txt": b"new"}


def test_content_of_git_lfs_is_asked_for_only_where_the_checkout_has_it(commit: str, tmp_path: Path) -> None:
    """Git LFS is played by a filter that gives the content unless it is asked not to."""
    assert commit
    pointer = "version https://git-lfs.github.com/spec/v1\n"
    (tmp_path / ".gitattributes").write_text("*.csv filter=lfs\n")
    for name in ("a.csv", "b.csv"):
        (tmp_path / "project" / name).write_text(pointer)
    git.run("add", "--all", folder=tmp_path)
    git.run(*AUTHOR, "commit", "--quiet", "--message", "second")
    git.run("config", "filter.lfs.smudge", 'if [ "$GIT_LFS_SKIP_SMUDGE" ]; then cat; else echo content; fi')
    (tmp_path / "project" / "b.csv").write_text("content\n")
    found = laid_out("main", tmp_path / "there", "project")
    assert (found["project/a.csv"], found["project/b.csv"]) == (pointer.encode(), b"content\n")


def test_where_a_branch_starts(commit: str) -> None:
    git.run("checkout", "--quiet", "-b", "feature")
    assert git.start_of_branch("main") == git.Start(commit)
    git.run("checkout", "--quiet", "main")
    git.run(*AUTHOR, "commit", "--quiet", "--all", "--message", "second")
    git.run("checkout", "--quiet", "feature")
    assert git.start_of_branch("main") == git.Start(commit, 1)
    git.run("checkout", "--quiet", "--orphan", "other")
    git.run(*AUTHOR, "commit", "--quiet", "--all", "--message", "unrelated")
    assert git.start_of_branch("main") == git.Start(git.commit_of("main"), None)


@pytest.mark.parametrize("name", ["origin/release", ""])
def test_a_shallow_clone_says_how_to_get_a_commit(
    commit: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = name or commit
    git.run(*AUTHOR, "commit", "--quiet", "--all", "--message", "second")
    git.run("branch", "release", commit)
    git.run("clone", "--quiet", "--depth", "1", "--branch", "main", f"file://{tmp_path}", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone" / "project")
    with pytest.raises(SluiceError, match=f"there is no commit {wanted}; this clone is shallow") as told:
        git.commit_of(wanted)
    assert "fetch-depth: 0" in told.value.hint
    git.run(*told.value.hint.split(";")[0].split()[1:])
    assert git.commit_of(wanted) == commit


def test_names_of_a_commit_lead_to_it(commit: str) -> None:
    assert git.commit_of("HEAD") == git.commit_of(commit[:10]) == commit
    assert len(commit) == 40


def test_a_commit_that_is_not_there_is_told(commit: str, tmp_path: Path) -> None:
    assert commit
    with pytest.raises(SluiceError, match="there is no commit nonesuch") as told:
        git.commit_of("nonesuch")
    assert "git fetch" in told.value.hint
    with pytest.raises(SluiceError, match=r"git read-tree failed: .*nonesuch"):
        git.lay_out("nonesuch", [""], tmp_path / "there")


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
