"""Where mutants are tried: a copy of the project with a small demo built once; each mutant starts from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutants.written import Mutant
from sluice.errors import SluiceError

BIN = Path(sys.executable).parent
# What dbt and DuckDB say of SQL that is none: such a mutant breaks no meaning, and kills nothing.
NOT_SQL = ("Parser Error", "Binder Error", "Catalog Error", "Compilation Error", "Env var required")


@dataclass(frozen=True)
class Finding:
    """What became of a mutant: killed_by is unit test, data test, build, or empty where it survived."""

    id: str
    breaks: str
    killed_by: str
    tests: tuple[str, ...]


def copy_project(source: Path, target: Path) -> None:
    """What git tracks or would track of `source`, with changes that are not committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


@dataclass(frozen=True)
class Bench:
    """`root` holds the copy, its lake and its warehouse; nothing outside it is written."""

    root: Path

    @property
    def project(self) -> Path:
        """The copy that is mutated."""
        return self.root / "project"

    def prepare(self, source: Path) -> None:
        """Copy the project, deliver a small demo and build it. Raises SluiceError where that fails.

        Every test runs on it, so one that fails later does so because of a mutant.
        """
        copy_project(source, self.project)
        (self.root / "base").mkdir()
        demo = ["--orders", "300", "--days", "10", "--out", str(self.root / "demo")]
        for command in (["setup"], ["demo", *demo], ["ingest", "feeds/demo.yml"]):
            self._run([str(BIN / "sluice"), *command], "base", must=True)
        self._run(self._dbt("build", "base"), "base", must=True)

    def try_out(self, mutant: Mutant) -> Finding:
        """Mutate, test, restore. Raises SluiceError for a mutant whose SQL cannot run."""
        path = self.project / mutant.file
        text = path.read_text(encoding="utf-8")
        path.write_text(mutant.applied(text), encoding="utf-8")
        try:
            killed_by, tests = self._unit_tests(mutant)
            if not killed_by:
                killed_by, tests = self._rebuilt(mutant)
            return Finding(mutant.id, mutant.breaks, killed_by, tests)
        finally:
            path.write_text(text, encoding="utf-8")

    def _unit_tests(self, mutant: Mutant) -> tuple[str, tuple[str, ...]]:
        failed = self._results(mutant, "test", "base", "--select", *(f"{model},test_type:unit" for model in mutant.models))
        return ("unit test" if failed else "", failed)

    def _rebuilt(self, mutant: Mutant) -> tuple[str, tuple[str, ...]]:
        """Data tests of the models and all that is made from them, rebuilt in a copy of the warehouse."""
        shutil.rmtree(self.root / "tried", ignore_errors=True)
        shutil.copytree(self.root / "base", self.root / "tried")
        select = ["--select", *(f"{model}+" for model in mutant.models)]
        failed = self._results(mutant, "build", "tried", "--full-refresh", *select, "--exclude-resource-type", "unit_test")
        return ("data test" if failed else "", failed)

    def _results(self, mutant: Mutant, verb: str, warehouse: str, *arguments: str) -> tuple[str, ...]:
        """Names of the tests that failed. An `error` is one too, unless the SQL could not run at all."""
        results = self.root / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        output = self._run(self._dbt(verb, warehouse, *arguments), warehouse)
        if not results.exists():
            raise SluiceError(f"mutant {mutant.id}: dbt cannot run\n{output[-1500:]}", where=mutant.file, hint="correct it")
        found: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8"))["results"]
        bad = [result for result in found if result["status"] in ("fail", "error", "runtime error")]
        for result in bad:
            message = result["message"] or ""
            if result["status"] != "fail" and any(told in message for told in NOT_SQL):
                raise SluiceError(f"mutant {mutant.id} is no SQL: {message}", where=mutant.file, hint="correct `replace`")
        return tuple(result["unique_id"].split(".")[3 if result["unique_id"].startswith("unit_test") else 2] for result in bad)

    def _dbt(self, verb: str, warehouse: str, *arguments: str) -> list[str]:
        paths = ["--target-path", str(self.root / "target"), "--log-path", str(self.root / "logs" / warehouse)]
        return [str(BIN / "dbt"), "--quiet", "--no-use-colors", verb, *arguments, *paths]

    def _run(self, command: Sequence[str], warehouse: str, *, must: bool = False) -> str:
        own = {
            "SLUICE_LAKE": str(self.root / "lake"),
            "SLUICE_WAREHOUSE": str(self.root / warehouse),
            "SLUICE_EXTENSIONS": str(self.root / "extensions"),
            "DEMO": str(self.root / "demo"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        environment = {**os.environ, **own}
        done = subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, check=False)
        if must and done.returncode:
            told = f"the project could not be built\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
            raise SluiceError(told, where=" ".join(command), hint="mend it first: no mutant says anything before that")
        return done.stdout + done.stderr
