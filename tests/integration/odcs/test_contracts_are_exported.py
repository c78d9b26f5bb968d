"""`sluice contract export` writes the contracts of a release, of dev, or of a project that Sluice has never seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.helpers.promised import manifest, warehouse

from sluice.cli import _ended


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project with the file that it built, and nothing of Sluice."""
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text("shop: {target: dev, outputs: {dev: {type: duckdb, path: data/shop.duckdb}}}\n")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(manifest()))
    warehouse(tmp_path / "data" / "shop.duckdb")
    for name in ("DBT_TARGET_PATH", "SLUICE_LAKE", "SLUICE_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    return _ended(["contract", "export", *arguments], [])


def test_each_source_and_each_mart_has_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(folder / "data" / "shop.duckdb"), "--out", "promises", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    names = ["marts/core.customers.odcs.yaml", "marts/core.orders.odcs.yaml", "sources/till.odcs.yaml"]
    assert sorted(str(path.relative_to(folder / "promises")) for path in (folder / "promises").rglob("*.yaml")) == names
    assert sorted(one["name"] for one in found["contracts"]) == ["core.customers", "core.orders", "till"]
    orders = yaml.safe_load((folder / "promises" / names[1]).read_text())
    assert orders["servers"] == [{"server": "file", "type": "duckdb", "database": "data/shop.duckdb", "schema": "core"}]
    assert [one["physicalType"] for one in orders["schema"][0]["properties"]][4] == "DECIMAL(9,2)"


def test_a_selection_writes_only_that(folder: Path) -> None:
    assert run("data/shop.duckdb", "--select", "ord*", "--select", "till") == 0
    assert sorted(path.name for path in (folder / "contracts").rglob("*.yaml")) == ["core.orders.odcs.yaml", "till.odcs.yaml"]


def test_a_word_that_selects_nothing_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("data/shop.duckdb", "--select", "ordres") == 2
    assert "no mart or source is selected by ordres" in capsys.readouterr().err
    assert not (folder / "contracts").exists()


def test_a_file_of_what_is_gone_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "contracts" / "marts").mkdir(parents=True)
    (folder / "contracts" / "marts" / "core.gone.odcs.yaml").write_text("{}")
    assert run("data/shop.duckdb") == 0
    said = capsys.readouterr().err
    assert "contracts/marts/core.gone.odcs.yaml is not among the contracts any more; remove it" in said


def test_the_same_project_gives_the_same_bytes(folder: Path) -> None:
    for out in ("one", "two"):
        assert run("data/shop.duckdb", "--out", out) == 0
    texts = [[path.read_text() for path in sorted((folder / out).rglob("*.yaml"))] for out in ("one", "two")]
    assert texts[0] == texts[1]
    assert "&id" not in "".join(texts[0])
