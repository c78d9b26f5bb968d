"""Sluice runs the dbt of the project: it looks for its Python in a fixed order, and says what it has found where none fits."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

from sluice.core import dbt, dbt_python, dbt_worker
from sluice.core.errors import SluiceError
from sluice.core.progress import silent

HAS = {"python": "3.10.1", "dbt": "1.10.23", "adapter": "1.10.1", "duckdb": "1.4.2", "packages": []}
NOTHING = {**HAS, "dbt": "", "adapter": ""}


def python(path: Path, **has: str) -> Path:
    """A Python that says that it has this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{json.dumps({**HAS, **has})}'\n")
    path.chmod(0o755)
    return path


def program(path: Path, text: str) -> Path:
    """A program that begins with this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project below the root of a repository, as the current folder; the Python of this process has no dbt, nor has PATH."""
    folder = tmp_path / "repository" / "shop"
    folder.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX", dbt_python.VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(dbt_worker, "about", lambda: NOTHING)
    monkeypatch.chdir(folder)
    return folder


def refused() -> SluiceError:
    """The error where there is none."""
    with pytest.raises(SluiceError) as caught:
        dbt_python.find()
    return caught.value


def test_where_sluice_runs_beside_dbt_it_is_that_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python(project / ".venv/bin/python")
    monkeypatch.setattr(dbt_worker, "about", lambda: HAS)
    assert (dbt_python.find().path, dbt_python.find().is_running) == (sys.executable, True)


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_active_environment_goes_before_the_projects(project: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    python(project / ".venv/bin/python")
    active = python(project.parent / "active/bin/python", dbt="1.9.4")
    monkeypatch.setenv(variable, str(project.parent / "active"))
    found = dbt_python.find()
    assert (found.path, found.has.dbt, found.is_running) == (str(active), "1.9.4", False)


def test_an_environment_without_dbt_is_passed_over(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python(project.parent / "active/bin/python", adapter="")
    monkeypatch.setenv("VIRTUAL_ENV", str(project.parent / "active"))
    own = python(project / ".venv/bin/python")
    assert dbt_python.find().path == str(own)


def test_the_projects_environment_may_be_above_it_in_the_repository_and_no_further(project: Path) -> None:
    python(project.parents[1] / ".venv/bin/python")
    assert refused().what == "there is no dbt for this project"
    above = python(project.parent / ".venv/bin/python")
    assert dbt_python.find().path == str(above)
    assert dbt_python.find().found == "../.venv/bin/python"
    own = python(project / ".venv/bin/python")
    assert dbt_python.find().path == str(own)


@pytest.mark.parametrize(
    "first", ["#!{}\n# -*- coding", "#!/bin/sh\n'''exec' {} \"$0\" \"$@\"\n", '#!/bin/sh\n\'\'\'exec\' "{}" "$0" "$@"\n']
)
def test_at_last_it_is_the_python_of_the_program_dbt(project: Path, first: str) -> None:
    tool = python(
        project.parents[1] / "tools/dbt core/bin/python3" if '"{}"' in first else project.parents[1] / "tools/bin/python3"
    )
    program(project.parents[1] / "bin/dbt", first.format(tool))
    assert dbt_python.find().path == str(tool)


def test_a_named_one_goes_before_all_and_no_other_replaces_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python(project / ".venv/bin/python")
    named = python(project.parent / "named/python")
    monkeypatch.setenv(dbt_python.VARIABLE, str(named))
    assert dbt_python.find().path == str(named)
    monkeypatch.setenv(dbt_python.VARIABLE, "../named/python")
    assert dbt_python.find().path == str(project / "../named/python")
    python(named, adapter="")
    assert refused().where == "SLUICE_DBT_PYTHON (without dbt-duckdb)"
    named.unlink()
    assert refused().where == "SLUICE_DBT_PYTHON (it cannot be started)"


def test_where_there_is_none_the_message_says_where_it_was_looked_for(project: Path) -> None:
    python(project / ".venv/bin/python", dbt="", adapter="")
    fusion = program(project.parents[1] / "bin/dbt", "\x7fELF")
    error = refused()
    assert error.where == (
        "the Python that runs Sluice (without dbt-core and dbt-duckdb); .venv/bin/python (without dbt-core and dbt-duckdb); "
        f"{fusion} (not a program of Python)"
    )
    assert "SLUICE_DBT_PYTHON=<path>" in error.hint


@pytest.mark.parametrize(
    ("has", "what"),
    [
        ({"dbt": "1.8.9"}, "dbt-core 1.8.9 does not fit: Sluice works with 1.9 and later versions before 2.0"),
        ({"dbt": "2.0.0a1"}, "dbt-core 2.0.0a1 does not fit: Sluice works with 1.9 and later versions before 2.0"),
    ],
)
def test_versions_that_do_not_fit_are_named(project: Path, has: dict[str, str], what: str) -> None:
    found = python(project / ".venv/bin/python", **has)
    assert (refused().what, refused().where) == (what, f"{found} (.venv/bin/python)")


@pytest.mark.parametrize("version", ["1.9.0", "1.10.23", "1.12.6"])
def test_versions_that_fit(project: Path, version: str) -> None:
    python(project / ".venv/bin/python", dbt=version)
    assert dbt_python.find().has.dbt == version


@pytest.mark.parametrize(
    ("theirs", "options"),
    [("1.3.2", {}), ("1.5.6", {}), ("1.6.0", {}), ("2.0.1", {"storage_compatibility_version": "v1.5.0"})],
)
def test_a_newer_duckdb_writes_files_that_sluice_can_read(
    project: Path, monkeypatch: pytest.MonkeyPatch, theirs: str, options: dict[str, str]
) -> None:
    monkeypatch.setattr("duckdb.__version__", "1.5.5")
    python(project / ".venv/bin/python", duckdb=theirs)
    assert dbt_python.find().file_options == options


def imported(file: Path, feature_version: tuple[int, int] | None = None) -> set[str]:
    """The packages that a module imports."""
    tree = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"), feature_version=feature_version)))
    names = {name.name for node in tree if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module or "" for node in tree if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


def test_another_python_can_run_the_worker() -> None:
    assert imported(dbt_python.WORKER, (3, 9)) - sys.stdlib_module_names == {"dbt"}


def test_no_other_module_imports_dbt_or_starts_a_program_on_its_own() -> None:
    package = dbt_python.WORKER.parents[1]
    imports = {file.relative_to(package).as_posix(): imported(file) for file in package.rglob("*.py")}
    assert {name for name, names in imports.items() if "dbt" in names} == {"core/dbt_worker.py"}
    starting = {name for name, names in imports.items() if "subprocess" in names}
    assert starting == {"core/dbt.py", "core/dbt_python.py", "core/git.py"}


RUNNER = """
import json

class dbtRunner:
    def invoke(self, arguments):
        print(json.dumps({"info": {"name": "MainReportVersion", "level": "info", "invocation_id": "one"}}))
        return type("Done", (), {"success": True, "exception": None, "result": arguments})
"""


def test_dbt_in_another_python_is_not_mistaken_for_the_modules_beside_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dbt", "dbt/cli", "dbt/adapters", "dbt/adapters/duckdb"):
        program(tmp_path / name / "__init__.py", "")
    program(tmp_path / "dbt/cli/main.py", RUNNER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(dbt_python.VARIABLE, sys.executable)
    done = dbt.invoke(["ls"], silent)
    assert (done.id, done.code, done.errors) == ("one", 0, ())
    assert done.listed[-1] == "ls"
