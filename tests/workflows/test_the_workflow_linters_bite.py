"""jactionlint and zizmor are given what they guard against, in a copy of the workflows, and must report it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.helpers.preloaded import BIN
from tests.helpers.project import REPOSITORY

WORKFLOW = ".github/workflows/pr.yml"
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
READ = "permissions:\n  contents: read"
# As `make workflows` calls them.
TOOLS = {
    "jactionlint": ["--profile", "correctness", "--strict-exit", "--no-hints"],
    "zizmor": ["--offline", "--quiet", ".github"],
}
# Which tool reports it, what is replaced by what, and a word of the report.
BREAKS = {
    "a name that no step has": ("jactionlint", "steps.report.outputs", "steps.repotr.outputs", "repotr"),
    "a word that GitHub does not know": ("jactionlint", "timeout-minutes", "timeout-minuets", "timeout-minuets"),
    "a need that is not a job": ("jactionlint", "needs: data", "needs: dat", '"dat"'),
    "outside text in a script": (
        "zizmor", "run: make lint", 'run: echo "${{ github.event.pull_request.title }}"', "template-injection"
    ),
    "an action that can change": ("zizmor", CHECKOUT, "actions/checkout@v5", "unpinned-uses"),
    "credentials that stay": ("zizmor", "          persist-credentials: false\n", "", "artipacked"),
    "a pull request's code with the base's rights": ("zizmor", "  pull_request:", "  pull_request_target:", "dangerous-triggers"),
    "a token that may write everything": ("zizmor", READ, READ.replace("read", "write"), "excessive-permissions"),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with nothing but the workflows."""
    shutil.copytree(REPOSITORY / ".github", tmp_path / ".github")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def lint(tool: str, project: Path) -> tuple[int, str]:
    """Exit code and output."""
    done = subprocess.run([BIN / tool, *TOOLS[tool]], cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_make_workflows_calls_it_so(tool: str) -> None:
    assert f"\t$(BIN)/{' '.join([tool, *TOOLS[tool]])}\n" in (REPOSITORY / "Makefile").read_text()


@pytest.mark.parametrize("tool", TOOLS)
def test_the_workflows_are_clean(project: Path, tool: str) -> None:
    status, output = lint(tool, project)
    assert status == 0, output


@pytest.mark.parametrize("case", BREAKS)
def test_what_it_guards_against_is_named(project: Path, case: str) -> None:
    tool, before, after, named = BREAKS[case]
    file = project / WORKFLOW
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))
    status, output = lint(tool, project)
    assert status != 0
    assert named in output
