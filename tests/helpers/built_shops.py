"""Demo shops that are ingested and built once in a test run: tests read them, or change copies of them (`copied_to`)."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.project import Project
from tests.helpers.shared import made_once
from tests.helpers.small_shop import DELIVERED, MODELS_ONLY, deliver


def faulty_shop() -> Project:
    """Twenty days with changed and late rows and every kind of fault; all data tests have passed."""
    return Project(made_once("faulty_shop", _make_faulty))


def clean_shop() -> Project:
    """Twenty-five days without a fault; its data tests were not run."""
    return Project(made_once("clean_shop", _make_clean))


def shop_of_four_orders() -> Project:
    """The shop of `small_shop`, with what was delivered first; its tests were not run."""
    return Project(made_once("shop_of_four_orders", _make_small))


def _make_faulty(state: Path) -> None:
    _make(Project(state), "--orders", "2000", "--days", "20")
    Project(state).dbt("build", "--exclude-resource-type", "unit_test")


def _make_clean(state: Path) -> None:
    _make(Project(state), "--orders", "800", "--days", "25", "--faults", "none")
    Project(state).dbt(*MODELS_ONLY)


def _make_small(state: Path) -> None:
    deliver(Project(state), DELIVERED)
    Project(state).dbt(*MODELS_ONLY)


def _make(project: Project, *demo: str) -> None:
    project.run("sluice", "demo", *demo, "--out", str(project.state / "demo"))
    project.run("sluice", "ingest", "feeds/demo.yml")
