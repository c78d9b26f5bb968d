"""A cache gives the same edges; another SQL, or another schema of what it reads, is traced again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.diffed import manifest, node

from sluice.lineage import cached
from sluice.lineage.columns import Query, Tables, trace
from sluice.lineage.edges import column_edges


def project(orders: str = "select 1 as id, 2 as amount", made: str = "select * from core.orders") -> dict[str, object]:
    """A model that passes on what another one has."""
    return manifest(node("orders", sql=orders), node("made", sql=made, reads=["model.shop.orders"]))


def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL of every query that is traced from now on."""
    found: list[str] = []

    def noted(sql: str, tables: Tables) -> Query:
        found.append(sql)
        return trace(sql, tables)

    monkeypatch.setattr(cached, "trace", noted)
    return found


def test_what_is_kept_is_not_traced_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = column_edges(project(), cache=tmp_path)
    seen = traced(monkeypatch)

    assert column_edges(project(), cache=tmp_path) == first == column_edges(project())
    assert len(seen) == 2  # by the call without a cache


def test_another_column_upstream_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    column_edges(project(), cache=tmp_path)
    seen = traced(monkeypatch)

    found = column_edges(project(orders="select 1 as id, 2 as amount, 3 as note"), cache=tmp_path)

    assert found.columns["model.shop.made"] == ("id", "amount", "note")
    assert len(seen) == 2


def test_that_something_cannot_be_followed_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = column_edges(project(made="select * from nowhere"), cache=tmp_path)
    seen = traced(monkeypatch)

    assert column_edges(project(made="select * from nowhere"), cache=tmp_path).untraced == first.untraced != {}
    assert seen == []


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    first = column_edges(project(), cache=tmp_path)
    for file in tmp_path.iterdir():
        file.write_text('{"columns": ')

    assert column_edges(project(), cache=tmp_path) == first
    assert all(file.read_text().endswith("}") for file in tmp_path.iterdir())
