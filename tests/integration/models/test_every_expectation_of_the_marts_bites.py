"""The expectations of the marts: a clean shop breaks none of them, and each is broken by the damage that it is there for.

`breaks_of_the_expectations.yml` holds one damage per check, as SQL on the built mart.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.helpers.built_shops import faulty_shop
from tests.helpers.project import Project

from sluice.core import dbt
from sluice.quality.expectations.audit import audit
from sluice.quality.expectations.declared import AuditedModel, declared
from sluice.quality.expectations.result import AuditReport

DAMAGES: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("breaks_of_the_expectations.yml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def shop() -> Project:
    """A shop with its usual faults, built."""
    return faulty_shop()


@pytest.fixture(scope="module")
def models(shop: Project) -> list[AuditedModel]:
    return declared(dbt.artifact(shop.state / "target", "manifest.json"))


def run(shop: Project, file: Path, *select: str) -> AuditReport:
    return audit(file, shop.state / "target", list(select))


def ended(report: AuditReport, *statuses: str) -> dict[str, Any]:
    return {check.name: check for model in report.models for check in model.checks if check.status in statuses}


def not_passed(report: AuditReport) -> dict[str, Any]:
    return ended(report, "fail", "warn", "error")


def test_a_shop_with_its_usual_faults_raises_no_alarm(shop: Project) -> None:
    report = run(shop, shop.warehouse)
    assert not_passed(report) == {}
    assert ended(report, "not_run") == {}
    assert sum(len(model.checks) for model in report.models) == sum(map(len, DAMAGES.values()))


def test_every_check_is_broken_once(models: list[AuditedModel]) -> None:
    declared_checks = {(model.name.split(".")[0], check.name) for model in models for check in model.checks}
    assert {(model, name) for model, damages in DAMAGES.items() for name in damages} == declared_checks


@pytest.mark.parametrize(("model", "name"), [(model, name) for model, damages in DAMAGES.items() for name in damages])
def test_the_damage_is_seen(shop: Project, models: list[AuditedModel], tmp_path: Path, model: str, name: str) -> None:
    (found,) = (each for each in models if each.name.split(".")[0] == model)
    (check,) = (each for each in found.checks if each.name == name)
    file = tmp_path / "damaged.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach '{shop.warehouse}' as built (read_only); create schema {found.schema}")
        connection.execute(f"create table {found.relation} as from built.{found.relation}; detach built")
        connection.execute(DAMAGES[model][name].format(mart=found.relation))
    # The other models are not in this file.
    seen = not_passed(run(shop, file, model))
    assert name in seen
    assert seen[name].status == {"error": "fail", "warn": "warn"}[check.severity]
    shutil.rmtree(tmp_path, ignore_errors=True)
