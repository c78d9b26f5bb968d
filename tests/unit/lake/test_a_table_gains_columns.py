"""A Delta table gains columns, and fields inside structs; it never changes the type of one, and loses none."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.lake import schema_evolution

OLD = {"id": "bigint", "place": "struct(city varchar)", "files": "struct(name varchar)[]"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A table with one row."""
    path = tmp_path / "table"
    schema_evolution.grow(path, schema_evolution.schema_of(OLD), "the test wants")
    with connect() as connection:
        row = connection.sql("select 1::bigint as id, {city: 'Bonn'} as place, [{name: 'a'}] as files").to_arrow_table()
    write_deltalake(str(path), row, mode="append")
    return path


def grow(path: Path, **columns: str) -> int:
    """Ask for these columns; the version of the table after that."""
    schema_evolution.grow(path, schema_evolution.schema_of({**OLD, **columns}), "the test wants")
    return DeltaTable(str(path)).version()


def test_what_is_there_already_makes_no_version(path: Path) -> None:
    assert grow(path) == grow(path) == 1


def test_columns_and_fields_are_added_in_one_version_and_read_as_null(path: Path) -> None:
    wider = {"note": "varchar", "place": "struct(city varchar, code integer)", "files": "struct(name varchar, rows bigint)[]"}
    assert grow(path, **wider) == grow(path, **wider) == 2
    with connect(extensions=["delta"]) as connection:
        rows = connection.execute(f"select id, place, files, note from delta_scan('{path}')").fetchall()
    assert rows == [(1, {"city": "Bonn", "code": None}, [{"name": "a", "rows": None}], None)]


def test_a_name_may_hold_a_point(path: Path) -> None:
    assert grow(path, **{"a.b": "varchar"}) == grow(path, **{"a.b": "varchar"}) == 2
    assert "a.b" in [field.name for field in DeltaTable(str(path)).schema().fields]


def test_what_only_the_table_has_stays(path: Path) -> None:
    grow(path, note="varchar")
    assert grow(path) == 2
    assert [field.name for field in DeltaTable(str(path)).schema().fields] == ["id", "place", "files", "note"]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"id": "integer"}, "the lake holds column id as long, the test wants integer"),
        ({"id": "struct(a integer)"}, "the lake holds column id as long, the test wants struct"),
        ({"place": "varchar"}, "the lake holds column place as struct, the test wants string"),
        ({"place": "struct(city integer)"}, "the lake holds column place.city as string, the test wants integer"),
        ({"files": "struct(name double)[]"}, "the lake holds column files.[].name as string, the test wants double"),
    ],
)
def test_another_type_is_an_error(path: Path, columns: dict[str, str], says: str) -> None:
    with pytest.raises(SluiceError, match=says.replace("[", r"\[").replace("]", r"\]")):
        grow(path, **columns)
    assert DeltaTable(str(path)).version() == 1
