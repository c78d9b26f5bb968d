"""The lineage of a file or a release: its manifest, the SQL kept beside it, the columns that the file knows; and the command."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import typer
from tests.helpers.diffed import manifest, node

from sluice.commands.lineage import lineage
from sluice.core.errors import SluiceError
from sluice.environments.resolve import Located
from sluice.steps.lineage import graph_in, manifest_of, proved

MADE = "model.shop.made"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a warehouse and its manifest; the seed's columns are in the file only."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    with duckdb.connect("dev.duckdb") as connection:
        connection.execute("create schema core; create table core.till as select i as id, i * 2 as price from range(20) r(i)")
        connection.execute("create table core.made as select id, price + 1 as price from core.till")
    seed = node("till", kind="seed", relation_name="core.till")
    made = node(
        "made", sql="select * replace (price + 1 as price) from core.till", reads=["seed.shop.till"], relation_name="core.made"
    )
    (tmp_path / "manifest.json").write_text(json.dumps(manifest(seed, made)))
    return tmp_path


def test_columns_that_nobody_described_are_those_of_the_file(folder: Path) -> None:
    located = Located("dev", folder / "dev.duckdb")

    assert graph_in(located, manifest_of(located)).columns[MADE] == ["id", "price"]


def test_the_sql_on_an_empty_warehouse_is_preferred(folder: Path) -> None:
    (folder / "compiled.json").write_text(json.dumps({MADE: "select id from core.till", "test.gone": "select 1"}))

    found = manifest_of(Located("r1", folder / "dev.duckdb", folder=folder, artifacts=folder))

    assert found["nodes"][MADE]["compiled_code"] == "select id from core.till"


def test_a_selection_without_models_is_an_error(folder: Path) -> None:
    with pytest.raises(SluiceError, match="no model is selected by nothing_"):
        proved(str(folder / "dev.duckdb"), ["nothing_*"], "500MB")


def test_the_command_writes_the_page_and_ends_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lineage(of=str(folder / "dev.duckdb"), prove=True, select=["made"], out=folder / "docs" / "proof.md")

    assert "recall 100 %" in capsys.readouterr().out
    assert "--select made" in (folder / "docs" / "proof.md").read_text()


def test_the_command_ends_with_1_where_the_lineage_misses_something(folder: Path) -> None:
    """The SQL reads a table by a function of DuckDB, which takes its name as text: nobody follows that."""
    document = json.loads((folder / "manifest.json").read_text())
    hidden = "select id, (select max(x.price) from query_table('core.till') x) as price from core.till"
    document["nodes"][MADE]["compiled_code"] = hidden
    (folder / "manifest.json").write_text(json.dumps(document))

    with pytest.raises(typer.Exit) as ended:
        lineage(of=str(folder / "dev.duckdb"), prove=True, select=["made"])

    assert ended.value.exit_code == 1
