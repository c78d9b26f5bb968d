"""`sluice run` builds nothing where nothing can have changed since the release, and notices whatever has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from tests.helpers.candidates import SalesShop, make_shop, rows
from tests.helpers.schemas import document

from sluice.candidate.unchanged import whats_new
from sluice.core.duck import link_extensions
from sluice.environments.context import here
from sluice.history import ledger
from sluice.history.kinds import DecisionEntry
from sluice.quarantine import expire
from sluice.steps import build as step
from sluice.steps.build import build

DECISIONS = """
sources:
  - name: ops
    config: {meta: {external_location: "delta_scan('{{ env_var('SLUICE_LAKE', 'lake') }}/ops/{name}')"}}
    tables: [{name: decisions}]
"""
DECIDED = "{{ config(schema='core', materialized='table') }} select * from {{ source('ops', 'decisions') }}"
# A test that passes until a day that is far away.
ON_TIME = "select * from {{ ref('rpt_shops') }} where current_date >= date '2200-01-01'"


def decision(decided_at: datetime, until: datetime | None) -> DecisionEntry:
    return DecisionEntry(
        decision_id=f"d{decided_at:%f}", decided_at=decided_at, decision="waived", quarantine_id="q1", place="warehouse",
        feed="shop.sales", entity="sales", rule="a_rule", row_key="shop:1", batch_id="b1", source_file="a.csv",
        source_position=1, decided_by="user:test", why="for a test", until_at=until,
    )  # fmt: skip


NOW = datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> SalesShop:
    """The small project with decisions, a test that asks the clock and a variable of the environment; released."""
    shop = make_shop(tmp_path_factory.mktemp("night"))
    shop.write("models/staging/_ops.yml", DECISIONS)
    shop.write(
        "models/core/decided.sql",
        "{{ config(schema='core', materialized='table') }} select * from {{ source('ops', 'decisions') }}",
    )
    shop.write("models/core/named.sql", "{{ config(schema='core') }} select '{{ env_var('SHOP_NAME', 'none') }}' as name")
    shop.write("tests/on_time.sql", ON_TIME)
    shop.write("vars.yml", "vars: {shop: 1}\n")
    shop.commit()
    ledger.ensure(shop.lake)
    ledger.append(shop.lake, [decision(NOW, NOW + timedelta(days=30))])
    shop.sluice("run")
    return shop


@pytest.fixture
def shop(released: SalesShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SalesShop:
    """A copy of it, in which this process works."""
    copy = released.copied_to(tmp_path / "shop")
    monkeypatch.chdir(copy.folder)
    link_extensions()
    for name, value in copy.environment.items():
        monkeypatch.setenv(name, value)
    return copy


def new(shop: SalesShop) -> list[str]:
    """What is new since the release."""
    assert Path.cwd() == shop.folder
    return whats_new("prod", here())[1]


def test_nothing_is_built_and_it_says_so(released: SalesShop) -> None:
    before = (released.warehouse / "prod.duckdb").readlink()
    said = released.sluice("run")
    assert said.stdout.strip() == f"nothing new since release {before.parts[1]}: nothing was built"
    found = document(["run"], released.sluice("run", "--format", "json").stdout)
    assert found["outcome"] == "done"
    assert found["steps"].keys() == {"unchanged", "incidents"}
    assert found["steps"]["unchanged"] == {"environment": "prod", "release_id": before.parts[1]}
    assert (released.warehouse / "prod.duckdb").readlink() == before
    assert released.candidates() == []
    trail = DeltaTable(str(released.lake / "ops" / "releases")).to_pyarrow_table().to_pylist()
    last = max(trail, key=lambda row: row["tried_at"])
    assert (last["action"], last["outcome"], last["release_id"], last["detail"]) == (
        "build",
        "done",
        before.parts[1],
        "nothing is new: nothing was built",
    )
    assert "job:other may not build" in released.sluice("run", code=1, SLUICE_ACTOR="job:other").stderr


def test_it_is_built_where_that_is_wanted(shop: SalesShop) -> None:
    before = (shop.warehouse / "prod.duckdb").readlink()
    assert set(document(["run"], shop.sluice("run", "--force", "--format", "json").stdout)["steps"]) == {
        "build",
        "audit",
        "publish",
        "incidents",
    }
    assert (shop.warehouse / "prod.duckdb").readlink() != before


def test_a_copy_of_the_release_has_nothing_new(shop: SalesShop) -> None:
    assert new(shop) == []


def test_a_commit_that_dbt_does_not_read_is_not_new(shop: SalesShop) -> None:
    shop.write("docs/a.md", "A page.\n")
    shop.write("tests/test_of_pytest.py", "x = 1\n")
    shop.commit()
    assert new(shop) == []


def delivery(shop: SalesShop) -> None:
    shop.deliver(11, 12)


def table_made_again(shop: SalesShop) -> None:
    shutil.rmtree(shop.lake / "raw" / "shop" / "sales")
    assert shop.deliver(11, 20) == 0


def new_decision(shop: SalesShop) -> None:
    ledger.append(shop.lake, [decision(NOW + timedelta(seconds=1), None)])


def model(shop: SalesShop) -> None:
    shop.write("models/core/more.sql", "select 1 as one")
    shop.commit()


def variables(shop: SalesShop) -> None:
    shop.write("vars.yml", "vars: {shop: 2}\n")
    shop.commit()


def profile(shop: SalesShop) -> None:
    shop.write("profiles.yml", (shop.folder / "profiles.yml").read_text().replace("UTC", "CET"))
    shop.commit()


def dirty(shop: SalesShop) -> None:
    shop.write("environments.yml", (shop.folder / "environments.yml").read_text() + "# a note\n")


def day_that_has_come(shop: SalesShop) -> None:
    in_the_manifest(shop, "2200-01-01", "2000-01-01")


def clock_in_a_model(shop: SalesShop) -> None:
    in_the_manifest(shop, "sum(amount) as amount", "sum(amount) + date_diff('day', today(), date '2026-01-01') as amount")


def file_read_by_a_model(shop: SalesShop) -> None:
    in_the_manifest(shop, "sum(amount) as amount", "(select count(*) from read_csv('/somewhere.csv')) as amount")


def in_the_manifest(shop: SalesShop, text: str, other: str) -> None:
    """As if the release had been built from other SQL."""
    path = (shop.warehouse / "prod.duckdb").resolve().with_name("manifest.json")
    before = path.read_text()
    assert text in before
    path.chmod(0o644)
    path.write_text(before.replace(text, other))


def older_release(shop: SalesShop) -> None:
    (shop.warehouse / "prod.duckdb").resolve().with_name("inputs.json").unlink()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (delivery, "lake/raw/shop/sales changed"),
        (table_made_again, "lake/raw/shop/sales changed"),
        (new_decision, "lake/ops/decisions changed"),
        (model, "the dbt project changed"),
        (variables, "the dbt project changed"),
        (profile, "the dbt project changed"),
        (dirty, "the project has files that were not committed"),
        (day_that_has_come, "test.sluice.on_time: it depends on the clock, and fails now"),
        (clock_in_a_model, "model.sluice.by_shop: it depends on the clock (today)"),
        (file_read_by_a_model, "model.sluice.by_shop: it reads something other than the lake (read_csv)"),
        (older_release, "it does not say what it was made of"),
    ],
)  # fmt: skip
def test_it_is_noticed(shop: SalesShop, change: Callable[[SalesShop], None], why: str) -> None:
    change(shop)
    assert why in new(shop)


@pytest.mark.parametrize("package", ["dbt_core-1.12.99", "duckdb-99.0.0"])
def test_another_version_of_a_package_is_noticed(
    shop: SalesShop, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / f"{package}.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Name: {}\nVersion: {}\n".format(*package.split("-")), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    assert new(shop) == ["sluice, Python or one of its packages (dbt, DuckDB, ...) changed"]


def test_a_variable_of_the_environment_is_noticed(shop: SalesShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_NAME", "another")
    assert new(shop) == ["an environment variable that the project reads changed"]


def test_a_waiver_that_is_over_is_noticed(shop: SalesShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "expire", lambda lake, now: expire(lake, now + timedelta(days=60)))
    report = build("prod", only_news=True)
    assert report.new == ("lake/ops/decisions changed",)
    (candidate,) = shop.candidates()
    built = rows(shop.warehouse / "candidates" / candidate / "work.duckdb", "select decision from core.decided order by 1")
    assert built == [("expired",), ("waived",)]


def test_an_old_release_is_followed_by_one_that_tells(shop: SalesShop) -> None:
    older_release(shop)
    said = shop.sluice("run")
    assert "it does not say what it was made of" in said.stderr
    release = (shop.warehouse / "prod.duckdb").resolve().parent
    assert set(json.loads((release / "inputs.json").read_text())["tables"]) >= {"raw/shop/sales", "ops/decisions"}
    assert new(shop) == []
