"""Tries mutants in a copy of the project, with a small demo that is built once; each mutant starts from there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.mutants.mutant_list import Mutant
from sluice.core import dbt, git
from sluice.core.errors import SluiceError

BIN = Path(sys.executable).parent
# What dbt and DuckDB report for invalid SQL: such a mutant is not a finding.
NOT_SQL = ("Parser Error", "Binder Error", "Catalog Error", "Compilation Error", "Env var required")


@dataclass(frozen=True)
class Finding:
    """The result of a mutant: killed_by is unit test, data test, build, or empty if it survived."""

    id: str
    breaks: str
    killed_by: str
    tests: tuple[str, ...]


def batches(mutants: Sequence[Mutant]) -> list[list[Mutant]]:
    """Mutants of different models together, at most ten; what changes a macro or a rule, which many models use, alone."""
    found: list[list[Mutant]] = []
    for mutant in mutants:
        fitting = (batch for batch in found if len(batch) < 10 and all(_apart(mutant, other) for other in batch))
        batch = next(fitting, None)
        if batch is None:
            found.append([mutant])
        else:
            batch.append(mutant)
    return found


def _apart(one: Mutant, other: Mutant) -> bool:
    in_models = all(mutant.file.startswith("models/") for mutant in (one, other))
    return in_models and one.file != other.file and not set(one.models) & set(other.models)


def _model_and_name(unique_id: str) -> tuple[str, str]:
    """unit_test.<project>.<model>.<name>, test.<project>.<name>.<hash>, model.<project>.<name>."""
    parts = unique_id.split(".")
    return (parts[2], parts[3] if parts[0] == "unit_test" else parts[2])


def copy_project(source: Path, target: Path) -> None:
    """What git tracks or would track of `source`, with changes that are not committed yet."""
    for name in git.run("ls-files", "--cached", "--others", "--exclude-standard", folder=source).splitlines():
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
        """Copy the project, deliver a small demo and build it. Raises SluiceError if that fails.

        Every test runs on it, so one that fails later does so because of a mutant.
        """
        copy_project(source, self.project)
        (self.root / "base").mkdir()
        demo = ["--orders", "300", "--days", "10", "--out", str(self.root / "demo")]
        for command in (["setup"], ["demo", *demo], ["ingest", "feeds/demo.yml"]):
            self._run([str(BIN / "sluice"), *command], "base", must=True)
        self._run(self._dbt("build", "base"), "base", must=True)

    def try_out(self, mutants: Sequence[Mutant]) -> list[Finding]:
        """Mutate, test, restore. Raises SluiceError for a mutant whose SQL cannot run.

        Unit tests bring their own input, so mutants of different models cannot disturb each other (see `batches`) and are
        tested together. Those that survive are built one by one.
        """
        with self._mutated(mutants):
            failed = self._results(mutants, "test", "base", "{},test_type:unit")
        findings = []
        for mutant in mutants:
            tests = tuple(name for model, name in failed if model in mutant.models)
            findings.append(Finding(mutant.id, mutant.breaks, "unit test", tests) if tests else self._rebuilt(mutant))
        return findings

    def _rebuilt(self, mutant: Mutant) -> Finding:
        """Data tests of the models and everything downstream, rebuilt in a copy of the warehouse."""
        shutil.rmtree(self.root / "tried", ignore_errors=True)
        shutil.copytree(self.root / "base", self.root / "tried")
        with self._mutated([mutant]):
            failed = self._results([mutant], "build", "tried", "{}+", "--full-refresh", "--exclude-resource-type", "unit_test")
        return Finding(mutant.id, mutant.breaks, "data test" if failed else "", tuple(name for _, name in failed))

    @contextmanager
    def _mutated(self, mutants: Sequence[Mutant]) -> Iterator[None]:
        texts = {self.project / mutant.file: (self.project / mutant.file).read_text(encoding="utf-8") for mutant in mutants}
        try:
            for mutant in mutants:
                path = self.project / mutant.file
                path.write_text(mutant.applied(path.read_text(encoding="utf-8")), encoding="utf-8")
            yield
        finally:
            for path, text in texts.items():
                path.write_text(text, encoding="utf-8")

    def _results(self, mutants: Sequence[Mutant], verb: str, warehouse: str, select: str, *options: str) -> list[tuple[str, str]]:
        """Model and name of each test that failed. An `error` is one too, unless the SQL could not run at all."""
        ids, files = ", ".join(mutant.id for mutant in mutants), ", ".join(sorted({mutant.file for mutant in mutants}))
        selected = [select.format(model) for mutant in mutants for model in mutant.models]
        results = self.root / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        output = self._run(self._dbt(verb, warehouse, "--select", *selected, *options), warehouse)
        if not results.exists():
            raise SluiceError(f"mutant {ids}: dbt cannot run\n{output[-1500:]}", where=files, hint="correct it")
        found = dbt.artifact(results.parent, results.name)["results"]
        bad = [result for result in found if dbt.ending(result["status"]) is dbt.Ending.failed]
        for result in bad:
            message = result["message"] or ""
            if result["status"] != "fail" and any(told in message for told in NOT_SQL):
                raise SluiceError(f"mutant {ids} is not valid SQL: {message}", where=files, hint="correct `replace`")
        return [_model_and_name(result["unique_id"]) for result in bad]

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
            raise SluiceError(told, where=" ".join(command), hint="fix the project first: mutants need a build that passes")
        return done.stdout + done.stderr
