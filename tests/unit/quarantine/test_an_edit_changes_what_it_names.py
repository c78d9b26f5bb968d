"""A correction changes the columns that are named, and nothing else; a column that is not there is an error."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.core.errors import SluiceError
from sluice.quarantine.edit import Edit, corrected
from sluice.quarantine.report import guess

TYPES = {
    "id": "bigint",
    "note": "varchar",
    "money": "struct(amount decimal(12,2), place struct(city varchar))",
    "tags": "varchar[]",
    "odd.name": "varchar",
}
ROW = {"id": "1", "note": "x", "money": {"amount": "1.50", "place": {"city": "Ulm"}}, "tags": ["a"]}


def edited(start: dict[str, Any] | None = ROW, whole: Any = None, unset: tuple[str, ...] = (), **sets: str) -> dict[str, Any]:
    named = {name.replace("__", "."): value for name, value in sets.items()}
    return corrected(start, Edit(whole, named, unset), TYPES)


def test_a_column_is_set_as_text() -> None:
    assert edited(id="007") == {**ROW, "id": "007"}
    assert edited(note="") == {**ROW, "note": ""}
    assert edited(note='{"a": 1}') == {**ROW, "note": '{"a": 1}'}


def test_a_column_can_be_made_null_which_is_absent() -> None:
    assert edited(unset=("note", "money.place.city")) == {"id": "1", "money": {"amount": "1.50", "place": {}}, "tags": ["a"]}


def test_a_field_inside_is_set_and_its_neighbours_stay() -> None:
    assert edited(money__place__city="Bonn")["money"] == {"amount": "1.50", "place": {"city": "Bonn"}}
    assert edited({"id": "1"}, money__place__city="Bonn")["money"] == {"place": {"city": "Bonn"}}


def test_structs_and_lists_take_json_with_every_digit() -> None:
    assert edited(tags='["b", "c"]')["tags"] == ["b", "c"]
    assert edited(money='{"amount": 12345678901234567.89}')["money"] == {"amount": "12345678901234567.89"}
    assert edited(tags="not json")["tags"] == "not json", "ingest will refuse it, and say so"


def test_a_name_with_a_dot_is_a_column_first() -> None:
    assert edited(odd__name="y")["odd.name"] == "y"


def test_a_whole_row_replaces_what_was_there() -> None:
    assert edited(whole={"id": 5, "note": None}) == {"id": 5}
    assert edited(start=None, whole={"id": 5}, note="y") == {"id": 5, "note": "y"}


def test_the_row_it_began_with_is_left_alone() -> None:
    before = {"id": "1", "money": {"place": {"city": "Ulm"}}}
    edited(before, money__place__city="Bonn")
    assert before == {"id": "1", "money": {"place": {"city": "Ulm"}}}


@pytest.mark.parametrize("name", ["nope", "money.nope", "money.place.nope", "note.inner", "id."])
def test_a_column_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(SluiceError, match="no column"):
        corrected(ROW, Edit(None, {name: "1"}, ()), TYPES)
    with pytest.raises(SluiceError, match="no column"):
        corrected(ROW, Edit(None, {}, (name,)), TYPES)


def test_without_a_row_to_begin_with_one_has_to_be_given() -> None:
    with pytest.raises(SluiceError, match="no column can be changed"):
        edited(start=None, note="y")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,two,3", {"a": "1", "b": "two", "c": "3"}),
        ('1,"t,wo",', {"a": "1", "b": "t,wo", "c": None}),
        ("1;two;3", {"a": "1", "b": "two", "c": "3"}),
        ("1,two", {"a": "1", "b": "two", "c": None}),
        ("1,two,3,?,?", {"a": "1", "b": "two", "c": "3"}),
        ("garbage", {"a": None, "b": None, "c": None}),
        (None, {"a": None, "b": None, "c": None}),
    ],
)
def test_a_broken_record_is_guessed_in_the_order_of_the_contract(text: str | None, expected: dict[str, str | None]) -> None:
    assert guess(text, ("a", "b", "c")) == expected
