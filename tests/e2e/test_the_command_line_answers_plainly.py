"""Exit codes 0, 1, 2; results on stdout, errors on stderr with what, where and what to do, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.commands import registered
from tests.helpers.preloaded import program
from tests.helpers.schemas import document

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
        command = [program("sluice"), *arguments]
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
    assert done.returncode == 0
    # On a busy machine it tells every ten seconds how far it is.
    assert [line for line in done.stderr.splitlines() if not line.startswith("ingest: ")] == []
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
        (["ingest", "nowhere.yml"], ["error: file not found", "where: nowhere.yml", "what to do:"]),
        (["ingest", "feeds/online_retail.yml"], ["DATA is not set", "what to do: set it"]),
        (["ingest"], ["Missing argument"]),
        (["demo", "--orders", "0", "--out", "x"], ["error:"]),
        (["summary"], ["the environment dev has not been built", "run: sluice build"]),
        (["nonsense"], ["error: No such command", "what to do: run: sluice --help"]),
        (["publih"], ["No such command", "publish"]),
        (["audit", "--nonsense"], ["error: No such option", "what to do: run: sluice audit --help"]),
        (["audit", "stagin"], ["stagin does not exist", "did you mean staging?"]),
        (["build", "--env", "prd"], ["there is no environment prd", "did you mean prod?"]),
        (["publish", "20251231T000000Z-abcdef"], ["there is no release or candidate 20251231T000000Z-abcdef"]),
        (["ingest", "feeds/demo.yml", "--select", "shop.order"], ["there is no feed shop.order", "did you mean shop.orders"]),
        (["rollback", "--why", "x"], ["no environment is given", "--env prod"]),
        (["audit", "dev", "--env", "prod"], ["two names are given: dev and prod"]),
    ],
)
def test_a_mistake_ends_in_exit_code_2_and_no_traceback(sluice: Sluice, arguments: list[str], says: list[str]) -> None:
    done = sluice(*arguments, DATA="", DEMO="demo")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for text in says:
        assert text in done.stderr
    again = sluice(*arguments, "--format", "json", DATA="", DEMO="demo")
    error = document(["error"], again.stdout)["error"]
    assert (error["code"], again.returncode, again.stderr) == (2, 2, done.stderr)
    assert done.stderr.startswith(f"error: {error['what']}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["setup"], ["envs"], ["releases"], ["metrics"], ["prune"], ["drop", "pr-99"],
        ["quarantine", "list"], ["quarantine", "expire"],
        ["incidents", "list"], ["incidents", "send"], ["incidents", "update"], ["silence", "list"],
        ["demo", "--orders", "10", "--days", "1", "--out", "{tmp}/demo"], ["report", "--out", "{tmp}/site"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)  # fmt: skip
def test_a_result_as_json_is_as_its_schema_says(sluice: Sluice, tmp_path: Path, arguments: list[str]) -> None:
    arguments = [word.format(tmp=tmp_path) for word in arguments]
    done = sluice(*arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    document(arguments, done.stdout)


def test_each_command_has_a_schema_and_none_is_out_of_date() -> None:
    names = {"-".join(words) for words in registered()}
    # Of files there are schemas, too: release.schema.json, feeds.schema.json.
    schemas = {path.stem for path in (REPOSITORY / "docs" / "schemas").glob("*.json") if not path.stem.endswith(".schema")}
    assert schemas == names | {"error"}
    command = [sys.executable, "scripts/lint/json_schemas.py", "--check"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": "scripts"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_every_command_takes_format_json_and_those_on_one_environment_take_env() -> None:
    import inspect

    options = {" ".join(words): inspect.signature(function).parameters for words, function in registered().items()}
    assert [words for words, has in options.items() if "output" not in has] == []
    without = [words for words, has in options.items() if not {"environment", "warehouse"} & set(has)]
    assert without == [
        "init", "setup", "ingest", "stream", "score", "ack", "envs", "releases", "impact", "lineage", "diff", "chart", "metrics",
        "prune", "demo", "source add", "source check", "incidents show", "incidents ack", "incidents close",
        "incidents send", "silence list", "silence end",
    ]  # fmt: skip


def test_help_is_in_groups(sluice: Sluice) -> None:
    said = sluice("--help", COLUMNS="100", TERM="dumb").stdout
    panels = re.findall(r"^╭─ (.+?) ─+╮$", said, re.MULTILINE)
    assert panels == ["Options", "Build", "Release", "Review", "Quality", "Operate", "Try out"]


def test_the_version_is_printed(sluice: Sluice) -> None:
    assert re.match(r"sluice \d+\.\d+\.\d+ \(dbt 1\.\d+\.\d+, DuckDB 1\.\d+\.\d+\)\n$", sluice("--version").stdout)


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
