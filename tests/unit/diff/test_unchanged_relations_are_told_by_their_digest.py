"""Where both sides have a record, equal digests tell that nothing changed, and no row is read."""

from __future__ import annotations

import json

import pytest
from tests.helpers.diffed import Sides, node

from sluice.core.errors import SluiceError
from sluice.diff.run import diff
from sluice.diff.side import chosen, side


def test_equal_digests_are_taken_for_it_without_reading(sides: Sides) -> None:
    """The tables differ on purpose: who read them would see it."""
    sides.tables("select 1 as order_id", "select 2 as order_id")
    for name in "ab":
        sides.record(name, {"core.orders": "same"})

    found = sides.diff()

    assert [(one.status, one.told_by, one.rows) for one in found.relations] == [("same", "digest", None)]
    assert (found.a.commit, found.b.commit) == ("a" * 40, "b" * 40)


@pytest.mark.parametrize("other", [{"core.orders": "another"}, {}, None])
def test_other_digests_or_none_are_not(sides: Sides, other: dict[str, str] | None) -> None:
    sides.tables("select 1 as order_id", "select 2 as order_id")
    sides.record("a", {"core.orders": "one"})
    if other is not None:
        sides.record("b", other)

    assert (sides.relation().status, sides.relation().told_by) == ("changed", "rows")


def test_digests_of_two_versions_of_duckdb_say_nothing(sides: Sides) -> None:
    """DuckDB's hash may change with its version."""
    sides.tables("select 1 as order_id", "select 2 as order_id")
    sides.record("a", {"core.orders": "same"})
    sides.record("b", {"core.orders": "same"}, duckdb_version="1.5.6")

    assert sides.relation().told_by == "rows"


def test_without_records_equal_tables_are_the_same(sides: Sides) -> None:
    sides.tables("select range as order_id from range(9)", "select 8 - range as order_id from range(9)")

    assert (sides.relation().status, sides.relation().told_by) == ("same", "rows")


def test_two_names_of_one_file_are_the_same(sides: Sides) -> None:
    sides.tables("select 1 as order_id", "select 1 as order_id")
    link = sides.root / "prod.duckdb"
    link.symlink_to(sides.root / "a" / "warehouse.duckdb")
    one, two = (side(str(name), None, sides.root) for name in (link, sides.root / "a" / "warehouse.duckdb"))

    assert [found.told_by for found in diff(one, two).relations] == ["file"]


def test_public_models_are_compared_or_those_selected(sides: Sides) -> None:
    models = [node("orders"), node("inner", access="protected"), node("revenue", "finance", tags=["money"])]
    sides.declare(*models)
    a, b = (side(str(sides.root / name / "warehouse.duckdb"), None, sides.root) for name in "ab")

    assert chosen(a, b, [], []) == ["core.orders", "finance.revenue"]
    assert chosen(a, b, ["inner"], []) == ["core.inner"]
    assert chosen(a, b, ["tag:money"], []) == ["finance.revenue"]
    assert chosen(a, b, ["core"], ["inn*"]) == ["core.orders"]
    with pytest.raises(SluiceError, match="ordres selects nothing"):
        chosen(a, b, ["ordres"], [])


def test_a_project_that_makes_nothing_public_has_everything_compared(sides: Sides) -> None:
    sides.declare(node("orders", access="protected"), node("inner", access="protected"))
    a, b = (side(str(sides.root / name / "warehouse.duckdb"), None, sides.root) for name in "ab")

    assert chosen(a, b, [], []) == ["core.inner", "core.orders"]


def test_mistakes_are_explained(sides: Sides) -> None:
    sides.tables("select 1 as order_id", "select 2 as order_id")
    with pytest.raises(SluiceError, match="does not exist"):
        side("nowhere.duckdb", None, sides.root)
    (sides.root / "lonely.duckdb").write_bytes((sides.root / "a" / "warehouse.duckdb").read_bytes())
    with pytest.raises(SluiceError, match=r"manifest\.json is not there"):
        side(str(sides.root / "lonely.duckdb"), None, sides.root)
    (sides.root / "b" / "warehouse.duckdb").write_text("no database at all, but a text that goes on for a while" * 100)
    with pytest.raises(SluiceError, match="cannot be read as a warehouse"):
        sides.diff()


def test_a_damaged_record_is_noted_and_rows_are_compared_without_it(sides: Sides, capsys: pytest.CaptureFixture[str]) -> None:
    sides.tables("select 1 as order_id", "select 2 as order_id")
    (sides.root / "a" / "release.json").write_text("{")
    assert [(one.status, one.told_by) for one in sides.diff().relations] == [("changed", "rows")]
    assert "the record of the release is not valid: Invalid JSON" in capsys.readouterr().err


@pytest.mark.parametrize(("base", "is_another"), [("20250101T000000Z-aaaaaa", False), ("20240101T000000Z-cccccc", True)])
def test_what_a_pull_request_did_not_build_is_as_in_its_base(sides: Sides, base: str, is_another: bool) -> None:
    """With a release that is not the base it can't be said that nothing changed since."""
    sides.tables("select 1 as order_id", "select 2 as order_id")
    sides.record("a", {})
    said = {"environment": "pr-12", "base": base, "whole": "", "built": [], "left_out": [], "failed": []}
    (sides.root / "b" / "slim.json").write_text(json.dumps(said))
    found = sides.relation()
    assert (found.status, found.told_by) == ("same", "base")
    told = found.detail or ""
    assert told.startswith(f"not built: as in {base}")
    assert ("is another release" in told, f"sluice diff {base}" in told) == (is_another, is_another)


def test_what_a_pull_request_failed_to_build_is_not_the_same(sides: Sides) -> None:
    sides.tables("select 1 as order_id", "select 1 as order_id")
    said = {"environment": "pr-12", "base": "b", "whole": "", "built": [], "left_out": [], "failed": ["core.orders"]}
    (sides.root / "b" / "slim.json").write_text(json.dumps(said))
    found = sides.relation()
    assert (found.status, found.detail) == ("unreadable", "it was to be built, and its build failed")
