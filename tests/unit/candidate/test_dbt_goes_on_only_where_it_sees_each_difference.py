"""What dbt parsed before is used again only where its partial parsing sees every difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.candidate.parsed import forget_unless_safe

MODEL = "models/a.sql"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write(folder, "dbt_project.yml", "name: shop")
    write(folder, MODEL, "select 'a b'")
    return folder


def write(project: Path, name: str, text: str) -> None:
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text(text)


def is_kept(project: Path) -> bool:
    """Whether a target folder is there after it was looked at."""
    target = project.parent / "work" / "target"
    target.mkdir(parents=True, exist_ok=True)
    forget_unless_safe(project, target)
    return target.exists()


def test_the_same_files_and_other_words_are_safe(project: Path) -> None:
    assert not is_kept(project), "nothing is known of what was parsed"
    assert is_kept(project)
    write(project, MODEL, "select 'a c'")
    assert is_kept(project)


@pytest.mark.parametrize(("name", "text"), [(MODEL, "select 'a  b'"), ("models/b.sql", "select 1"), ("models/_a.yml", "")])
def test_white_space_and_new_files_are_not(project: Path, name: str, text: str) -> None:
    is_kept(project)
    write(project, name, text)
    assert not is_kept(project)
    assert is_kept(project)


def test_files_that_are_gone_and_another_checkout_are_not(project: Path) -> None:
    is_kept(project)
    moved = project.rename(project.with_name("elsewhere"))
    assert not is_kept(moved)
    (moved / MODEL).unlink()
    assert not is_kept(moved)


def test_a_note_that_cannot_be_read_is_not(project: Path) -> None:
    is_kept(project)
    (project.parent / "work" / "target.parsed.json").write_text("{")
    assert not is_kept(project)
