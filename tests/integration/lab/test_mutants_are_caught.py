"""The run of the mutants tells what is noticed from what is not, and what is not SQL from both."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.preloaded import program
from tests.helpers.project import REPOSITORY

from lab.mutants.mutant_list import Mutant
from lab.mutants.runner import Bench
from sluice.core.errors import SluiceError

LIST = REPOSITORY / "scripts" / "lab" / "mutants" / "list"
KILLED = ["weekend_starts_on_friday", "rate_of_zero_counts", "money_not_rounded"]
HARMLESS = {
    "id": "harmless",
    "file": "models/marts/core/dim_products.sql",
    "find": "        is_active\n    from products",
    "replace": "        (is_active) as is_active\n    from products",
    "breaks": "Nothing.",
}


def run(folder: Path, entries: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """The command on a list of its own."""
    (folder / "list.yml").write_text(yaml.safe_dump({"mutants": entries}), encoding="utf-8")
    command = [program("python"), "-m", "lab.mutants", "--format", "json", "--list", str(folder / "list.yml")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_mutants_are_killed_and_a_harmless_change_survives(tmp_path: Path) -> None:
    written = [entry for file in LIST.iterdir() for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["mutants"]]
    entries = [entry for entry in written if entry["id"] in KILLED]
    before = (REPOSITORY / "vars.yml").read_bytes()
    done = run(tmp_path, [*entries, HARMLESS])
    assert done.returncode == 1, done.stderr
    found = {finding["id"]: (finding["killed_by"], finding["tests"]) for finding in json.loads(done.stdout)}
    assert found.pop("harmless") == ("", [])
    assert set(found) == set(KILLED)
    assert found["weekend_starts_on_friday"] == (
        "unit test",
        ["the_calendar_runs_from_the_first_to_the_last_day_of_anything_v1"],
    )
    assert {killed_by for killed_by, _ in found.values()} == {"unit test"}
    assert (REPOSITORY / "vars.yml").read_bytes() == before


def test_a_text_that_is_not_there_stops_the_run_before_anything_is_built(tmp_path: Path) -> None:
    done = run(tmp_path, [{**HARMLESS, "find": "not there at all"}])
    assert (done.returncode, done.stdout) == (2, "")
    assert "mutant harmless: `find` occurs 0 times" in done.stderr


def test_what_is_no_sql_is_an_error_and_the_file_is_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    (bench.project / "models").mkdir(parents=True)
    (bench.project / "models" / "a.sql").write_text("select 1", encoding="utf-8")
    results = [{"status": "error", "message": "Binder Error: no such column", "unique_id": "unit_test.sluice.a.claim"}]

    def dbt(*_: object, **__: object) -> str:
        (tmp_path / "target").mkdir(exist_ok=True)
        (tmp_path / "target" / "run_results.json").write_text(json.dumps({"results": results}), encoding="utf-8")
        return ""

    monkeypatch.setattr(Bench, "_run", dbt)
    with pytest.raises(SluiceError, match="mutant one is not valid SQL: Binder Error"):
        bench.try_out([Mutant("one", "models/a.sql", "1", "nothing", "All.", ("a",))])
    assert (bench.project / "models" / "a.sql").read_text(encoding="utf-8") == "select 1"
