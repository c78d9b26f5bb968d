"""The project as another commit has it, and dbt's manifest of it, in a folder apart: the working tree stays as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.candidate import compiled
from sluice.candidate.parsed import forget_unless_safe
from sluice.core import dbt
from sluice.core.dbt_profile import Choice
from sluice.core.errors import SluiceError
from sluice.core.paths import extensions_root, lake_root


@dataclass(frozen=True)
class Parsed:
    """A project and its manifest. `is_compiled`: whether the manifest contains SQL; `said`: why not."""

    folder: Path
    target: Path
    manifest: Mapping[str, Any]
    is_compiled: bool
    said: str = ""


def parsed(project: Path, scratch: Path) -> Parsed:
    """dbt's manifest of a project, made in `scratch`, with compiled SQL if dbt can compile on an empty warehouse.

    Raises SluiceError if dbt cannot parse it.
    """
    target = scratch / "target"
    (scratch / "warehouse").mkdir(parents=True, exist_ok=True)
    done = _dbt(project, scratch, "compile")
    said = ""
    if done.returncode:
        said = _errors(done)
        done = _dbt(project, scratch, "parse")
    if done.returncode:
        raise SluiceError(
            f"dbt can't parse the project\n{_errors(done)}", where=str(project), hint="fix the errors that dbt reports"
        )
    return Parsed(project, target, compiled.manifest_in(scratch), not said, said)


def found_by_dbt(base: Parsed, head: Parsed, scratch: Path) -> frozenset[str]:
    """The unique ids of what dbt itself calls modified (`state:modified`). Empty if dbt fails, as for broken contracts."""
    done = _dbt(head.folder, scratch, *_modified_since(base))
    return _ids_in(done.stdout.splitlines()) if not done.returncode else frozenset()


@dataclass(frozen=True)
class Place:
    """Where a session of dbt compiles a project on an empty warehouse, and the lake at some versions."""

    session: dbt.Session
    root: Path
    lake: Path
    pinned: Mapping[str, int]
    choice: Choice = field(default_factory=Choice)


def compiled_in(place: Place, project: Path) -> Parsed:
    """As `parsed`, by the place's session: what was parsed in the place before is used again."""
    forget_unless_safe(project, place.root / "target")
    there = (place.session, place.root, place.lake, place.pinned)
    how: Any = {"project": project, "choice": place.choice}
    done, said = compiled.compile_on_nothing(*there, **how), ""
    if done.code:  # perhaps what was parsed before is at fault
        shutil.rmtree(place.root / "target", ignore_errors=True)
        done = compiled.compile_on_nothing(*there, **how)
    if done.code:
        said = "\n".join(done.errors)
        done = compiled.compile_on_nothing(*there, "parse", **how)
    if done.code:
        errors = "\n".join(done.errors)
        hint = "fix the errors that dbt reports"
        raise SluiceError(f"dbt can't parse the project\n{errors}", where=str(project), hint=hint)
    return Parsed(project, place.root / "target", compiled.manifest_in(place.root), not said, said)


def listed_in(place: Place, base: Parsed) -> frozenset[str]:
    """As `found_by_dbt`, for the project that was compiled in the place."""
    done = compiled.call(place.session, place.root, place.lake, place.pinned, _modified_since(base), choice=place.choice)
    return _ids_in(done.listed) if not done.code else frozenset()


def _modified_since(base: Parsed) -> list[str]:
    return ["ls", "--select", "state:modified", "--state", str(base.target), "--output", "json", "--output-keys", "unique_id"]


def _ids_in(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(line.split('"')[3] for line in lines if line.startswith('{"unique_id"'))


def _dbt(project: Path, scratch: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", "--no-use-colors", *arguments]
    paths = ["--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs")]
    state = {
        # The path of the lake is part of the SQL; the warehouse is empty, so that no file in use is opened.
        "SLUICE_LAKE": str(lake_root().absolute()),
        "SLUICE_WAREHOUSE": str(scratch / "warehouse"),
        "SLUICE_EXTENSIONS": str(extensions_root().absolute()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    environment = {name: value for name, value in os.environ.items() if name not in ("DBT_TARGET_PATH", "DBT_LOG_PATH")}
    return subprocess.run(
        [*command, *paths], cwd=project, env={**environment, **state}, capture_output=True, text=True, check=False
    )


def _errors(done: subprocess.CompletedProcess[str]) -> str:
    lines: Sequence[str] = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return "\n".join(lines[-12:])
