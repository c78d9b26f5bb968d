"""`make base`: when it makes one, its commit, place and code; the fork's test shows that it builds and compares."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ci import base
from ci.base import Base, BaseShop
from sluice.core.errors import SluiceError

SHOP = BaseShop(600, 6, 1)


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    done = subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, and it is the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements").mkdir()
    for name, text in {
        "pyproject.toml": "[project]",
        "requirements/dev.txt": "dbt-core==1.12.6",
        ".gitignore": "target/",
    }.items():
        (tmp_path / name).write_text(text)
    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message", "one")
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run."""
    kept: list[list[str]] = []

    def keep(lines: Sequence[Sequence[str]], *_: Any) -> None:
        kept.extend([*map(str, line)] for line in lines)

    monkeypatch.setattr(base, "run", keep)
    return kept


def made_of(project: Path) -> Base:
    return Base(project / "target/base", git("rev-parse", "HEAD"))


def test_where_prod_never_pointed_anywhere_there_is_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(project / "warehouse"))
    monkeypatch.delenv("SLUICE_RELEASES", raising=False)
    assert not base.has_prod()


def test_a_prod_that_can_not_be_read_is_not_replaced(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(project / "warehouse"))
    monkeypatch.setenv("SLUICE_RELEASES", "s3://")
    with pytest.raises(SluiceError):
        base.has_prod()


def test_nothing_of_a_team_is_in_its_settings(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_RELEASES", "s3://team/releases")
    monkeypatch.setenv("SLUICE_LAKE", "/team/lake")
    settings = made_of(project).settings
    places = {name: value for name, value in settings.items() if name not in ("FEEDS", "SLUICE_RELEASES")}
    assert all(Path(value).is_relative_to(project / "target/base") for value in places.values())
    assert set(places) == {"SLUICE_LAKE", "SLUICE_WAREHOUSE", "DEMO"}
    assert settings["SLUICE_RELEASES"] == ""
    environment = made_of(project).environment
    assert {name: environment[name] for name in settings} == settings


def test_the_same_lock_needs_no_install(project: Path, ran: list[list[str]]) -> None:
    assert base.lay_out(made_of(project)) == Path(sys.executable).parent
    assert ran == []


def test_another_lock_is_installed_beside(project: Path, ran: list[list[str]]) -> None:
    made = made_of(project)
    (project / "requirements/dev.txt").write_text("dbt-core==1.12.7")
    assert base.lay_out(made) == made.code / ".venv/bin"
    assert ran == [["make", "-C", str(made.code), "setup"]]


def test_its_code_is_the_commits_not_the_working_trees(project: Path, ran: list[list[str]]) -> None:
    made = made_of(project)
    (project / "pyproject.toml").write_text("[project] # changed")
    base.lay_out(made)
    assert (made.code / "pyproject.toml").read_text() == "[project]"
    assert ran


def test_it_is_made_once_and_again_for_another_commit_or_shop(project: Path, ran: list[list[str]]) -> None:
    def publishes(shop: BaseShop = SHOP) -> int:
        ran.clear()
        base.make(made_of(project), shop)
        return sum("publish" in line for line in ran)

    assert [publishes(), publishes(), publishes(BaseShop(700, 6, 1))] == [1, 0, 1]
    git("commit", "--quiet", "--allow-empty", "--message", "two")
    assert publishes() == 1


def test_a_base_that_was_interrupted_is_made_again(project: Path, ran: list[list[str]]) -> None:
    made = made_of(project)
    base.lay_out(made)
    (made.folder / "lake").mkdir()
    base.make(made, SHOP)
    assert not (made.folder / "lake").exists()
    assert any("publish" in line for line in ran)


def test_later_steps_and_a_shell_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
    base.hand_on({"SLUICE_LAKE": "/it's here/lake", "SLUICE_RELEASES": ""})
    assert (tmp_path / "env").read_text() == "SLUICE_LAKE=/it's here/lake\nSLUICE_RELEASES=\n"
    script = capsys.readouterr().out + 'echo "$SLUICE_LAKE"'
    shell = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout == "/it's here/lake\n"
