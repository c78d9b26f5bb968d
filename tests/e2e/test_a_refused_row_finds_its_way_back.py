"""On the real project: a corrected row is in the marts once, a waived one while its waiver lasts; README's commands run."""

from __future__ import annotations

import json
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.built_shops import faulty_shop
from tests.helpers.project import REPOSITORY, Project
from tests.helpers.refused import utc_now

from sluice.quarantine import expire

WHY = ("--why", "tested")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small demo shop, ingested and built."""
    return faulty_shop().copied_to(tmp_path_factory.mktemp("quarantine"))


def build(project: Project) -> None:
    """Models and seeds; what dbt's own tests say is asked elsewhere."""
    project.run("dbt", "--quiet", "build", "--exclude-resource-type", "unit_test", "test")


def quarantine(project: Project, *arguments: str) -> Any:
    return json.loads(project.run("sluice", "quarantine", *arguments, "--format", "json"))


def first(project: Project, rule: str, *more: str) -> dict[str, Any]:
    """The oldest open row that a rule refuses."""
    found: dict[str, Any] = quarantine(project, "list", "--rule", rule, *more)["rows"][0]
    return found


def line(project: Project, row_key: str) -> list[tuple[Any, ...]]:
    return project.query(f"select quantity, unit_price::varchar from core.fct_order_items where order_item_id = '{row_key}'")


def is_refused(project: Project, row: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Status of the row in the mart of refused rows."""
    return project.query(f"select status from operations.rpt_quarantine where quarantine_id = '{row['quarantine_id']}'")


def test_a_waived_row_is_in_while_its_waiver_lasts_and_out_again_then(project: Project) -> None:
    row = first(project, "negative_price")
    assert (line(project, row["row_key"]), is_refused(project, row)) == ([], [("open",)])
    quarantine(project, "release", row["quarantine_id"], "--waive", "--until", "2d", *WHY)
    build(project)
    assert len(line(project, row["row_key"])) == 1
    assert line(project, row["row_key"])[0][1].startswith("-")
    assert is_refused(project, row) == []
    assert quarantine(project, "list", "--status", "released")["rows"][0]["quarantine_id"] == row["quarantine_id"]
    assert expire(project.lake, utc_now() + timedelta(days=3)) == [row["quarantine_id"]]
    build(project)
    assert (line(project, row["row_key"]), is_refused(project, row)) == ([], [("open",)])


def test_a_row_refused_at_ingestion_is_in_the_mart_once_it_is_corrected(project: Project) -> None:
    row = first(project, "wrong_type", "--feed", "shop.order_items")
    shown = quarantine(project, "show", row["quarantine_id"])
    words = shlex.split(shown["commands"][0])
    content = json.loads(words[words.index("--row") + 1])
    content["quantity"] = "2"
    for _ in range(2):
        quarantine(project, "release", row["quarantine_id"], "--row", json.dumps(content), *WHY)
    build(project)
    assert line(project, f"shop:{content['order_item_id']}")[0][0] == 2
    assert len(line(project, f"shop:{content['order_item_id']}")) == 1


def readme_commands() -> list[list[str]]:
    section = (REPOSITORY / "README.md").read_text().split("## Correct a rejected row")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [shlex.split(text, comments=True) for text in block.splitlines()]


def test_the_commands_of_the_readme_run_as_written(project: Project) -> None:
    """<id> is what the reader finds in the list. Where it runs all (`sluice run`), a build of dev is enough."""
    row = first(project, "negative_price")
    ran = []
    for written in readme_commands():
        words = [row["quarantine_id"][:12] if word == "<id>" else word for word in written]
        ran.append(words[1:3])
        if words == ["sluice", "run"]:
            build(project)
        else:
            said = project.run(*words)
            assert row["quarantine_id"][:12] in said or "--rows" in said
    assert ["quarantine", "release"] in ran
    assert ran[-1] == ["run"]
    assert line(project, row["row_key"])[0][1].startswith("19.90")
    assert is_refused(project, row) == [("corrected",)]
    ids = {entry["quarantine_id"] for entry in quarantine(project, "list")["rows"]}
    assert row["quarantine_id"] not in ids


def test_every_command_line_of_the_docs_is_one_that_exists() -> None:
    from typer.testing import CliRunner

    from sluice.commands.quarantine import app

    page = Path(REPOSITORY / "docs" / "quarantine.md").read_text()
    lines = re.findall(r"^\$ sluice quarantine (.*)$", page, re.MULTILINE)
    assert len(lines) >= 5
    for text in lines:
        verb, *words = shlex.split(text)
        options = [word for word in words if word.startswith("--")]
        told = re.sub(r"\x1b\[[0-9;]*m", "", CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200"}).stdout)
        assert all(option in told for option in options), text
