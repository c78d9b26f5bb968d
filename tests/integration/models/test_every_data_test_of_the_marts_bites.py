"""Each data test of the marts fails when rows break what it claims: all are broken at once, and each must say so."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import duckdb
import pytest
import yaml
from tests.helpers.built_shops import clean_shop
from tests.helpers.preloaded import program
from tests.helpers.project import REPOSITORY, Project

BREAKS = yaml.safe_load(Path(__file__).with_name("breaks_of_the_marts.yml").read_text())
CLAIMS = [claim for by_claim in BREAKS.values() for claim in by_claim]
# Marts of operations are left out: other tests break what they claim. A new domain is included by itself.
DOMAINS = sorted(folder.name for folder in (REPOSITORY / "models" / "marts").iterdir() if folder.name != "operations")


def statement(relation: str, change: str) -> str:
    """SQL that makes the change."""
    if change == "twice":
        return f"insert into {relation} from {relation} limit 1"
    if change.startswith("select "):
        return f"insert into {relation} by name {change}"
    return f"update {relation} {change}" if change.startswith("set ") else f"delete from {relation} {change}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A demo shop without faults, built and not tested."""
    return clean_shop().copied_to(tmp_path_factory.mktemp("bites"))


@pytest.fixture(scope="module")
def verdicts(shop: Project) -> dict[str, tuple[str, str]]:
    """Of every data test of the marts: how it ended on what was built, and how after everything was broken."""
    before = run_tests(shop)
    with duckdb.connect(str(shop.warehouse)) as connection:
        for relation, by_claim in BREAKS.items():
            for claim, change in by_claim.items():
                changed = connection.execute(statement(relation, change)).fetchone()
                assert changed, claim
                assert changed[0] > 0, f"{claim}: nothing is broken by {statement(relation, change)}"
    after = run_tests(shop)
    return {name: (before[name], after[name]) for name in before}


def run_tests(shop: Project) -> dict[str, str]:
    """How every data test of the marts ends: pass, warn, fail or error."""
    select = [f"path:{folder}/{domain}" for folder in ("models/marts", "tests/singular/marts") for domain in DOMAINS]
    # What is usual for the demo's shop is tested on the marts, and kept with the shop.
    select.append("path:tests/singular/staging/shop")
    command = ["dbt", "--quiet", "test", "--exclude-resource-type", "unit_test", "--indirect-selection", "eager", *shop.options()]
    done = [program(command[0]), *command[1:], "--select", *select]
    subprocess.run(done, cwd=shop.folder, env=shop.environment(), capture_output=True, check=False)
    results = json.loads((shop.state / "target" / "run_results.json").read_text())["results"]
    ended = {result["unique_id"]: result["status"] for result in results}
    return {name.split(".")[2]: status for name, status in ended.items() if name.startswith("test.")}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_broken_claim_is_found(verdicts: dict[str, tuple[str, str]], claim: str) -> None:
    before, after = verdicts[claim]
    assert before == "pass"
    assert after in ("fail", "warn")


def test_every_claim_is_broken_here(verdicts: dict[str, tuple[str, str]]) -> None:
    assert set(verdicts) == set(CLAIMS)
