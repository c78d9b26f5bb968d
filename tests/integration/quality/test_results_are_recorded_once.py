"""`sluice audit` on the command line: its exit code, its three formats, and its rows in lake/ops/checks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.audited import Audited, check
from tests.helpers.preloaded import program

from sluice.core.duck import connect

GOOD = check("expect_column_values_to_be_between", "amounts_are_positive", column="amount", min_value=0)
BAD = check("expect_column_values_to_be_in_set", "channels_are_known", column="channel", value_set=["web", "store"])
MEAN = check("expect_column_mean_to_be_between", "the_mean_is_usual", column="amount", max_value=50)


def run(shop: Audited, *more: str) -> subprocess.CompletedProcess[str]:
    command = [program("sluice"), "audit", str(shop.file), "--target", str(shop.target), *more]
    environment = {**os.environ, "SLUICE_LAKE": str(shop.root / "lake")}
    return subprocess.run(command, env=environment, cwd=shop.root, capture_output=True, text=True, timeout=120, check=False)


def noise(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What stands on stderr beside progress, which shows when an audit takes longer than ten seconds."""
    return [line for line in done.stderr.splitlines() if not line.startswith("audit: ")]


def recorded(shop: Audited, columns: str) -> list[tuple[Any, ...]]:
    with connect(extensions=["delta"]) as connection:
        return connection.execute(
            f"select {columns} from delta_scan('{shop.root / 'lake' / 'ops' / 'checks'}') order by all"
        ).fetchall()


def test_nothing_blocks_when_all_pass_or_warn(shop: Audited) -> None:
    shop.declare(GOOD, {**BAD, "severity": "warn"})
    done = run(shop)
    assert (done.returncode, noise(done)) == (0, [])
    assert "warning  channels_are_known  (core.sales.channel)" in done.stdout
    assert "nothing blocks (2 checks on 1 models" in done.stdout


def test_a_failed_check_blocks_and_is_shown_with_rows_and_a_query(shop: Audited) -> None:
    shop.declare(GOOD, BAD)
    done = run(shop)
    assert (done.returncode, noise(done)) == (1, [])
    assert "FAILED  channels_are_known  (core.sales.channel)" in done.stdout
    assert "4 of 10 rows are not as expected (40.00 %)" in done.stdout
    assert "such as   id 7, channel app" in done.stdout
    (query,) = [line.split("query", 1)[1].strip() for line in done.stdout.splitlines() if line.startswith("  query")]
    with duckdb.connect(str(shop.file), read_only=True) as connection:
        assert [row[0] for row in connection.execute(query).fetchall()] == [7, 8, 9, 10]


def test_a_failed_dbt_test_blocks_too(shop: Audited) -> None:
    shop.declare(GOOD)
    shop.results({"unique_id": "test.shop.every_sale_is_there_once.1", "status": "fail", "failures": 3, "message": ""})
    done = run(shop)
    assert done.returncode == 1
    assert "FAILED  test every_sale_is_there_once: 3 rows" in done.stdout


def test_a_wrong_declaration_ends_with_2_and_one_sentence_each(shop: Audited) -> None:
    shop.declare(check("expect_column_values_to_be_betwen", column="amount"), {**BAD, "severity": "fatal"})
    done = run(shop)
    assert done.returncode == 2
    assert done.stderr.startswith("error: 1 expectation is not valid; nothing was checked:")
    assert "Traceback" not in done.stderr
    assert not (shop.root / "lake" / "ops" / "checks").exists()


def test_json_and_markdown_say_the_same(shop: Audited) -> None:
    shop.declare(GOOD, BAD)
    document = json.loads(run(shop, "--format", "json").stdout)
    assert document["exit_code"] == 1
    assert [(found["name"], found["status"]) for found in document["models"][0]["checks"]] == [
        ("amounts_are_positive", "pass"),
        ("channels_are_known", "fail"),
    ]
    text = run(shop, "--format", "markdown").stdout
    assert text.startswith("### blocked: 1 check and 0 of dbt's failed")
    assert "| core.sales | 2 | 1 | 0 | 1 |" in text


def test_each_audit_is_recorded_once_row_by_row(shop: Audited) -> None:
    shop.declare(GOOD, BAD, {**MEAN, "severity": "warn"})
    run(shop)
    columns = "check_name, kind, model, column_name, warehouse, severity, status, failures"
    common = ("expectation", "sales")
    assert recorded(shop, columns) == [
        ("amounts_are_positive", *common, "amount", "shop.duckdb", "error", "pass", 0),
        ("channels_are_known", *common, "channel", "shop.duckdb", "error", "fail", 4),
        ("the_mean_is_usual", *common, "amount", "shop.duckdb", "warn", "warn", None),
    ]
    ((observed, expected),) = [
        row[1:] for row in recorded(shop, "check_name, observed, expected") if row[0].startswith("the_mean")
    ]
    assert json.loads(observed) == {"observed_value": 55}
    assert json.loads(expected) == {"expectation": "expect_column_mean_to_be_between", "max_value": 50}
    run(shop)
    assert recorded(shop, "count(*), count(distinct run_id)") == [(6, 2)]


def test_two_audits_at_once_both_arrive(shop: Audited) -> None:
    shop.declare(GOOD, BAD)
    command = [program("sluice"), "audit", str(shop.file), "--target", str(shop.target)]
    environment = {**os.environ, "SLUICE_LAKE": str(shop.root / "lake")}
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=120) for process in started] == [1, 1]
    assert recorded(shop, "count(*), count(distinct run_id)") == [(4, 2)]


def test_a_file_that_is_not_there_is_said_plainly(shop: Audited) -> None:
    shop.declare(GOOD)
    shop.file.unlink()
    done = run(shop)
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not exist" in done.stderr


@pytest.mark.parametrize("word", ["posthog", "segment", "analytics"])
def test_great_expectations_carries_no_telemetry(word: str) -> None:
    """The version in the lock has none; should a later one bring it back, this fails and somebody looks."""
    import importlib.metadata

    needed = " ".join(importlib.metadata.requires("great-expectations") or [])
    assert word not in needed


def test_an_audit_opens_no_connection(shop: Audited, tmp_path: Path) -> None:
    """With every attempt to reach a host made fatal, the audit and its docs end as they do without."""
    shop.declare(GOOD)
    program = tmp_path / "offline.py"
    program.write_text(
        "import socket, sys\n"
        "def refuse(*_):\n    print('REACHED OUT', file=sys.stderr, flush=True)\n    raise SystemExit(9)\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse\n"
        "sys.argv[0] = 'sluice'\nfrom sluice.cli import main\nmain()\n"
    )
    command = [
        sys.executable,
        str(program),
        "audit",
        str(shop.file),
        "--target",
        str(shop.target),
        "--docs",
        str(tmp_path / "docs"),
    ]
    environment = {**os.environ, "SLUICE_LAKE": str(tmp_path / "lake"), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, noise(done)) == (0, [])
    assert (tmp_path / "docs" / "index.html").exists()
