"""Sources that are tables of a DuckDB file: which they are, what they held, and the views of them in a candidate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from sluice.candidate.sources import (
    Sources,
    changed_in,
    may_be_in_a_file,
    read_directly,
    seeds_read_as_sources,
    show_in,
    sources_of,
    state_of,
    tables_in,
)
from sluice.core.dbt_profile import Choice
from sluice.core.errors import SluiceError

PROFILE = """
shop:
  outputs:
    default: {type: duckdb, path: shop.duckdb, attach: [{path: crm.duckdb, alias: crm}]}
    alone: {type: duckdb, path: warehouse.duckdb}
    same: {type: duckdb, path: shop.duckdb, attach: [{path: ./shop.duckdb, alias: again}]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a table in its own file, and one in a file that is attached."""
    for name in ("DBT_PROFILES_DIR", "DBT_TARGET", "DBT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text(PROFILE)
    (tmp_path / "models").mkdir()
    write(tmp_path, "sources: [{name: raw, tables: [{name: sales}]}]")
    for file, relation in (("shop.duckdb", "raw.Sales"), ("crm.duckdb", "main.people")):
        with duckdb.connect(file) as connection:
            connection.execute("create schema if not exists raw")
            connection.execute(f"create table {relation} as select 1 as id")
    return tmp_path


def write(project: Path, text: str) -> None:
    (project / "models" / "sources.yml").write_text(text)


def found(project: Path, target: str | None = None, given: str | None = None) -> Sources:
    sources = sources_of(project, Choice(target), given)
    assert sources is not None
    return sources


def source(name: str, database: str = "warehouse", **more: Any) -> dict[str, Any]:
    schema, _, table = name.partition(".")
    return {"name": table, "identifier": table, "schema": schema, "database": database, **more}


def manifest(*sources: dict[str, Any], nodes: dict[str, Any] | None = None) -> dict[str, Any]:
    named = {f"source.shop.{one['schema']}.{one['name']}": one for one in sources}
    return {"sources": named, "nodes": nodes or {}, "child_map": {name: ["model.shop.any"] for name in named}}


def model(relation: str, kind: str = "model", **more: Any) -> dict[str, Any]:
    schema, _, name = relation.partition(".")
    return {"resource_type": kind, "schema": schema, "alias": name, "name": name, **more}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models: [{name: a}]", False),
        ("sources: [{name: raw, tables: [{name: sales}]}]", True),
        ("sources: [{name: raw, meta: {external_location: x.csv}, tables: [{name: sales}]}]", False),
        ("sources: [{name: raw, tables: [{name: sales, config: {meta: {plugin: excel}}}, {name: more}]}]", True),
        ("sources: [{name: raw, tables: [{name: sales, config: {external_location: x.csv}}]}]", False),
        ("sources: {not: [understood", True),
    ],
)
def test_doubt_says_that_a_source_may_be_in_a_file(project: Path, text: str, expected: bool) -> None:
    write(project, text)
    assert may_be_in_a_file(project) is expected


def test_the_file_is_attached_under_its_own_name_unless_that_is_taken(project: Path) -> None:
    assert found(project).attached == {"shop": project / "shop.duckdb"}
    assert found(project, given="crm.duckdb").attached == {}
    assert found(project, given="crm.duckdb").alias == "crm"
    assert (found(project, "alone").alias, found(project, "alone").attached) == ("own_sources", {})
    assert (found(project, "same").alias, found(project, "same").attached) == ("again", {})


def test_what_others_have_or_the_project_builds_is_not_looked_for(project: Path) -> None:
    whole = manifest(
        source("raw.sales"),
        source("raw.far", meta={"external_location": "far.csv"}),
        source("main.people", database="crm"),
        source("raw.SEEDED"),
        nodes={"seed.shop.seeded": model("raw.seeded", "seed")},
    )
    assert [table.relation for table in tables_in(whole, found(project))] == ["raw.sales"]
    assert seeds_read_as_sources(whole) == ["seed.shop.seeded"]


def test_what_was_read_is_noted_and_a_difference_is_named(project: Path) -> None:
    sources, read = found(project), manifest(source("raw.sales"))
    first, stamp = state_of(read, sources), sources.stamp()
    assert sorted(first) == ["attached crm", "raw.sales"]
    assert state_of(read, sources) == first
    with duckdb.connect("shop.duckdb") as connection:
        connection.execute("create table main.of_dev as select 2 as id")
    assert sources.stamp() != stamp
    assert list(changed_in(first, state_of(read, sources))) == []
    for file, relation in (("shop.duckdb", "raw.sales"), ("crm.duckdb", "main.people")):
        with duckdb.connect(file) as connection:
            connection.execute(f"insert into {relation} values (2)")
    assert list(changed_in(first, state_of(read, sources))) == ["attached crm changed", "the source raw.sales changed"]


def test_a_missing_source_or_file_is_named_and_an_unused_one_is_not(project: Path) -> None:
    read = manifest(source("raw.sales"), source("raw.gone"))
    with pytest.raises(SluiceError, match=r"not in the DuckDB file: raw\.gone") as error:
        state_of(read, found(project))
    assert error.value.where == str(project / "shop.duckdb")
    read["child_map"]["source.shop.raw.gone"] = []
    assert "raw.sales" in state_of(read, found(project))
    with pytest.raises(SluiceError, match=r"not in the DuckDB file: raw\.sales"):
        state_of(read, found(project, given="none.duckdb"))


def test_a_candidate_shows_them_where_dbt_looks(project: Path) -> None:
    sources, candidate = found(project), project / "warehouse.duckdb"
    read = manifest(source("raw.sales"), source("main.named", database="shop"))
    show_in(candidate, read, sources)
    show_in(candidate, read, sources)
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("attach 'shop.duckdb' as shop (read_only)")
        assert connection.execute("select * from warehouse.raw.sales").fetchall() == [(1,)]
        assert connection.execute("select count(*) from duckdb_views() where not internal").fetchone() == (1,)


def test_a_model_that_names_the_file_itself_is_found(project: Path) -> None:
    nodes = {
        "model.shop.a": model("main.a", raw_code='select * from "shop".raw.sales'),
        "model.shop.b": model("main.b", raw_code="select * from workshop.raw.sales"),
    }
    assert list(read_directly(manifest(nodes=nodes), found(project))) == ["model.shop.a reads shop without a source()"]
