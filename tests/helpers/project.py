"""The dbt project on a state of its own: what tests of models, docs and commands need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

BIN = Path(sys.executable).parent
REPOSITORY = Path(__file__).resolve().parents[2]
# Real data sets, beside the checkout; tests that need them skip, saying so, where they are not.
REAL_DATA = Path(os.environ.get("SLUICE_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


def copy_project(target: Path) -> Path:
    """A copy of what git tracks or would track, with uncommitted changes; gives `target`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    return target


@dataclass
class Project:
    """A lake and a warehouse below `state`, for the project in `folder`."""

    state: Path
    folder: Path = REPOSITORY
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def lake(self) -> Path:
        """Folder of the lake."""
        return self.state / "lake"

    @property
    def warehouse(self) -> Path:
        """The dev warehouse file."""
        return self.state / "warehouse" / "dev.duckdb"

    def environment(self) -> dict[str, str]:
        """Environment for commands on this state."""
        own = {"SLUICE_LAKE": str(self.lake), "SLUICE_WAREHOUSE": str(self.warehouse.parent), "DEMO": str(self.state / "demo")}
        return {**os.environ, **own, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}

    def run(self, *command: str, **more: str) -> str:
        """Run a command of the environment and give its output; a failure fails the test, with the output."""
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env={**self.environment(), **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def dbt(self, verb: str, *arguments: str) -> str:
        """Run dbt."""
        paths = ["--target-path", str(self.state / "target"), "--log-path", str(self.state / "logs")]
        variables = ["--vars", json.dumps(self.variables)] if self.variables else []
        return self.run("dbt", "--quiet", verb, *arguments, *paths, *variables)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the warehouse, read only."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def manifest(self) -> dict[str, Any]:
        """What dbt last wrote about the project."""
        found: dict[str, Any] = json.loads((self.state / "target" / "manifest.json").read_text())
        return found

    def marts(self) -> list[str]:
        """Relations of the public models, as schema.name."""
        nodes = self.manifest()["nodes"].values()
        return sorted(f"{node['schema']}.{node['alias']}" for node in nodes if node.get("access") == "public")

    def marts_of_the_shop(self) -> list[str]:
        """The marts that say nothing about batches: the same in two lakes that hold the same rows, however delivered."""
        return [mart for mart in self.marts() if not mart.startswith("operations.")]


def differences(one: Project, other: Project, relations: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Rows that only one of two warehouses has, by relation; an empty mapping means that they are equal to the row."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one.warehouse}' as one (read_only); attach '{other.warehouse}' as other (read_only)")
        for relation in relations:
            only = [
                connection.execute(f"select count(*) from (from {a}.{relation} except all from {b}.{relation})").fetchone()
                for a, b in (("one", "other"), ("other", "one"))
            ]
            if only != [(0,), (0,)]:
                found[relation] = (only[0][0], only[1][0])  # type: ignore[index]  # count(*) always gives a row
    return found
