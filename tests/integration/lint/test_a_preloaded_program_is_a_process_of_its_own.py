"""dbt and sluice as the tests start them (tests/helpers/preloaded.py) end, speak and stop as those of .venv do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.candidates import wait_until
from tests.helpers.preloaded import BIN, program

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
