"""With SLUICE_LOG=json, each line on stderr is a JSON object with its run, and holds nothing of a person and no secret."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tests.helpers.project import REPOSITORY
from tests.helpers.refused import OneFeedShop

from sluice import cli
from sluice.core import log, progress
from sluice.core.run_id import one_run

SCHEMA = json.loads((REPOSITORY / "docs" / "schemas" / "log.schema.json").read_text())
# What rows, connections and the environment of the shop below hold, and no log may.
PRIVATE = ("ann.lee@shop.example", "Ann Lee", "geheim", "correct-horse", "12 Main St")
RUN_ID = "nightly-7"
OF_A_LIBRARY = """
import logging, warnings
from sluice.core import log
log.begin("audit")
logging.getLogger("a_library").warning("cannot reach https://ann:geheim@bucket")
warnings.warn("ask ann.lee@shop.example")
raise KeyError("Ann Lee")
"""
FEEDS = {
    "feeds": [
        {"source": "test", "table": "rows", "format": "csv", "path": "in/*.csv"},
        {
            "source": "test",
            "table": "customers",
            "format": "postgres",
            "connection": "host=127.0.0.1 port=1 user=ann password='geheim'",
            "relation": "public.rows",
            "cursor": "id",
        },
    ]
}
ROWS = (
    "id,amount,email,note\n1,2,ann.lee@shop.example,Ann Lee\nann.lee@shop.example,2,x,12 Main St\n,3,Ann Lee,x\n4,Ann Lee,x,x\n"
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneFeedShop]:
    """A shop that delivers rows of persons, broken ones among them; what the log changes in this process is put back."""
    made = OneFeedShop(tmp_path).make({"id": "bigint!", "amount": "decimal(10,2)!", "email": "varchar", "note": "varchar"})
    sources = yaml.safe_load((tmp_path / "models" / "sources.yml").read_text())
    (rows,) = sources["sources"][0]["tables"]
    sources["sources"][0]["tables"].append({**rows, "name": "customers"})
    (tmp_path / "models" / "sources.yml").write_text(yaml.safe_dump(sources))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(ROWS)
    (tmp_path / "in" / "b.csv").write_text("Ann Lee;ann.lee@shop.example\n")
    (tmp_path / "feeds.yml").write_text(yaml.safe_dump(FEEDS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_LOG", "json")
    monkeypatch.setenv("SLUICE_RUN_ID", RUN_ID)
    monkeypatch.setenv("PGPASSWORD", "correct-horse")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    handlers, level = logging.root.handlers[:], logging.root.level
    with one_run():
        yield made
    logging.captureWarnings(False)
    logging.root.handlers[:], logging.root.level = handlers, level


def ended(*arguments: str) -> int:
    return cli._ended(arguments, [])


def lines(text: str) -> list[dict[str, Any]]:
    """The lines of stderr, each of which is as docs/schemas/log.schema.json says."""
    found = [json.loads(line) for line in text.splitlines()]
    for line in found:
        jsonschema.Draft202012Validator(SCHEMA).validate(line)
        assert line["run_id"] == RUN_ID
    return found


def private(text: str) -> list[str]:
    return [word for word in PRIVATE if word in text]


def test_an_ingest_of_broken_rows_and_of_a_lost_server_tells_no_tales(
    shop: OneFeedShop, capsys: pytest.CaptureFixture[str]
) -> None:
    code = ended("ingest", "feeds.yml")
    assert code != 0
    told = capsys.readouterr()
    found = lines(told.err)
    # Where the machine is slow, there are lines of progress between them.
    assert {(line["command"], line["step"]) for line in found} == {("ingest", "ingest")}
    assert [line["message"] for line in found if "share" not in line] == ["begins", "ends"]
    assert found[-1]["seconds"] > 0
    assert private(told.err) == []
    # The rows are there: in quarantine, with their text.
    assert "ann.lee@shop.example" in str(shop.query("select original_text from {quarantine}"))
    assert "Connection refused" in told.out


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("arguments", "command", "message"),
    [
        (["quarantine", "release", "ann.lee@shop.example", "--waive"], "quarantine release", "error: "),
        (["ingest", "feeds/ann.lee@shop.example.yml"], "ingest", "error: "),
        (["ann.lee@shop.example"], "", "error: "),
        (["audit", "postgresql://ann:geheim@db/shop"], "audit", "error: "),
    ],
)
def test_what_a_user_typed_is_not_repeated_where_it_is_private(
    capsys: pytest.CaptureFixture[str], arguments: list[str], command: str, message: str
) -> None:
    assert ended(*arguments) == 2
    told = capsys.readouterr().err
    *_, line = lines(told)
    assert (line["level"], line["command"], line["message"][: len(message)]) == ("error", command, message)
    assert private(told) == []


def test_what_libraries_say_is_a_line_too_and_a_fault_of_sluice_shows_its_place() -> None:
    """In a process of its own: libraries of other tests turn loggers and warnings off for the whole process."""
    environment = {**os.environ, log.VARIABLE: "json", "SLUICE_RUN_ID": RUN_ID, "PYTHONPATH": str(REPOSITORY / "scripts")}
    ended = subprocess.run([sys.executable, "-c", OF_A_LIBRARY], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    library, warning, fault = lines(ended.stderr)
    assert library["message"] == "a_library: cannot reach https://***@bucket"
    assert warning["message"].startswith("py.warnings: ")
    assert (fault["level"], fault["message"]) == ("error", "a fault of sluice: KeyError")
    assert "<string>" in fault["where"]
    assert private(ended.stderr) == []


@pytest.mark.usefixtures("shop")
def test_without_the_filter_the_tests_above_would_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "redacted", lambda text: text)
    ended("audit", "postgresql://ann:geheim@db/shop")
    ended("ingest", "feeds/ann.lee@shop.example.yml")
    assert private(capsys.readouterr().err) == ["ann.lee@shop.example", "geheim"]


@pytest.mark.usefixtures("shop")
def test_a_step_that_fails_says_so_and_notes_know_their_step(capsys: pytest.CaptureFixture[str]) -> None:
    log.begin("run")
    with suppress(ValueError), progress.on_stderr("audit"):
        log.note("the chart is new")
        raise ValueError("x")
    log.say("nothing follows")
    found = lines(capsys.readouterr().err)
    assert [(line.get("step"), line["level"], line["message"]) for line in found] == [
        ("audit", "info", "begins"),
        ("audit", "warning", "the chart is new"),
        ("audit", "info", "stops before its end"),
        (None, "info", "nothing follows"),
    ]


@pytest.mark.usefixtures("shop")
def test_text_is_as_before_and_another_format_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_LOG", "text")
    log.note("the chart is new")
    with progress.on_stderr("audit"):
        log.say("ready")
    assert ended("ingest", "nowhere.yml") == 2
    assert capsys.readouterr().err.splitlines()[:3] == ["note: the chart is new", "ready", "error: file not found"]
    monkeypatch.setenv("SLUICE_LOG", "xml")
    assert ended("envs") == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: 'xml' is not a format of the log", "where: SLUICE_LOG", "what to do: use text or json",
    ]  # fmt: skip
