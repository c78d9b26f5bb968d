"""Incidents are kept in the lake: what happened to each, and from that what it is now; `sluice incidents` shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.helpers.history import entries
from tests.helpers.incidents import FCT_ORDERS, REVENUE, finding, manifest, refused, run, seen
from tests.helpers.schemas import document
from typer.testing import CliRunner

from sluice.alerts import book
from sluice.alerts.finding import Evidence
from sluice.alerts.incident import Incident
from sluice.alerts.kin import Kin
from sluice.alerts.opened import opened
from sluice.alerts.settle import settle
from sluice.cli import app
from sluice.core.errors import RefusedError
from sluice.history.kinds import IncidentEntry

KIN = Kin(manifest())
FAILED = finding(FCT_ORDERS, "orders_are_paid", "paid")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "lake"


def night(lake: Path, number: int, evidence: Evidence, year: int = 2026) -> list[Incident]:
    """What is open after a night that found this."""
    this = run(number)
    this = replace(this, ended_at=this.ended_at.replace(year=year))
    with opened(lake) as open_lake, book.writing(lake):
        book.append(lake, settle(this, evidence, book.read(open_lake, "prod"), KIN))
        return book.read(open_lake, "prod")


def test_what_an_incident_is_follows_from_what_happened(lake: Path) -> None:
    night(lake, 1, seen(FAILED, finding(REVENUE, "b")))
    (again,) = night(lake, 2, seen(FAILED))
    assert (again.state, again.seen, again.opened_at.day, again.last_seen_at.day) == ("open", 2, 1, 2)
    assert [one.check_name for one in again.findings] == ["orders_are_paid"]
    assert night(lake, 3, seen()) == []
    with opened(lake) as open_lake:
        (over,) = book.read(open_lake, "prod", ended=True)
        assert book.read(open_lake, "staging", ended=True) == []
    assert (over.state, over.ended_at and over.ended_at.day, over.number) == ("resolved", 3, 1)
    (reopened,) = night(lake, 4, seen(FAILED))
    assert (reopened.incident_id, reopened.number, reopened.seen, reopened.opened_at.day) == (over.incident_id, 2, 1, 4)


def sluice(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_they_are_listed_and_shown(lake: Path) -> None:
    assert sluice("incidents", "list") == "no incident is open\n"
    (one,) = night(lake, 1, seen(refused(), finding(REVENUE, "b")))
    listed = sluice("incidents", "list")
    assert one.incident_id[:8] in listed
    assert max(map(len, listed.splitlines())) <= 80
    shown = " ".join(sluice("incidents", "show", one.incident_id[:4]).split())
    for part in ("Revenue board (Finance <finance@shop.example>)", "owner: shop_team", "https://ci.example/1", "sluice run"):
        assert part in shown


def test_their_json_has_the_form_of_its_schema(lake: Path) -> None:
    (one,) = night(lake, 1, seen(FAILED))
    found = {}
    for name, arguments in {"list": ["list", "--all"], "show": ["show", one.incident_id]}.items():
        found[name] = document(["incidents", name], sluice("incidents", *arguments, "--format", "json"))
    assert found["show"]["incident_id"] == found["list"]["incidents"][0]["incident_id"] == one.incident_id


@pytest.mark.parametrize(("typed", "said"), [("abcd", "no incident begins with abcd"), ("ab", "too short")])
def test_an_id_that_names_none_is_an_error(lake: Path, typed: str, said: str) -> None:
    night(lake, 1, seen(FAILED))
    done = CliRunner().invoke(app, ["incidents", "show", typed])
    assert said in str(done.exception)


def test_an_incident_is_acknowledged_and_closed(lake: Path) -> None:
    (one,) = night(lake, 1, seen(FAILED))
    said = sluice("incidents", "ack", one.incident_id[:8], "--why", "we are on it", "--by", "ann")
    assert said == f"{one.incident_id[:8]} is acknowledged: {one.title}\n"
    (known,) = night(lake, 2, seen(FAILED))
    assert (known.state, known.by_actor, known.why, known.seen) == ("acknowledged", "user:ann", "we are on it", 2)
    assert "state: acknowledged by user:ann: we are on it" in sluice("incidents", "show", one.incident_id)
    found = document(["incidents", "close"], sluice("incidents", "close", one.incident_id[:8], "--format", "json"))
    assert found["state"] == "closed"
    assert "is closed already" in str(CliRunner().invoke(app, ["incidents", "ack", one.incident_id[:8]]).exception)
    (again,) = night(lake, 3, seen(FAILED), year=2100)  # after what was said a moment ago
    assert (again.state, again.number, again.by_actor) == ("open", 2, None)


def test_a_person_says_since_when_rows_are_wrong(lake: Path) -> None:
    (one,) = night(lake, 1, seen(FAILED))
    sluice("incidents", "ack", one.incident_id, "--bad-from", "2020-01-02T03:04")
    sluice("incidents", "close", one.incident_id)
    told = entries(lake, IncidentEntry, "event, bad_from_at", "happened_at")
    assert told == [("opened", None), ("acknowledged", datetime.fromisoformat("2020-01-02T03:04")), ("closed", None)]


def test_a_time_that_has_not_come_is_an_error(lake: Path) -> None:
    (one,) = night(lake, 1, seen(FAILED))
    done = CliRunner().invoke(app, ["incidents", "ack", one.incident_id, "--bad-from", "2999-01-01"])
    assert "has not come yet" in str(done.exception)


def test_who_is_not_named_may_answer_no_incident(lake: Path) -> None:
    (one,) = night(lake, 1, seen(FAILED))
    environments = 'environments: {prod: {kind: pointer, build: ["job:nightly"], answer: ["user:ann"]}}'
    (lake.parent / "environments.yml").write_text(environments)
    sluice("silence", "add", "--node", "x", "--until", "3d", "--why", "y", "--by", "ann")
    (silence,) = document(["silence", "list"], sluice("silence", "list", "--format", "json"))["silences"]
    for words in (
        ["incidents", "ack", one.incident_id],
        ["incidents", "close", one.incident_id],
        ["silence", "add", "--node", "core.*", "--until", "3d", "--why", "y"],
        ["silence", "end", silence["silence_id"], "--why", "y"],
    ):
        done = CliRunner().invoke(app, [*words, "--by", "bob"])
        assert isinstance(done.exception, RefusedError)
        assert "user:bob may not answer incidents of prod" in str(done.exception)
    assert (sluice("incidents", "list").count("open"), sluice("silence", "list").count("active")) == (1, 1)
    assert "is acknowledged" in sluice("incidents", "ack", one.incident_id, "--by", "ann")


def test_a_silence_has_an_end_and_is_ended(lake: Path) -> None:
    night(lake, 1, seen(FAILED))
    assert sluice("silence", "list") == "nothing is silenced\n"
    words = ["silence", "add", "--node", "core.*", "--until", "3d", "--why", "migration", "--by", "ann"]
    made = document(["silence", "add"], sluice(*words, "--format", "json"))
    assert "silenced" in sluice("incidents", "list")
    listed = " ".join(sluice("silence", "list").split())
    assert "user:ann node core.*: migration" in listed
    assert "active" in listed
    sluice("silence", "end", made["silence_id"], "--why", "done")
    assert sluice("silence", "list") == "nothing is silenced\n"
    assert "ended" in sluice("silence", "list", "--all")
    assert "silenced" not in sluice("incidents", "list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "--until", "3d", "--why", "x"], "needs to say of what"),
        (["add", "--until", "2020-01-01", "--why", "x", "--node", "y"], "has passed"),
        (["end", "abcd", "--why", "x"], "no silence begins with abcd"),
    ],
    ids=["of what", "until when", "which"],
)
def test_a_silence_that_makes_no_sense_is_an_error(lake: Path, words: list[str], said: str) -> None:
    assert said in str(CliRunner().invoke(app, ["silence", *words]).exception)
    assert not (lake / "ops" / "silences").exists()
