"""The environment `ops` of this project: every row of lake/ops is in its marts once, and its questions have answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.candidates import answers_alone, rows
from tests.helpers.preloaded import BIN
from tests.helpers.project import REPOSITORY, Project

from sluice.history import ledger
from sluice.history.kinds import (
    AlertEntry,
    BatchEntry,
    CheckEntry,
    CommitEntry,
    Entry,
    IncidentEntry,
    NodeEntry,
    PhaseEntry,
    ProfileEntry,
    RefusalEntry,
    ReleaseEntry,
    RunEntry,
    SignalEntry,
    SilenceEntry,
    StepEntry,
)

FIRST = datetime.fromisoformat("2025-01-01 02:00")
NIGHTS = 3
QUESTIONS = re.findall(r"\n([^\n]+)\n\n```sql\n(.*?)```", (REPOSITORY / "docs/operations.md").read_text(), re.DOTALL)


def entry(kind: type[Entry], /, **said: Any) -> Entry:
    """An entry of which a test says what matters; a text that is not given is empty, and all else is 0, false or none."""
    plain = {"varchar": "", "bigint": 0, "double": 0.0, "boolean": False, "timestamp": FIRST}
    types = ledger.columns(kind)
    return kind(**{field.name: said.get(field.name, plain.get(types[field.name], ())) for field in fields(kind)})


def night(number: int) -> Iterator[Entry]:
    """A run of every night: the last is stopped by two checks, and prod keeps the release of the night before."""
    at, is_bad = FIRST + timedelta(days=number), number == NIGHTS - 1
    of_run = {"run_id": f"run{number}", "environment": "prod", "release_id": f"release{number}"}
    outcome, why = ("failed", "2 checks failed") if is_bad else ("done", None)
    yield entry(RunEntry, **of_run, command="run", started_at=at, seconds=400.0, outcome=outcome, detail=None)
    for minute, step in enumerate(["ingest", "build", "audit"] if is_bad else ["ingest", "build", "audit", "publish"]):
        ended = {"outcome": outcome, "detail": why} if step == "audit" else {"outcome": "done", "detail": None}
        began, seconds = at + timedelta(minutes=minute), 60.0 + minute
        yield entry(StepEntry, **of_run, **ended, step=step, invocation_id=f"{step}{number}", started_at=began, seconds=seconds)
        tried = {"action": step, "environment": "prod", "release_id": f"release{number}", "outcome": ended["outcome"]}
        if step != "ingest":
            yield entry(ReleaseEntry, **tried, event_id=f"{step}{number}", tried_at=began + timedelta(seconds=seconds))
    for one in range(5):
        yield entry(NodeEntry, **of_run, invocation_id=f"build{number}", unique_id=f"model.{one}", started_at=at)
    for one in range(4):
        told = {"check_name": f"check_{one}", "severity": "error", "status": "fail" if is_bad and one < 2 else "pass"}
        of_audit = {"run_id": f"audit{number}", "warehouse": f"release{number}", "kind": "expectation", "checked_at": at}
        yield entry(CheckEntry, **of_audit, **told, model="orders")
    for feed in ("shop.a", "shop.b"):
        yield entry(BatchEntry, batch_id=f"{feed}{number}", run_id=f"run{number}", feed=feed, rows_read=7, loaded_at=at)
    for column in (None, "country"):
        measured = {"relation": "core.orders", "row_count": 100 + number, "measured_at": at}
        yield entry(ProfileEntry, **of_run, **measured, column_name=column)


OTHERS = [
    entry(RefusalEntry, run_id="run1", feed="shop.a", file="a.csv"),
    entry(SignalEntry, run_id="run2", environment="prod", metric="core.orders.rows"),
    entry(CommitEntry, run_id="run1", environment="prod", release_id="release1", code_commit="c" * 40, authored_at=FIRST),
    entry(IncidentEntry, event_id="1", incident_id="i", run_id="run2", event="opened"),
    entry(AlertEntry, alert_id="1", incident_id="i", run_id="run2", event="sent"),
    entry(SilenceEntry, silence_id="1", event="added", until_at=FIRST + timedelta(days=3)),
    entry(PhaseEntry, metric="core.orders.rows", since_at=FIRST),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the environment, from what was written; dbt's unit tests of its models have run."""
    project = Project(tmp_path_factory.mktemp("ops"))
    project.prepare()
    ledger.ensure(project.lake)
    written: list[Entry] = [*(one for number in range(NIGHTS) for one in night(number)), *OTHERS]
    for kind in {type(one) for one in written}:
        ledger.append(project.lake, [one for one in written if type(one) is kind])
    said = project.run("sluice", "build", "--env", "ops")
    assert "unit tests passed" in said
    assert "ops.duckdb" in project.run("sluice", "envs")
    assert "core.fct_orders" not in project.run("sluice", "summary", "ops")
    return project.warehouse.with_name("ops.duckdb")


def test_every_row_is_there_once_and_the_file_stands_alone(built: Path) -> None:
    counts = answers_alone(str(BIN / "python"), built)
    assert {name.removeprefix("operations."): n for name, n in counts.items() if name.startswith("operations.")} == {
        "fct_runs": 3,
        "fct_steps": 11,
        "fct_node_runs": 15,
        "rpt_run_days": 3,
        "fct_check_results": 12,
        "rpt_checks": 4,
        "fct_signals": 1,
        "fct_phases": 1,
        "fct_release_attempts": 8,
        "rpt_release_periods": 2,
        "fct_commits": 1,
        "fct_table_profiles": 3,
        "fct_batches": 6,
        "fct_refused_files": 1,
        "fct_incidents": 1,
        "fct_silences": 1,
    }


def test_a_refused_night_says_what_stopped_it(built: Path) -> None:
    sql = "select run_id, outcome, stopped_step, detail, audit_seconds, publish_seconds from operations.fct_runs order by 1 desc"
    assert rows(built, sql)[:2] == [
        ("run2", "failed", "audit", "2 checks failed", 62, 0),
        ("run1", "done", None, None, 62, 63),
    ]
    of_release = "select valid_from, is_current from operations.rpt_release_periods where release_id = 'release1'"
    assert rows(built, of_release) == [(datetime.fromisoformat("2025-01-02 02:04:03"), True)]
    # written when the first night began; in use since the publish of the second, which ended 4 minutes and 3 seconds after 2
    assert rows(built, "select lead_seconds from operations.fct_commits") == [(24 * 3600 + 4 * 60 + 3,)]


@pytest.mark.parametrize(("question", "sql"), QUESTIONS, ids=range(len(QUESTIONS)))
def test_each_question_of_the_page_has_an_answer(built: Path, question: str, sql: str) -> None:
    # three nights are too few to say what is usual
    assert rows(built, sql) or question == "Which models became slower:"


def test_the_checks_that_stopped_the_night_are_named(built: Path) -> None:
    (sql,) = (sql for question, sql in QUESTIONS if question == "Which checks stopped a run:")
    at = FIRST + timedelta(days=2)
    assert rows(built, sql) == [(at, "orders", "check_0", 0), (at, "orders", "check_1", 0)]
