"""The score itself is scored: a copy of the project without a check lets a fault through, and says so with exit code 1.

That the same faults are caught with the check in place, test_the_corpus_keeps_its_promises says.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.preloaded import program
from tests.helpers.project import REPOSITORY, Project, copy_project

COUNTERPARTS = "models/marts/operations/_operations__counterparts.yml"


def faults(project: Project, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and score by fault of `make faults` on the small."""
    select = [part for word in words for part in ("--select", word)]
    done = subprocess.run(
        [
            program("python"),
            "-m",
            "lab.faults",
            "--workers",
            "1",
            "--orders",
            "2500",
            "--days",
            "28",
            "--clean-days",
            "0",
            "--format",
            "json",
            *select,
        ],
        cwd=project.folder,
        env={**project.environment(), "PYTHONPATH": str(project.folder / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, {fault["id"]: fault for fault in json.loads(done.stdout)["verdicts"]}


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of the project, to be broken."""
    return Project(tmp_path / "state", copy_project(tmp_path / "project"))


def test_a_chart_and_a_rule_that_are_gone_let_their_faults_into_the_marts(project: Project) -> None:
    replaced(project.folder / COUNTERPARTS, "value: sum(missing_count)", "value: sum(0)")
    replaced(project.folder / "vars.yml", "broken_when: quantity = 0", 'broken_when: "quantity = 0 and quantity = 1"')
    code, found = faults(project, "events_missing_day", "order_items_quantity_zero")
    missing = found["events_missing_day"]
    assert (missing["place"], missing["is_as_promised"], missing["is_blocked"]) == ("none", False, False)
    assert missing["lost_rows"] > 0
    assert "growth.fct_sessions" in missing["reached"]
    assert found["order_items_quantity_zero"]["place"] != "quarantine"
    assert not found["order_items_quantity_zero"]["is_as_promised"]
    assert code == 1


def test_a_corpus_that_is_not_there_and_a_fault_that_is_unknown_are_told_in_a_sentence(tmp_path: Path) -> None:
    for words in (["--corpus", str(tmp_path)], ["--select", "no_such_fault"]):
        done = subprocess.run(
            [program("python"), "-m", "lab.faults", *words],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
