"""`sluice source check` names what a source lacks, in order, until it is ready; the lake and the warehouse stay as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.new_source import sluice, small_project
from tests.helpers.schemas import document

from sluice.source import check as module
from sluice.source.check import Checked, check

ORDERS = "order_id,status,placed_at\n1,COMPLETE,2024-01-31 10:00:00\n2,CANCELLED,2024-02-01 11:00:00\n"
FEED, CONTRACT = "feeds/acme.yml", "models/staging/acme/_acme__sources.yml"
MODEL = "models/staging/acme/stg_acme__orders.sql"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small project with the source acme, as it was proposed: orders, of which two are delivered."""
    folder = small_project(tmp_path / "project")
    (folder / "in").mkdir()
    (folder / "in" / "orders.csv").write_text(ORDERS)
    monkeypatch.chdir(folder)
    for name in ("SLUICE_LAKE", "SLUICE_WAREHOUSE", "DBT_TARGET_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert sluice("source", "add", "acme", "in", "--yes").code == 0
    return folder


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def missing(found: Checked) -> dict[str, list[str]]:
    """What blocks, by stage; stages that are passed are left out."""
    return {stage.name: [one.what for one in stage.findings if one.blocks] for stage in found.stages if not stage.is_passed}


@pytest.fixture
def without_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last stage, in which dbt builds the models, is not what a test is about."""
    stages = {name: stage for name, stage in module._STAGES.items() if name != "values"}
    monkeypatch.setattr(module, "_STAGES", stages)


def quick(source: str = "acme") -> Checked:
    return check(source, lambda *_: None)


def test_from_the_proposal_to_ready(project: Path) -> None:
    before = {path for path in project.rglob("*") if ".duckdb" not in path.parts}
    arguments = ("source", "check", "acme", "--format", "json")
    done = sluice(*arguments)
    found = document(arguments, done.text)
    assert (done.code, found["exit_code"], found["skipped"]) == (1, 1, [])
    passed = [stage["name"] for stage in found["stages"] if not any(one["blocks"] for one in stage["findings"])]
    assert passed == ["feeds", "contract", "trial", "staging", "vars.yml", "values"]
    (decision,) = next(stage["findings"] for stage in found["stages"] if stage["name"] == "decisions")
    assert (decision["where"], "seen: CANCELLED 1, COMPLETE 1" in decision["what"]) == (f"{MODEL}:11", True)
    lines = (project / MODEL).read_text().splitlines(keepends=True)
    (project / MODEL).write_text("".join(line for line in lines if not line.strip().startswith("--")))
    done = sluice("source", "check", "acme")
    assert (done.code, done.text.splitlines()[-1]) == (0, f"ready: sluice run {FEED}")
    assert {path for path in project.rglob("*") if ".duckdb" not in path.parts} == before


def test_a_mapping_outside_of_what_is_allowed_is_found_on_the_trial(project: Path) -> None:
    edit(project / MODEL, ("'cancelled'", "'gone'"), ("placed_at as ordered_at", "cast(null as timestamp) as ordered_at"))
    assert missing(quick())["values"] == [
        "ordered_at: null in 2 rows",
        "order_status: other values in 1 row: gone (1)",
    ]
    edit(project / MODEL, ("as ordered_at", "as ordered_at from nowhere --"))
    (what,) = missing(quick())["values"]
    assert "stg_acme__orders: " in what


@pytest.mark.usefixtures("without_dbt")
@pytest.mark.parametrize(
    ("file", "change", "stage", "what", "skipped"),
    [
        (FEED, ("format: csv", "format: csvx"), "feeds", "unknown format 'csvx'", ("contract", "trial")),
        (FEED, ("in/orders.csv", "in/ordrs.csv"), "feeds", "acme.orders: no file is there", ("contract", "trial")),
        (FEED, ("in/orders.csv", '"${NOT_SET}/orders.csv"'), "feeds", "the environment variable NOT_SET", ("contract", "trial")),
        (FEED, ("path: ", "columns: {state: {trim: true}}, path: "), "contract", "`state` is not a column", ("trial",)),
        (CONTRACT, ("data_type: bigint", "data_type: bigit"), "contract", "'bigit' is not a DuckDB type", ("trial",)),
        (CONTRACT, ("name: orders", "name: order"), "contract", "acme.orders has a feed and no contract", ("trial",)),
        (CONTRACT, ("name: status", "name: state"), "trial", "columns that the contract promises are missing: state", ()),
        ("vars.yml", ("- acme: [orders]", "- acne: [orders]"), "vars.yml", "sources does not name acme", ()),
        ("vars.yml", ("- acme: [orders]", "- acme: [orders, order_items]"), "staging", "no staging model for order_items", ()),
        (MODEL, ("with\n", "-- DECIDE what\n-- to do\nwith\n"), "decisions", "what to do", ()),
    ],
)
def test_what_is_missing_is_named_by_its_stage(
    project: Path, file: str, change: tuple[str, str], stage: str, what: str, skipped: tuple[str, ...]
) -> None:
    edit(project / file, change)
    found = quick()
    assert any(what in one for one in missing(found)[stage]), missing(found)
    assert (found.skipped, found.exit_code) == (skipped, 1)


@pytest.mark.usefixtures("without_dbt")
def test_rows_that_would_be_refused_are_shown_and_stop_nothing(project: Path) -> None:
    (project / "in" / "orders.csv").write_text(ORDERS + "x3,COMPLETE,soon\n4,COMPLETE,2024-02-01 11:00:00\n")
    (trial,) = [stage for stage in quick().stages if stage.name == "trial"]
    assert (trial.is_passed, trial.done) == (True, "3 rows would land")
    (finding,) = trial.findings
    assert finding.what.startswith("acme.orders: 1 row, wrong_type order_id: ")
    assert "x3" in finding.what


@pytest.mark.usefixtures("without_dbt")
def test_of_many_files_the_first_ones_are_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.source.trial.BYTES", 2 * len(ORDERS))
    for number in range(2, 6):
        (project / "in" / f"orders{number}.csv").write_text(ORDERS.replace("2024", f"202{number}"))
    edit(project / FEED, ("in/orders.csv", "in/orders*.csv"))
    (trial,) = [stage for stage in quick().stages if stage.name == "trial"]
    assert trial.done == "4 rows would land (the first files or pages)"


def test_a_source_of_which_there_is_nothing_is_an_error(project: Path) -> None:
    done = sluice("source", "check", "acne")
    assert done.error
    assert (done.code, "did you mean acme?" in done.error.hint) == (2, True)
    assert project.is_dir()
