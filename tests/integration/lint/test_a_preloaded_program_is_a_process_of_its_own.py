"""dbt and sluice as the tests start them (tests/helpers/preloaded.py) end, speak and stop as those of .venv do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.candidates import wait_until
from tests.helpers.preloaded import BIN, program
from tests.helpers.preloaded_server import TINY
from tests.helpers.project import QUIET, REPOSITORY

from sluice.core.dbt_python import WORKER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the programs of .venv are started")


@pytest.mark.parametrize("arguments", [["--version"], ["nonsense"], ["envs"], ["ingest", "nowhere.yml"]])
def test_it_says_what_the_other_says_and_ends_as_it_does(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: tiny\n")
    environment = {**os.environ, "SLUICE_WAREHOUSE": str(tmp_path / "elsewhere")}
    one, other = (
        subprocess.run([path, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        for path in (program("sluice"), str(BIN / "sluice"))
    )
    assert program("sluice") != str(BIN / "sluice")
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)


def test_python_is_itself_but_for_modules_that_run_dbt() -> None:
    told = "import sys; print(sys.executable, sys.argv[1:]); sys.exit(3)"
    done = subprocess.run([program("python"), "-c", told, "x"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, f"{program('python')} ['x']\n")


@pytest.mark.parametrize("called", [["-m", "lint.breaking_changes"], ["scripts/lint/breaking_changes.py"]])
def test_a_module_that_runs_dbt_gets_its_arguments_and_ends_as_it_does(called: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")}
    one, other = (
        subprocess.run([python, *called, "a", "b"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        for python in (program("python"), str(BIN / "python"))
    )
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)
    assert one.stderr.startswith("usage: ")


# Two builds: of one dbt tells everything, of the other what is usual.
COMMANDS = [
    {
        "arguments": ["--log-format", "json", "--log-level", level, "build", "--threads", "1", "--vars", "{more: 0}"],
        "environment": QUIET,
    }
    for level in ("debug", "info")
]
TOLD = {
    **TINY,
    "models/many.sql": "{{ config(materialized='incremental') }} select id + {{ var('more') }} as id from {{ ref('model') }}",
    "models/with.sql": "\n WITH one as (select id from {{ ref('model') }}) select id from one",
    "models/recursive.sql": "with recursive one as (select id from {{ ref('model') }}) select id from one",
    "models/more.yml": """
unit_tests:
  - name: with
    model: with
    given: [{input: ref('model'), rows: [{id: 3}, {id: 4}]}]
    expect: {rows: [{id: 3}, {id: 4}]}
  - name: recursive
    model: recursive
    given: [{input: ref('model'), rows: [{id: 3}]}]
    expect: {rows: [{id: 3}]}
models:
  - name: many
    columns: [{name: id, data_tests: [accepted_values: {arguments: {values: [1, "{{ var('more') }}"], quote: false}}]}]
""",
}


def built(python: str, folder: Path) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """What dbt tells of the builds, by kind and level, and what it leaves: nodes of the manifest, compiled SQL, results."""
    for name, text in TOLD.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    lines = "".join(f"{json.dumps(command)}\n" for command in COMMANDS)
    done = subprocess.run([python, str(WORKER)], cwd=folder, input=lines, capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["ended"]["code"] for event in events if "ended" in event] == [0, 0], done.stdout
    # Which thread has which connection differs from run to run.
    said = [
        (event["info"]["name"], event["info"]["level"])
        for event in events
        if "info" in event and "Connection" not in event["info"]["name"]
    ]
    nodes = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    assert list(folder.glob("*.wal")) == []
    return said, {
        "nodes": {name: {**node, "created_at": "then", "root_path": "here"} for name, node in nodes.items()},
        "compiled": {path.name: path.read_text() for path in (folder / "target" / "compiled").rglob("*") if path.is_file()},
        # Which of two that can begin is the first differs from run to run, too.
        "results": sorted((result["unique_id"], result["status"], result["compiled_code"] or "") for result in results),
    }


def test_dbt_makes_and_says_the_same_as_the_one_that_is_not_made_quick(tmp_path: Path) -> None:
    (said, made), (also_said, also_made) = (
        built(str(python), tmp_path / name / "tiny") for name, python in (("one", program("python")), ("other", BIN / "python"))
    )
    assert made == also_made
    assert made["compiled"]
    assert said == also_said
    assert {level for _, level in said} == {"debug", "info"}


def test_nothing_is_left_for_the_next(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "dbt_project.yml").write_text("name: tiny\n")
        (folder / "environments.yml").write_text(
            f"environments: {{dev: {{kind: file, build: ['user:*']}}, of_{name}: {{kind: pointer}}}}\n"
        )
        done = subprocess.run([program("sluice"), "envs"], cwd=folder, capture_output=True, text=True, check=True)
        assert [word for word in done.stdout.split() if word.startswith("of_")] == [f"of_{name}"]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_client(tmp_path: Path, sent: signal.Signals) -> None:
    (tmp_path / "dbt_project.yml").write_text("{name: tiny, profile: tiny}")
    (tmp_path / "profiles.yml").write_text("tiny: {target: dev, outputs: {dev: {type: duckdb, path: tiny.duckdb}}}")
    endless = "select count(*) from range(100000000) a, range(100000) b where a.range % 7 = b.range"
    command = [program("dbt"), "show", "--inline", endless]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as client:
        wait_until(lambda: len(running_in(tmp_path)) == 2 and (tmp_path / "tiny.duckdb").exists())
        client.send_signal(sent)
        assert client.wait(timeout=60) == -sent
        wait_until(lambda: running_in(tmp_path) == [])


def running_in(folder: Path) -> list[int]:
    """The processes whose current folder it is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:
            continue
    return found
