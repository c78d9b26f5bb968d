"""Which Python runs dbt: that of the project, which need not be the one that runs Sluice, nor have the same versions.

Sluice is installed once, beside all projects, and each project has the dbt that its models were written for. So dbt is not
among the packages that Sluice needs; docs/decisions/006 says what speaks for and against it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.core import dbt_worker
from sluice.core.errors import SluiceError

VARIABLE = "SLUICE_DBT_PYTHON"
WORKER = Path(dbt_worker.__file__)
# The versions of dbt-core whose command line and artifacts are read as they are written, from one up to but without the other.
OLDEST, NEXT = (1, 9), (2,)
_RUNNING = "the Python that runs Sluice"
_INSTALL = "install dbt-core and dbt-duckdb into the project's .venv, or name a Python that has them"


@dataclass(frozen=True)
class Installed:
    """What a Python has: its own version, those of dbt-core, dbt-duckdb and duckdb (empty if missing), and all its packages."""

    python: str
    dbt: str
    adapter: str
    duckdb: str
    packages: tuple[str, ...]

    @property
    def missing(self) -> str:
        """What dbt would lack to build with DuckDB; empty if nothing."""
        return " and ".join(name for name, has in (("dbt-core", self.dbt), ("dbt-duckdb", self.adapter)) if not has)


@dataclass(frozen=True)
class DbtPython:
    """A Python that has dbt: the path that starts it, how it was found, and what it has."""

    path: str
    found: str
    has: Installed

    @property
    def is_running(self) -> bool:
        """Whether Sluice runs in it."""
        return self.found == _RUNNING

    @property
    def file_options(self) -> dict[str, str]:
        """Options with which its DuckDB writes files that the DuckDB of Sluice can read: none within one major version."""
        major, minor, *_ = own = _numbers(duckdb.__version__)
        return {"storage_compatibility_version": f"v{major}.{minor}.0"} if _numbers(self.has.duckdb)[:1] > own[:1] else {}


def find() -> DbtPython:
    """The Python whose dbt builds the project of the current folder.

    SLUICE_DBT_PYTHON names it. Otherwise it is the first of these that has dbt and its adapter for DuckDB: the one that runs
    Sluice; the active environment; a .venv in the project's folder, or above it in the repository; that of the program dbt.
    Raises SluiceError where there is none, or where the versions that it has do not fit.
    """
    named = os.environ.get(VARIABLE)
    looked = []
    for place, path in [(VARIABLE, Path(named).absolute())] if named else _places():
        has = _installed(dbt_worker.about()) if place == _RUNNING else _asked(path)
        lacks = "it cannot be started" if has is None else has.missing
        if has is not None and not lacks:
            return _fitting(DbtPython(str(path), place, has))
        looked.append(f"{place} ({lacks if has is None else f'without {lacks}'})")
    hint = f"{_INSTALL}: {VARIABLE}=<path>"
    raise SluiceError("there is no dbt for this project", where="; ".join([*looked, *_other_dbt()]), hint=hint)


def _places() -> Iterator[tuple[str, Path]]:
    """Where dbt may be, as a message names it, and its Python."""
    yield _RUNNING, Path(sys.executable)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if folder := os.environ.get(variable):
            yield f"${variable}", Path(folder) / "bin" / "python"
    for above in _up_to_the_repository(Path.cwd()):
        path = above / ".venv" / "bin" / "python"
        if path.exists():
            yield os.path.relpath(path), path
    program = shutil.which("dbt")
    if program and (python := _interpreter(Path(program))):
        yield program, python


def _up_to_the_repository(folder: Path) -> Iterator[Path]:
    """The folder, and those above it up to the root of the repository; without a repository only the folder."""
    above = (folder, *folder.parents)
    top = next((number for number, one in enumerate(above) if (one / ".git").exists()), 0)
    yield from above[: top + 1]


def _interpreter(program: Path) -> Path | None:
    """The Python that a script starts with; None if it is another kind of program."""
    try:
        with program.open("rb") as file:
            first, second = file.readline(4096), file.readline(4096)
    except OSError:
        return None
    # Where the path is long or has a space, the first line is #!/bin/sh and the second one starts Python.
    if first.startswith(b"#!/bin/sh"):
        found = re.match(rb"'''exec' \"?([^\"]+?)\"? \"\$0\"", second)
    else:
        found = re.match(rb"#!\s*(.+)", first)
    path = Path(os.fsdecode(found[1].strip())) if found else None
    return path if path and path.name.startswith("python") else None


def _other_dbt() -> list[str]:
    """What to say of a program dbt that no Python runs: dbt Fusion, the client of dbt Cloud, or a script of pyenv."""
    program = shutil.which("dbt")
    return [f"{program} (not a program of Python)"] if program and not _interpreter(Path(program)) else []


def _asked(python: Path) -> Installed | None:
    """What another Python has; None if it cannot be started."""
    try:
        done = subprocess.run([python, WORKER, "--about"], capture_output=True, text=True, check=False)
        return _installed(json.loads(done.stdout))
    except (OSError, ValueError):
        return None


def _installed(about: Mapping[str, Any]) -> Installed:
    return Installed(about["python"], about["dbt"], about["adapter"], about["duckdb"], tuple(about["packages"]))


def _fitting(found: DbtPython) -> DbtPython:
    """It, if its versions fit to those of Sluice; else SluiceError."""
    version = _numbers(found.has.dbt)
    if not OLDEST <= version < NEXT:
        what = f"dbt-core {found.has.dbt} does not fit: Sluice works with {_text(OLDEST)} and later versions before {_text(NEXT)}"
        raise SluiceError(what, where=_named(found), hint=f"install another one there, or name another Python: {VARIABLE}=<path>")
    return found


def _named(found: DbtPython) -> str:
    return found.path if found.found in (_RUNNING, found.path) else f"{found.path} ({found.found})"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version if len(version) > 1 else (*version, 0)))
