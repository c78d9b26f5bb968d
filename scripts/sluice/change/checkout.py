"""The project as another commit has it, and dbt's manifest of it, in a folder apart: the working tree stays as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sluice.core import dbt, git
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


def lay_out_project(commit: str, folder: Path) -> None:
    """The dbt project of the current folder as a commit has it. Raises SluiceError if the commit does not have it."""
    git.lay_out(commit, folder)
    if not (folder / "dbt_project.yml").is_file():
        hint = "run it in the folder of dbt_project.yml"
        raise SluiceError("in that commit this folder is not a dbt project", where=commit, hint=hint)


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
    manifest = dbt.artifact(target, "manifest.json")
    for node in manifest["nodes"].values():
        if node.get("compiled_code"):
            node["compiled_code"] = steady(node["compiled_code"], manifest["metadata"])
    return Parsed(project, target, manifest, not said, said)


_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?")
_A_COMPILATION = timedelta(minutes=10)


def steady(sql: str, metadata: Mapping[str, Any]) -> str:
    """Compiled SQL without what differs in every run: its time and its id."""
    run_at = datetime.fromisoformat(metadata["generated_at"]).replace(tzinfo=None)

    def moment(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[0])
        return "(the moment of the run)" if abs(at - run_at) < _A_COMPILATION else found[0]

    return _MOMENT.sub(moment, sql.replace(metadata.get("invocation_id") or "(no id)", "(the run's id)"))


def found_by_dbt(base: Parsed, head: Parsed, scratch: Path) -> frozenset[str]:
    """The unique ids of what dbt itself calls modified (`state:modified`). Empty if dbt fails, as for broken contracts."""
    more = ["--select", "state:modified", "--state", str(base.target), "--output", "json", "--output-keys", "unique_id"]
    done = _dbt(head.folder, scratch, "ls", *more)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"unique_id"')]
    return frozenset(line.split('"')[3] for line in lines) if not done.returncode else frozenset()


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
