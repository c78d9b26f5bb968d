"""What .vscode and .devcontainer name exists: make targets, programs, files, extensions, a Python that the project supports."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.preloaded import BIN
from tests.helpers.project import REPOSITORY

FILES = sorted([*(REPOSITORY / ".vscode").glob("*.json"), REPOSITORY / ".devcontainer/devcontainer.json"])
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def load(name: str) -> Any:
    return json.loads((REPOSITORY / name).read_text())


def test_there_are_the_files_that_an_editor_reads() -> None:
    assert [file.name for file in FILES] == [
        "devcontainer.json",
        "extensions.json",
        "launch.json",
        "settings.json",
        "tasks.json",
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_make_targets_exist(file: Path) -> None:
    assert set(re.findall(r"\bmake ([a-z-]+)", file.read_text())) <= TARGETS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_programs_of_the_installation_exist(file: Path) -> None:
    for name in re.findall(r"\.venv/bin/([\w.-]+)", file.read_text()):
        assert (BIN / name).is_file(), name


def test_tasks_for_build_and_test_are_the_readme_s_commands() -> None:
    defaults = {
        task["group"]["kind"]: task["command"]
        for task in load(".vscode/tasks.json")["tasks"]
        if isinstance(task.get("group"), dict)
    }
    assert defaults == {"build": "make build", "test": "make test"}


def test_the_interpreter_is_the_one_that_make_setup_creates() -> None:
    assert re.search(r"^VENV := \.venv$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert load(".vscode/settings.json")["python.defaultInterpreterPath"] == "${workspaceFolder}/.venv/bin/python"


def test_pytest_and_imports_look_where_pyproject_says() -> None:
    pytest_options = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    settings = load(".vscode/settings.json")
    assert settings["python.testing.pytestArgs"] == pytest_options["testpaths"]
    assert settings["python.analysis.extraPaths"] == pytest_options["pythonpath"]


def test_each_file_association_matches_a_file() -> None:
    for pattern in load(".vscode/settings.json")["files.associations"]:
        assert any(REPOSITORY.glob(pattern.removeprefix("**/"))), pattern


def test_the_container_gets_the_extensions_that_the_folder_recommends() -> None:
    container = load(".devcontainer/devcontainer.json")
    assert container["customizations"]["vscode"]["extensions"] == load(".vscode/extensions.json")["recommendations"]
    assert (REPOSITORY / ".devcontainer" / container["build"]["dockerfile"]).is_file()


def test_the_container_has_a_pinned_python_that_the_makefile_takes() -> None:
    found = re.search(r"^FROM python:3\.(\d+)\.\d+-\w+$", (REPOSITORY / ".devcontainer/Dockerfile").read_text(), re.MULTILINE)
    takes = re.search(r"\(3, (\d+)\) <= sys\.version_info\[:2\] <= \(3, (\d+)\)", (REPOSITORY / "Makefile").read_text())
    assert found
    assert takes
    assert int(takes[1]) <= int(found[1]) <= int(takes[2])
