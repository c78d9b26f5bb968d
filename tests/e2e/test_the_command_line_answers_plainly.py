"""Exit codes 0, 1, 2; results on stdout, errors on stderr with what, where and what to do, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Sluice = Callable[..., subprocess.CompletedProcess[str]]
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def sluice(tmp_path: Path) -> Sluice:
    """Run `sluice` in the repository, with state of its own."""
    environment = {
        **os.environ,
        "SLUICE_LAKE": str(tmp_path / "lake"),
        "SLUICE_WAREHOUSE": str(tmp_path / "warehouse"),
        "IN": str(tmp_path / "in"),
    }

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "sluice"), *arguments]
        return subprocess.run(command, cwd=REPOSITORY, env={**environment, **more}, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    """A feeds file for two tables of the shop, read from <tmp>/in."""
    path = tmp_path / "feeds.yml"
    entries = (
        f'  - {{source: shop, table: {table}, format: csv, path: "${{IN}}/{table}*.csv"}}\n' for table in ("orders", "refunds")
    )
    path.write_text("feeds:\n" + "".join(entries))
    (tmp_path / "in").mkdir()
    return path


REFUNDS = "refund_id,order_id,amount,currency_code,reason,refunded_at,updated_at\n"
REFUND = "{id},1,2.50,EUR,late,2025-01-01 10:00:00,2025-01-01 10:00:00\n"


def test_quarantined_rows_are_no_failure(sluice: Sluice, feeds: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "refunds1.csv").write_text(REFUNDS + REFUND.format(id=1) + REFUND.format(id="x"))
    done = sluice("ingest", str(feeds), "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    refunds = json.loads(done.stdout)["feeds"][1]
    assert (refunds["feed"], refunds["rows_landed"], refunds["reasons"]) == ("shop.refunds", 1, {"wrong_type": 1})


def test_a_refused_file_is_a_failure_and_other_feeds_go_on(sluice: Sluice, feeds: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "orders1.csv").write_text("order_id,status\n1,paid\n")
    (tmp_path / "in" / "refunds1.csv").write_text(REFUNDS + REFUND.format(id=1))
    done = sluice("ingest", str(feeds))
    assert done.returncode == 1
    assert "refused: shop.orders orders1.csv: columns that the contract promises are missing: customer_id" in done.stdout
    counts = {line.split()[0]: line.split()[1:5] for line in done.stdout.splitlines()[1:3]}
    assert counts == {"shop.orders": ["0", "0", "0", "0"], "shop.refunds": ["1", "1", "1", "0"]}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ingest", "nowhere.yml"], ["error: feeds file not found", "where: nowhere.yml", "what to do:"]),
        (["ingest", "feeds/online_retail.yml"], ["DATA is not set", "what to do: set it"]),
        (["ingest"], ["Missing argument"]),
        (["demo", "--orders", "0", "--out", "x"], ["error:"]),
        (["summary"], ["the environment dev has not been built", "run: sluice build"]),
        (["nonsense"], ["No such command"]),
    ],
)
def test_a_mistake_ends_in_exit_code_2_and_no_traceback(sluice: Sluice, arguments: list[str], says: list[str]) -> None:
    done = sluice(*arguments, DATA="")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for text in says:
        assert text in done.stderr


def test_light_commands_import_no_dbt() -> None:
    code = (
        "import sys; import sluice.cli, sluice.lake.contracts, sluice.ingest.run, sluice.summary.report;"
        "sys.exit(any(name.split('.')[0] in ('dbt', 'great_expectations', 'pandas') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_command_has_help_and_stands_in_the_docs() -> None:
    from sluice.cli import app

    written = (REPOSITORY / "README.md").read_text() + "".join(path.read_text() for path in (REPOSITORY / "docs").glob("*.md"))
    written += (REPOSITORY / "Makefile").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert command.callback.__doc__
        name = command.name or command.callback.__name__
        assert f"sluice {name}" in written, f"sluice {name} is in no document"
