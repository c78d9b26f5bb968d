"""The snapshots of a pull request go on from those of its base."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sluice.change.pull_request import _begin_snapshots, _snapshots
from sluice.change.selection import Selection


def test_only_snapshots_that_are_built_are_copied_and_only_if_the_base_has_them(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "base.duckdb")) as base:
        base.execute(
            'create schema "Kept"; create table "Kept"."seen it" as select 1 as id, date \'2024-01-01\' as dbt_valid_from'
        )
        base.execute("create table main.other as select 1 as id")
    nodes = {
        "snapshot.shop.seen": {"resource_type": "snapshot", "name": "seen", "schema": "kept", "alias": "seen it"},
        "snapshot.shop.fresh": {"resource_type": "snapshot", "name": "fresh", "schema": "kept"},
        "snapshot.shop.left": {"resource_type": "snapshot", "name": "other", "schema": "main"},
        "model.shop.other": {"resource_type": "model", "name": "other", "schema": "main"},
    }
    selection = Selection(("model.shop.other", "snapshot.shop.fresh", "snapshot.shop.seen"))

    _begin_snapshots(_snapshots(selection, {"nodes": nodes}), tmp_path / "slim.duckdb", tmp_path / "base.duckdb")

    with duckdb.connect(str(tmp_path / "slim.duckdb")) as built:
        assert built.execute("select schema_name, table_name from duckdb_tables()").fetchall() == [("Kept", "seen it")]
        assert built.execute('select id, dbt_valid_from::varchar from kept."seen it"').fetchall() == [(1, "2024-01-01")]
