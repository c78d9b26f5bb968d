"""README's first command in a fresh copy of the project, with a small demo shop, and what it says at the end."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY, copy_project


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that shares this repository's .venv, so that no test installs anything."""
    ready = REPOSITORY / ".venv" / ".ready"
    inputs = [REPOSITORY / "pyproject.toml", REPOSITORY / "requirements" / "dev.txt"]
    assert all(path.stat().st_mtime <= ready.stat().st_mtime for path in inputs), "the .venv is older than its inputs: make setup"
    folder = copy_project(tmp_path_factory.mktemp("newcomer") / "sluice")
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    somebody = ["-c", "user.name=somebody", "-c", "user.email=somebody@shop.example"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "as cloned"]):
        subprocess.run(["git", *somebody, *words], cwd=folder, check=True)
    return folder


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run with none of the project's variables set, as in a newcomer's shell."""
    of_an_outer_make = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # with them make also tells which folders it enters and leaves
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SLUICE_") and name not in ("DATA", "DEMO", *of_an_outer_make)
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(clone: Path) -> str:
    """What `make build` prints."""
    done = run(clone, ["make", "build", "ORDERS=600", "DAYS=6"])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_the_summary_says_what_went_in_and_what_came_out(built: str) -> None:
    assert re.search(r"^shop\.orders +1 +[\d,]+ +[\d,]+ +\d+", built, re.MULTILINE)
    assert re.search(r"^core\.fct_orders +[1-9]\d*$", built, re.MULTILINE)
    assert re.search(r"^\d+ models built, \d+ data tests passed, \d+ unit tests passed.*, [\d.]+ s in dbt$", built, re.MULTILINE)


def test_the_commands_that_open_the_marts_open_them_as_they_are_pasted(built: str, clone: Path) -> None:
    *lines, site = built.partition("; look at one:\n")[2].splitlines()
    assert re.fullmatch(r"site/index\.html: 8 pages, .*", site)
    assert "Open incidents" in (clone / "site" / "index.html").read_text()
    assert [line.split()[0] for line in lines] == [".venv/bin/duckdb", ".venv/bin/python"]
    for line in lines:
        done = run(clone, ["bash", "-c", line])
        assert done.returncode == 0, done.stderr
        assert "rows" in done.stdout
        assert "warehouse/prod.duckdb" in line


def test_the_end_says_what_a_newcomer_wants_to_know(built: str) -> None:
    assert re.search(r"^published: prod points to release \d{8}T\d{6}Z-[0-9a-f]{6}$", built, re.MULTILINE)
    assert re.search(r"^open in quarantine: \d+ rows at ingestion, \d+ rows in the warehouse", built, re.MULTILINE)
    told = re.findall(r"^  operations\.rpt_reconciliation_(\w+): unaccounted_\w+ is 0 in all \d+ groups$", built, re.MULTILINE)
    assert told == ["amounts", "rows"]
    assert len(built.partition("reconciliation (")[2].partition("\n\n")[0].splitlines()) == 3


def test_a_second_build_finds_nothing_new(built: str, clone: Path) -> None:
    done = run(clone, ["make", "build", "ORDERS=600", "DAYS=6"])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert re.search(r"^nothing new since release \S+: nothing was built$", done.stdout, re.MULTILINE)
    marts = re.compile(r"^(?:core|finance|growth)\.\w+ +[\d,]+$", re.MULTILINE)
    assert marts.findall(done.stdout) == marts.findall(built) != []


@pytest.mark.usefixtures("built")
def test_plain_dbt_build_works_in_the_clone(clone: Path) -> None:
    done = run(clone, [".venv/bin/dbt", "build", "--exclude-resource-type", "test", "unit_test"])
    assert done.returncode == 0, done.stdout[-3000:]
