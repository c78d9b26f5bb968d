"""A run ends with its incidents, read from what its steps have left; a retry that passes is silent, trouble is not raised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.helpers.incidents import NOW

from sluice.alerts.after import Told, after_run
from sluice.core.run_id import one_run
from sluice.history import ledger
from sluice.history.kinds import RefusalEntry, StepEntry


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_RUN_ID", "night-1")
    with one_run():
        yield tmp_path / "lake"


def step(lake: Path, minute: int, name: str, code: int, detail: str | None = None, environment: str | None = None) -> None:
    """A step that ended so."""
    begun = NOW + timedelta(minutes=minute)
    row = StepEntry(
        run_id="night-1", step=name, invocation_id=None, environment=environment, release_id=None, started_at=begun, seconds=1,
        outcome="failed" if code else "done", exit_code=code, detail=detail,
    )  # fmt: skip
    ledger.append(lake, [row])


def refuse(lake: Path, minute: int) -> None:
    row = RefusalEntry(
        refused_at=NOW + timedelta(minutes=minute), run_id="night-1", feed="shop.orders", file="orders.csv", reason="it is empty"
    )
    ledger.append(lake, [row])


def test_a_refused_file_is_an_incident_until_a_retry_of_the_same_night_takes_it(lake: Path) -> None:
    step(lake, 0, "ingest", 1)
    refuse(lake, 0)
    (opened,) = after_run(lake, "prod", ["feeds/shop.yml"]).news
    assert opened.title == "shop.orders: refused orders.csv: it is empty"
    assert opened.next_step == (
        "have shop.orders delivered again as its contract says, then: sluice run feeds/shop.yml --env prod"
    )
    step(lake, 5, "ingest", 0)
    told = after_run(lake, "prod")
    assert (told.news, told.known, [one.incident_id for one in told.resolved]) == ((), (), [opened.incident_id])


def test_a_retry_that_passes_before_the_end_is_silent(lake: Path) -> None:
    step(lake, 0, "ingest", 1)
    refuse(lake, 0)
    step(lake, 5, "ingest", 0)
    assert after_run(lake, "prod") == Told("prod", is_updated=True)


def test_a_step_of_another_environment_is_none_of_its_business(lake: Path) -> None:
    step(lake, 0, "build", 2, "dbt could not run", environment="staging")
    assert after_run(lake, "prod").news == ()
    (opened,) = after_run(lake, "staging").news
    assert (opened.title, opened.family) == ("build failed: dbt could not run", "run")


def test_what_goes_wrong_is_reported_and_not_raised(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake.write_text("not a folder")
    told = after_run(lake, "prod")
    assert not told.is_updated
    assert capsys.readouterr().err.startswith("note: the incidents could not be updated, and no alert was sent: ")


def test_a_mistake_in_alerts_yml_loses_no_incident(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("alerts.yml").write_text("channels: {}\n")
    step(lake, 0, "build", 2, "dbt could not run", environment="prod")
    told = after_run(lake, "prod")
    assert (told.is_updated, len(told.news)) == (True, 1)
    assert "note: no alert was sent: `routes` is missing (alerts.yml:1)" in capsys.readouterr().err
