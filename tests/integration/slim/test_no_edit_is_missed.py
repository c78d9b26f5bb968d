"""A few of the written edits, of the kinds that dbt's own selection misses; tests/selection/run.py makes them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from selection.run import edits, judge, try_all

from sluice.contracts import load_contracts
from sluice.ingest.run import prepare
from sluice.release.selection import Selection

SAMPLE = ("a variable in a macro", "a macro called by a macro", "the time zone of the warehouse")


def test_what_the_edits_need_is_selected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path / "lake", load_contracts(Path()))
    monkeypatch.setenv("SLUICE_LAKE", str(tmp_path / "lake"))
    outcomes = try_all([edit for edit in edits() if edit["name"] in SAMPLE])
    assert {one.name: set(one.missed) for one in outcomes} == {name: set() for name in SAMPLE}


def test_a_selection_that_forgets_is_found_out() -> None:
    model = {"resource_type": "model", "name": "total", "fqn": ["shop", "total"], "depends_on": {"nodes": []}}
    manifest = {"nodes": {"model.shop.total": model}}
    forgotten = judge({"name": "an edit", "needs": ["total"]}, Selection(), manifest, frozenset())
    assert forgotten.missed == {"total"}


def test_the_list_is_long_and_says_each_edit_once() -> None:
    names = [edit["name"] for edit in edits()]
    assert len(names) == len(set(names)) >= 30
