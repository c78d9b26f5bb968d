"""Ctrl-C ends a command with one sentence and exit code 130; dbt ends with it, readers keep what they have, and it can go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.candidates import SalesShop, make_shop, rows, wait_until
from tests.helpers.preloaded import BIN
from tests.helpers.schemas import document

from sluice.core.duck import connect

# A model that takes longer than anybody waits.
SLOW = "select count(*) as n from range(100000000) a, range(100000) b where a.range % 7 = b.range"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SalesShop:
    """The small project, once released, and then with a model that does not end."""
    made = make_shop(tmp_path_factory.mktemp("interrupted"))
    made.sluice("run")
    made.write("models/core/slow.sql", "{{ config(schema='core', materialized='table') }} " + SLOW)
    return made


def interrupted(shop: SalesShop, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that gets SIGINT, alone, while dbt runs the slow model."""
    for log in _logs(shop):
        log.unlink()
    command = [str(BIN / "sluice"), *arguments]
    started = subprocess.Popen(
        command, cwd=shop.folder, env=shop.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with started as process:
        wait_until(lambda: any("slow" in line and "START" in line for line in _logged(shop)))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def _logs(shop: SalesShop) -> list[Path]:
    # os.walk goes on where a folder disappears under it; Path.rglob does not.
    places = [place for root in (shop.state, shop.folder) for place in os.walk(root)]
    return [Path(folder) / "dbt.log" for folder, _, files in places if "dbt.log" in files]


def _logged(shop: SalesShop) -> list[str]:
    return [line for path in _logs(shop) for line in path.read_text().splitlines()]


def running(shop: SalesShop) -> list[str]:
    """Processes of dbt that work on the shop."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, place = (process / "cmdline").read_bytes().decode(), str((process / "cwd").readlink())
        except OSError:
            continue
        if "dbt" in words and place.startswith(str(shop.folder.parent)):
            found.append(words)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("arguments", [("run",), ("run", "--format", "json"), ("build",)], ids=" ".join)
def test_one_sentence_and_130(shop: SalesShop, arguments: tuple[str, ...]) -> None:
    pointed = (shop.warehouse / "prod.duckdb").readlink()
    code, out, err = interrupted(shop, *arguments)
    assert code == 130, err
    (said,) = [line for line in err.splitlines() if not line.startswith(("candidate for", "dbt build"))]
    assert said.startswith("interrupted: ")
    if "json" in arguments:
        assert document(["error"], out)["error"]["code"] == 130
    else:
        assert out == ""
    wait_until(lambda: not running(shop), seconds=5)
    assert (shop.warehouse / "prod.duckdb").readlink() == pointed
    assert rows(shop.warehouse / "prod.duckdb", "select sum(amount) from core.rpt_shops") == [(55,)]
    with connect(extensions=["delta"]) as lake:
        last = lake.execute(f"""
            select action, outcome, detail from delta_scan('{shop.lake}/ops/releases') order by tried_at desc limit 1
        """).fetchall()
    assert last == [("build", "failed", "interrupted")]


def test_the_next_run_goes_on(shop: SalesShop) -> None:
    (shop.folder / "models/core/slow.sql").unlink()
    said = json.loads(shop.sluice("run", "--format", "json").stdout)
    assert said["outcome"] == "done"
    assert shop.candidates() == []
