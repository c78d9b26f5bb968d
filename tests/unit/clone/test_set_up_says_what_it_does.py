"""`make setup` says what it does, does it once, and starts again where .venv cannot work; Python and uv only take notes here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY

PYTHON = """#!/usr/bin/env bash
case "$*" in
  --version) echo "Python 3.12.1" ;;
  *"-m venv"*) rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"-m pip install"*) for name in uv sluice; do printf '#!/bin/sh\\n' > .venv/bin/$name && chmod +x .venv/bin/$name; done ;;
esac
"""
FIRST = """creating .venv with Python 3.12.1
installing uv 0.13.0
installing the 2 packages of requirements/dev.txt
linking DuckDB's extensions, creating the lake's tables
"""
AGAIN = FIRST.partition("installing uv 0.13.0\n")[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what `make setup` reads, and a Python beside it."""
    folder = tmp_path / "clone"
    (folder / "requirements").mkdir(parents=True)
    shutil.copy(REPOSITORY / "Makefile", folder)
    (folder / "pyproject.toml").touch()
    (folder / "requirements/dev.txt").write_text("a==1 \\\n    --hash=sha256:1\nb==2 \\\n    --hash=sha256:2\n")
    (tmp_path / "python3").write_text(PYTHON)
    (tmp_path / "python3").chmod(0o755)
    return folder


def setup(folder: Path, python: str = "../python3") -> tuple[int, str, str]:
    """Exit code, output and errors of `make setup`."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "setup", f"PYTHON={python}"], cwd=folder, env=outside, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_it_says_what_it_does_and_nothing_when_all_is_done(clone: Path) -> None:
    assert setup(clone) == (0, "", FIRST)
    assert setup(clone) == (0, "", "")


def test_another_lock_is_installed_into_the_same_place(clone: Path) -> None:
    setup(clone)
    (clone / "requirements/dev.txt").write_text("a==1\nb==2\n")
    stamp = (clone / "requirements/dev.txt").stat().st_mtime
    os.utime(clone / ".venv/.ready", (stamp - 1, stamp - 1))
    assert setup(clone) == (0, "", AGAIN)


def test_after_a_move_it_starts_again(clone: Path) -> None:
    setup(clone)
    moved = clone.rename(clone.with_name("moved"))
    assert setup(moved) == (0, "", FIRST)
    assert setup(moved) == (0, "", "")


def test_without_its_python_it_starts_again(clone: Path) -> None:
    setup(clone)
    (clone / ".venv/bin/python").unlink()
    assert setup(clone) == (0, "", FIRST)


def test_a_link_to_a_working_installation_is_left_alone(clone: Path) -> None:
    setup(clone)
    other = clone.with_name("other")
    shutil.copytree(clone, other, ignore=shutil.ignore_patterns(".venv"))
    (other / ".venv").symlink_to(clone / ".venv")
    assert setup(other) == (0, "", "")


def test_a_python_that_is_not_there_is_named(clone: Path) -> None:
    status, _, errors = setup(clone, "python3.99")
    assert status != 0
    assert "python3.99 was not found; name another Python" in errors
    assert not (clone / ".venv").exists()
