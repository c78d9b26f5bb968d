"""A type is proposed only where every value seen fits it; where that is in doubt it is text, with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.helpers.new_source import looked_at

from sluice.source.facts import ColumnFacts
from sluice.source.types import TypeChoice, choose


def column(folder: Path, name: str, *values: str) -> ColumnFacts:
    """What is seen of a column beside a number, in a CSV file with semicolons."""
    rows = [f'{number};"{value}"' for number, value in enumerate(values)]
    (folder / "rows.csv").write_text("\n".join([f"line;{name}", *rows]) + "\n", encoding="utf-8")
    (found,) = looked_at(folder / "rows.csv")
    return found.column(name)


def chosen(folder: Path, name: str, *values: str) -> TypeChoice:
    return choose(column(folder, name, *values))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("n", ["1", "-20", "+3"], "bigint"),
        ("n", ["17850.0", "13047.0"], "bigint"),  # a number that a data frame exported as a float
        ("n", ["1234567890123456789"], "varchar"),  # more digits than are safe
        ("n", ["007", "12"], "varchar"),
        ("postcode", ["10115", "20095"], "varchar"),
        ("billing_zip", ["10115", "20095"], "varchar"),
        ("price", ["1", "20"], "decimal(18,2)"),  # amounts, though these are whole
        ("price", ["1.5", "20.25", "3"], "decimal(18,2)"),
        ("price", ["1.5", "20.125"], "decimal(18,3)"),
        ("price", ["1.0", "2.0"], "decimal(18,2)"),
        ("score", ["0.1234567891", "1"], "double"),
        ("score", ["1e-7", "0.5"], "double"),
        ("n", ["12", "A12"], "varchar"),
        ("n", ["", ""], "varchar"),
        ("flag", ["t", "f", "t"], "boolean"),
        ("flag", ["0", "1"], "bigint"),
        ("day", ["2024-01-31", "2024-02-01"], "date"),
        ("day", ["2024-01-31", "2024-02-01 10:00:00"], "timestamp"),
        ("at", ["2024-01-31T10:00:00Z", "2024-01-31T10:00:00.123+02:00"], "timestamp"),
        ("at", ["2024-13-31T10:00:00Z", "2024-01-31T10:00:00Z"], "varchar"),  # there is no month 13
        ("day", ["2024-01-31", "soon"], "varchar"),
        ("ip", ["10.0.0.1", "10.100.100.100"], "varchar"),
    ],
)
def test_without_a_word_in_the_feed(tmp_path: Path, name: str, values: list[str], expected: str) -> None:
    choice = chosen(tmp_path, name, *values)
    assert (choice.type, dict(choice.feed), choice.ask) == (expected, {}, "")


@pytest.mark.parametrize(
    ("name", "values", "expected", "feed"),
    [
        ("betrag", ["1,5", "20,25"], "decimal(18,2)", {"decimal": ","}),
        ("betrag", ["1.234,50", "20,25"], "decimal(18,2)", {"decimal": ",", "thousands": "."}),
        ("betrag", ["1.234", "20,25"], "decimal(18,2)", {"decimal": ",", "thousands": "."}),
        ("amount", ["1,234.50", "20.25"], "decimal(18,2)", {"thousands": ","}),
        ("amount", ["€ 1.50", "€ 20.25"], "decimal(18,2)", {"signs": ["€"]}),
        ("amount", ["-£1.50", "20.25 GBP"], "decimal(18,2)", {"signs": ["GBP", "£"]}),
        ("n", ["1", "NA", "n/a", "3"], "bigint", {"null_text": ["NA", "n/a"]}),
        ("day", ["31/01/2024", "01/02/2024"], "date", {"format": "%d/%m/%Y"}),
        ("day", ["01/31/2024", "01/02/2024"], "date", {"format": "%m/%d/%Y"}),
        ("day", ["31.01.24", "01.02.24"], "date", {"format": "%d.%m.%y"}),
        ("day", ["31-JAN-2024", "01-Feb-2024"], "date", {"format": "%d-%b-%Y"}),
        ("at", ["31.01.2024 08:15", "01.02.2024 23:59"], "timestamp", {"format": "%d.%m.%Y %H:%M"}),
        ("at", ["1/31/2024 8:15:00 PM", "2/1/2024 11:59:00 AM"], "timestamp", {"format": "%m/%d/%Y %I:%M:%S %p"}),
    ],
)
def test_with_a_word_in_the_feed(tmp_path: Path, name: str, values: list[str], expected: str, feed: dict[str, object]) -> None:
    choice = chosen(tmp_path, name, *values)
    assert (choice.type, dict(choice.feed), choice.ask) == (expected, feed, "")


@pytest.mark.parametrize(
    ("name", "values", "doubt"),
    [
        ("day", ["01/02/2024", "03/04/2024"], "%d/%m/%Y or %m/%d/%Y"),
        ("amount", ["1,234", "5,678"], "a thousand or a fraction"),
        ("amount", ["1.234", "12"], "a thousand or a fraction"),
    ],
)
def test_what_can_be_read_in_two_ways_is_text_and_asked_about(tmp_path: Path, name: str, values: list[str], doubt: str) -> None:
    choice = chosen(tmp_path, name, *values)
    assert choice.type == "varchar"
    assert doubt in choice.ask


def test_one_other_value_among_many_is_seen(tmp_path: Path) -> None:
    choice = chosen(tmp_path, "n", *map(str, range(1, 5000)), "C100")
    assert (choice.type, choice.sure) == ("varchar", "mixed: 4,999 integer, 1 text")


def test_how_sure_it_is_counts_values_not_rows(tmp_path: Path) -> None:
    found = column(tmp_path, "n", "1", "", "3")
    assert (choose(found).sure, found.empty) == ("2 of 2 are whole numbers", 1)


def test_json_tells_text_from_numbers_and_keeps_nested_values(tmp_path: Path) -> None:
    rows = [
        {"id": "100", "price": 1.125, "at": "2024-01-31T10:00:00Z", "ok": True, "who": {"name": "a", "age": 3}, "tags": ["x"]},
        {"id": "200", "price": 2, "at": "2024-02-01T10:00:00Z", "ok": False, "who": {"name": "b", "age": 4}, "tags": []},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (found,) = looked_at(tmp_path / "rows.jsonl")
    assert {one.name: choose(one).type for one in found.columns} == {
        "id": "varchar",
        "price": "decimal(18,3)",  # in JSON, a point never marks thousands
        "at": "timestamp",
        "ok": "boolean",
        "who": 'struct("name" varchar, age bigint)',
        "tags": "varchar[]",
    }
