"""The dbt project on a state of its own: what tests of models, docs and commands need."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from tests.helpers.preloaded import program
from tests.helpers.shared import made_once

REPOSITORY = Path(__file__).resolve().parents[2]
# Real data sets, beside the checkout; tests that need them skip, saying so, where they are not.
PARSED = "partial_parse.msgpack"  # what dbt has parsed
REFLINK = ("--reflink=auto",) if sys.platform == "linux" else ()
# Nobody reads dbt.log, and a seventh of the time of a build goes into it.
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_LOG_LEVEL_FILE": "none"}
REAL_DATA = Path(os.environ.get("SLUICE_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@cache
def tracked() -> list[str]:
    """The files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def copy_project(target: Path) -> Path:
    """A copy of what git tracks or would track, with uncommitted changes; gives `target`."""
    for name in tracked():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)
    return target


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder; its links stay links, and where the file system can, blocks are shared until one of them is written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", *REFLINK, str(source), str(target)], check=True)


@dataclass
class Project:
    """A lake and a warehouse below `state`, for the project in `folder`.

    By default that is a folder of links to this repository, in which lake and warehouse have their default places. So dbt
    sees the same settings in all tests, and need not parse what another test has parsed. The same holds for a copy of the
    repository that is its own state: `Project(copy, copy)`.
    """

    state: Path
    own_folder: Path | None = None
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.own_folder or self.state / "project"

    @property
    def is_in_place(self) -> bool:
        """Whether lake and warehouse have their default places in the project's folder."""
        return self.own_folder in (None, self.state)

    @property
    def lake(self) -> Path:
        """Folder of the lake."""
        return self.state / "lake"

    @property
    def warehouse(self) -> Path:
        """The dev warehouse file."""
        return self.state / "warehouse" / "dev.duckdb"

    @property
    def target(self) -> Path:
        """dbt's target folder: one for all that is run with the same variables."""
        return self.state / f"target{_named(self.variables)}"

    def environment(self) -> dict[str, str]:
        """Environment for commands on this state."""
        own = {"DEMO": str(self.state / "demo"), **QUIET}
        if not self.is_in_place:
            return {**os.environ, **own, "SLUICE_LAKE": str(self.lake), "SLUICE_WAREHOUSE": str(self.warehouse.parent)}
        others = {name: value for name, value in os.environ.items() if name not in ("SLUICE_LAKE", "SLUICE_WAREHOUSE")}
        return {**others, **own}

    def prepare(self) -> None:
        """Create the folders that commands work in."""
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        if self.own_folder is None:
            self.folder.mkdir(exist_ok=True)
            places = {name: Path("..") / name for name in ("lake", "warehouse", "target", "logs")}
            for name in places:
                (self.state / name).mkdir(exist_ok=True)
            links = {name: REPOSITORY / name for name in {name.partition("/")[0] for name in tracked()}}
            for name, place in {**links, **places}.items():
                if not (self.folder / name).is_symlink():
                    (self.folder / name).symlink_to(place)

    def run(self, *command: str, **more: str) -> str:
        """Run a command of the environment and give its output; a failure fails the test, with the output."""
        self.prepare()
        done = subprocess.run(
            [program(command[0]), *command[1:]],
            cwd=self.folder,
            env={**self.environment(), **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (
            f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        )
        return done.stdout

    def dbt(self, verb: str, *arguments: str) -> str:
        """Run dbt."""
        self.start_parsed()
        return self.run("dbt", "--quiet", verb, *arguments, *self.options())

    def options(self) -> list[str]:
        """Where dbt writes, and its variables."""
        paths = ["--target-path", str(self.target), "--log-path", str(self.state / "logs")]
        return [*paths, "--vars", json.dumps(self.variables)] if self.variables else paths

    def start_parsed(self) -> None:
        """Give dbt what it has parsed of this project for another test, unless it has parsed here already."""
        parsed = self.target / PARSED
        if self.is_in_place and not parsed.exists():
            self.target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(parsed_before(self.variables), parsed)

    def copied_to(self, state: Path) -> Project:
        """The same project on a copy of its lake, its warehouse and what dbt has parsed."""
        for path in (self.lake, self.warehouse.parent, self.target):
            copy_tree(path, state / path.name)
        copied = Project(state, self.own_folder, self.variables)
        copied.prepare()
        return copied

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the warehouse, read only, in the project's folder: views read the lake."""
        with chdir(self.folder), duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def manifest(self) -> dict[str, Any]:
        """What dbt last wrote about the project."""
        found: dict[str, Any] = json.loads((self.target / "manifest.json").read_text())
        return found

    def marts(self) -> list[str]:
        """Relations of the public models, as schema.name."""
        nodes = self.manifest()["nodes"].values()
        return sorted(f"{node['schema']}.{node['alias']}" for node in nodes if node.get("access") == "public")

    def marts_of_the_shop(self) -> list[str]:
        """The marts that say nothing about batches: the same in two lakes that hold the same rows, however delivered."""
        return [mart for mart in self.marts() if not mart.startswith("operations.")]


def parsed_before(variables: dict[str, Any] | None = None) -> Path:
    """What dbt has parsed of this repository, with lake and warehouse in their default places: once in a test run."""

    def parse(root: Path) -> None:
        project = Project(root, variables=variables or {})
        paths = ["--target-path", str(root / "target"), "--log-path", str(root / "logs")]
        project.run("dbt", "--quiet", "parse", *paths, *project.options()[4:])

    return made_once(f"parsed{_named(variables or {})}", parse) / "target" / PARSED


def _named(variables: dict[str, Any]) -> str:
    """What tells the places of these variables from those of others."""
    text = json.dumps(variables, sort_keys=True).encode()
    return f"-{hashlib.sha256(text).hexdigest()[:8]}" if variables else ""


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
