"""The shell commands of the how-to pages run as they are written (some have a test of their own)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY, Project

OF_THEIR_OWN = ("add-a-source", "charts", "risk", "your-own-project")
PAGES = [path for path in sorted((REPOSITORY / "docs").glob("*.md")) if not path.name.startswith(OF_THEIR_OWN)]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """The lines of a page's shell blocks, without comments, as words."""
    lines = [line.partition("#")[0].strip() for block in BLOCK.findall(page.read_text()) for line in block.splitlines()]
    return [line.split() for line in lines if line]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("docs"))
    made.run("sluice", "demo", "--orders", "100", "--days", "4", "--out", str(made.state / "demo"))
    return made


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_every_command_of_the_page_runs(project: Project, page: Path) -> None:
    # Unit tests are those of every other build: test_make_build_as_a_newcomer.py runs them all.
    ran = [project.run(*command, DBT_EXCLUDE_RESOURCE_TYPES="unit_test") for command in commands(page)]
    assert ran


def test_the_pages_have_commands_to_run() -> None:
    assert any(commands(page) for page in PAGES)
