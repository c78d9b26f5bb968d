"""Feeds whose files have other names, dates and numbers than the contract: what lands, and what is refused and why."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.helpers.lake import LakeOfOneFeed, contract
from tests.helpers.workbook import Cell, Number, workbook

from sluice.core.errors import SluiceError
from sluice.ingest.feeds import load_feeds

time = datetime.fromisoformat


def lake_by(folder: Path, columns: Mapping[str, str], keys: Mapping[str, Any]) -> LakeOfOneFeed:
    """A lake with one feed, which is read from a file as users write it."""
    (folder / "in").mkdir()
    promised = contract(columns)
    feed = {"source": "test", "table": "rows", "path": str(folder / "in" / "*"), **keys}
    (folder / "feeds.yml").write_text(yaml.safe_dump({"feeds": [feed]}, allow_unicode=True))
    (loaded,) = load_feeds([folder / "feeds.yml"], {}, {promised.name: promised})
    return LakeOfOneFeed(folder, promised, loaded)


DATES = [
    ("%d/%m/%Y", "31/01/2025", date(2025, 1, 31)),
    ("%d/%m/%Y", "1/2/2025", date(2025, 2, 1)),
    ("%d/%m/%Y", "2025-01-31", None),
    ("%d/%m/%Y", "31/02/2025", None),
    ("%d/%m/%Y", "01/31/2025", None),
    ("%d/%m/%Y", "01/02/25", None),
    ("%d/%m/%Y", "01/02/2025x", None),
    ("%d/%m/%Y", "01/02/0000", None),
    ("%m/%d/%Y", "01/31/2025", date(2025, 1, 31)),
    ("%d.%m.%y", "01.02.25", date(2025, 2, 1)),
    ("%d.%m.%y", "01.02.68", date(2068, 2, 1)),
    ("%d.%m.%y", "01.02.69", date(1969, 2, 1)),
    ("%Y%m%d", "20250131", date(2025, 1, 31)),
    ("%d %b %Y", "05 Mar 2025", date(2025, 3, 5)),
    ("%d %b %Y", "05 MAR 2025", date(2025, 3, 5)),
    ("%d %b %Y", "05 March 2025", None),
    ("%B %d, %Y", "December 5, 2025", date(2025, 12, 5)),
    ("%a, %d %b %Y", "Wed, 05 Mar 2025", date(2025, 3, 5)),
    ("%a, %d %b %Y", "Thu, 05 Mar 2025", None),
    ("%-d/%-m/%Y", "5/3/2025", date(2025, 3, 5)),
    ("%Y.%m.%d (%a)", "2025.03.05 (Wed)", date(2025, 3, 5)),
    ("%d/%m/%Y %H:%M", "05/03/2025 00:00", date(2025, 3, 5)),
    ("%d/%m/%Y %H:%M", "05/03/2025 10:00", None),
    (["%d/%m/%Y", "%Y-%m-%d"], "2025-03-05", date(2025, 3, 5)),
    (["%d/%m/%Y", "%m/%d/%Y"], "01/02/2025", date(2025, 2, 1)),
]
TIMES = [
    ("%d/%m/%Y %H:%M", "05/02/2025 10:11", time("2025-02-05 10:11:00")),
    ("%d/%m/%Y %H:%M:%S", "05/02/2025 10:11:12", time("2025-02-05 10:11:12")),
    ("%d/%m/%Y %H:%M:%S", "05/02/2025 10:11", None),
    ("%d/%m/%Y %H:%M:%S.%f", "05/02/2025 10:11:12.5", time("2025-02-05 10:11:12.500000")),
    ("%d/%m/%Y %H:%M:%S.%f", "05/02/2025 10:11:12.1234567", None),
    ("%d/%m/%Y %I:%M %p", "05/02/2025 12:11 am", time("2025-02-05 00:11:00")),
    ("%d/%m/%Y %I:%M %p", "05/02/2025 12:11 PM", time("2025-02-05 12:11:00")),
    ("%d/%m/%Y %I:%M %p", "05/02/2025 13:11 PM", None),
    ("%Y%m%dT%H%M%S%z", "20250205T101112+0530", time("2025-02-05 04:41:12")),
    ("%Y-%m-%dT%H:%M:%S%z", "2025-02-05T10:11:12Z", time("2025-02-05 10:11:12")),
    ("%d/%m/%Y %H:%M", "05/02/2025 24:01", None),
    ("%d/%m/%Y", "05/02/2025", time("2025-02-05 00:00:00")),
]
GERMAN = {"decimal": ",", "thousands": ".", "signs": ["€", "EUR"]}
NUMBERS = [
    (GERMAN, "decimal(12,2)", "1.234,50", Decimal("1234.50")),
    (GERMAN, "decimal(12,2)", "1234,5", Decimal("1234.50")),
    (GERMAN, "decimal(12,2)", "12.50", None),
    (GERMAN, "decimal(12,2)", "1.23", None),
    (GERMAN, "decimal(12,2)", "1.2345,00", None),
    (GERMAN, "decimal(12,2)", "0,005", None),
    (GERMAN, "decimal(12,2)", "1.234.567", Decimal("1234567.00")),
    (GERMAN, "decimal(12,2)", "€ 5", Decimal("5.00")),
    (GERMAN, "decimal(12,2)", "-5,10 €", Decimal("-5.10")),
    (GERMAN, "decimal(12,2)", "€-5", Decimal("-5.00")),
    (GERMAN, "decimal(12,2)", "5 EUR", Decimal("5.00")),
    (GERMAN, "decimal(12,2)", "5 USD", None),
    (GERMAN, "decimal(12,2)", "€", None),
    (GERMAN, "decimal(12,2)", ",5", Decimal("0.50")),
    (GERMAN, "bigint", "1.234", 1234),
    (GERMAN, "bigint", "1,5", None),
    (GERMAN, "double", "1,5e3", 1500.0),
    (GERMAN, "double", "0,1", 0.1),
    ({"thousands": ","}, "decimal(12,2)", "1,234.50", Decimal("1234.50")),
    ({"thousands": ","}, "decimal(12,2)", "1,23", None),
    ({"thousands": " "}, "decimal(12,2)", "1\u00a0234 567.5", Decimal("1234567.50")),
    ({"thousands": "'"}, "integer", "1'234", 1234),
    ({"signs": ["$"]}, "decimal(12,2)", "$12.34", Decimal("12.34")),
    ({"signs": ["."]}, "decimal(12,2)", "1.5", Decimal("1.50")),
    ({"decimal": ","}, "decimal(12,2)", "1.5", None),
]


CASES = [
    *(("date", {"format": pattern}, text, value) for pattern, text, value in DATES),
    *(("timestamp", {"format": pattern}, text, value) for pattern, text, value in TIMES),
    *((kind, keys, text, value) for keys, kind, text, value in NUMBERS),
]


def delivered(format: str) -> str | bytes:
    """A row for each case, in which only the column of that case has a value."""
    rows = [
        {f"v{place}": text if place == number else None for place in range(len(CASES))}
        for number, (_, _, text, _) in enumerate(CASES)
    ]
    if format == "json":
        return "".join(json.dumps(row) + "\n" for row in rows)
    if format == "csv":
        header = ";".join(rows[0])
        return "\n".join([header, *(";".join(text or "" for text in row.values()) for row in rows), ""])
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in rows[0]])), out)
    return out.getvalue()


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_values_written_in_the_feeds_way_land_exactly_or_say_why(tmp_path: Path, format: str) -> None:
    columns = {f"v{number}": kind for number, (kind, *_) in enumerate(CASES)}
    keys = {f"v{number}": keys for number, (_, keys, *_) in enumerate(CASES)}
    lake = lake_by(tmp_path, columns, {"format": format, "columns": keys, **({"delimiter": ";"} if format == "csv" else {})})
    lake.deliver(f"a.{format}", delivered(format))
    assert lake.ingest().refused == ()
    landed = {row[-1]: row[:-1] for row in lake.query(f"select {', '.join(columns)}, _position from {{raw}}")}
    refused = {place: rest for place, *rest in lake.query("select _position, column_name, detail from {quarantine}")}
    for number, (kind, how, text, value) in enumerate(CASES):
        case = (kind, how, text)
        if value is None:
            column, detail = refused[number + 1]
            assert column == f"v{number}", case
            assert detail.startswith(f"v{number}: {text} does not fit {kind} written "), (case, detail)
        else:
            assert (case, landed[number + 1][number]) == (case, value)
    assert len(landed) + len(refused) == len(CASES)


CONTRACT = {"order_id": "bigint!", "day": "date", "placed_at": "timestamp", "price": "decimal(12,2)", "note": "varchar"}
KEYS = {
    "trim": True,
    "null_text": ["", "n/a"],
    "decimal": ",",
    "date_format": "%d/%m/%Y",
    "columns": {
        "order_id": {"from": "Order No."},
        "placed_at": {"from": "Date", "format": "%d/%m/%Y %H:%M"},
        "price": {"decimal": ".", "thousands": ","},
        "note": {"null_text": "-", "trim": False},
    },
}
LANDED = [
    (1, date(2025, 1, 31), time("2025-02-05 10:11:00"), Decimal("1234.50"), " x "),
    (2, None, None, Decimal("5.00"), None),
]


def test_names_keys_of_one_column_and_of_all_in_csv(tmp_path: Path) -> None:
    lake = lake_by(tmp_path, CONTRACT, {"format": "csv", "skip": 2, "delimiter": ";", **KEYS})
    lake.deliver(
        "a.csv",
        "Report, made by hand;\n\nORDER NO.;Date;Day;price;note\n1; 05/02/2025 10:11;31/01/2025;1,234.50; x \n"
        "2;n/a; ;5;-\n3;;;1,5;\nx;;2025-01-01;;\n9;1\n",
    )
    report = lake.ingest()
    assert (report.rows_landed, report.refused) == (2, ())
    assert lake.query("select order_id, day, placed_at, price, note from {raw} order by 1") == LANDED
    assert lake.query("select column_name, original_text, _position from {quarantine} order by _position") == [
        ("price", "3;;;1,5;", 3),
        ("order_id", "x;;2025-01-01;;", 4),
        (None, "9;1", 5),
    ]
    ((detail,),) = lake.query("select detail from {quarantine} where _position = 4")
    assert detail == (
        "order_id: x does not fit bigint written with the decimal sign ','; day: 2025-01-01 does not fit date written as %d/%m/%Y"
    )


def test_names_keys_of_one_column_and_of_all_in_json_where_numbers_are_numbers(tmp_path: Path) -> None:
    lake = lake_by(tmp_path, CONTRACT, {"format": "json", **KEYS})
    lake.deliver(
        "a.jsonl",
        '{"Order No.": 1, "Date": "05/02/2025 10:11", "day": "31/01/2025", "price": "1,234.50", "note": " x "}\n'
        '{"Order No.": "2", "Date": "n/a", "day": " ", "price": 5.00, "note": "-"}\n'
        '{"Order No.": 3, "Date": null, "day": null, "price": 1.234, "note": null}\n',
    )
    lake.deliver("b.jsonl", '{"order_id": 1, "Date": null, "day": null, "price": null, "note": null}\n')
    report = lake.ingest()
    ((_, why),) = report.refused
    assert "order_id is in the file, though the feed takes it from 'Order No.'" in why
    assert lake.query("select order_id, day, placed_at, price, note from {raw} order by 1") == LANDED
    assert lake.query("select column_name, _position from {quarantine}") == [("price", 3)]


def test_names_keys_of_one_column_and_of_all_in_parquet_where_only_text_is_read_so(tmp_path: Path) -> None:
    lake = lake_by(tmp_path, CONTRACT, {"format": "parquet", **KEYS})
    table = {"Order No.": [1, 2, 3], "Date": ["05/02/2025 10:11", "n/a", None], "day": ["31/01/2025", " ", "2025-01-01"]}
    out = io.BytesIO()
    pq.write_table(pa.table({**table, "price": ["1,234.50", "5", None], "note": [" x ", "-", None], "t0": [1, 2, 3]}), out)
    lake.deliver("a.parquet", out.getvalue())
    out = io.BytesIO()
    typed = {
        "Order No.": [4],
        "Date": [time("2025-01-01 00:00:00")],
        "day": [date(2025, 1, 2)],
        "price": [Decimal("1.50")],
        "note": ["y"],
    }
    pq.write_table(pa.table(typed), out)
    lake.deliver("b.parquet", out.getvalue())
    assert lake.ingest().refused == ()
    landed = [*LANDED, (4, date(2025, 1, 2), time("2025-01-01 00:00:00"), Decimal("1.50"), "y")]
    assert lake.query("select order_id, day, placed_at, price, note from {raw} order by 1") == landed
    assert lake.query("select column_name, _position from {quarantine}") == [("day", 3)]


def test_a_name_that_is_not_delivered_refuses_the_file_and_names_it(tmp_path: Path) -> None:
    lake = lake_by(tmp_path, {"order_id": "bigint"}, {"format": "csv", "columns": {"order_id": {"from": "Order No."}}})
    lake.deliver("a.csv", "order_id\n1\n")
    ((_, why),) = lake.ingest().refused
    assert "order_id is in the file, though the feed takes it from 'Order No.'" in why
    assert "'Order No.', from which the feed takes order_id, is missing" in why


ROWS: list[list[Cell]] = [
    ["Orders of January", None],
    [],
    ["Order No.", "Day", "Placed_At", "Price", "Paid", "Note", None, "More"],
    ["A-1", Number("45658", 1), Number("45658.520833333336", 2), Number("12.1"), True, "x"],
    [],
    [Number("7"), "31/01/2025", "2025-01-31 10:00:00", Number("1E+3"), False, "", None, "y"],
    ["A-2", Number("59", 1), None, None, None, None],
    ["A-3", Number("45658.5", 1), None, None, None, None],
    ["A-4", None, "45658,5", Number("12.1000000000000014"), "maybe", None],
    ["A-5", None, Number("2958466", 2), None, None, None],
]
SHEET = {
    "order_id": "varchar!",
    "day": "date",
    "placed_at": "timestamp",
    "price": "decimal(12,2)",
    "paid": "boolean",
    "note": "varchar",
}
EXCEL = {
    "format": "excel",
    "sheet": "Orders & more",
    "range": "A3",
    "date_format": "%d/%m/%Y",
    "columns": {"order_id": {"from": "Order No."}},
}


FAULTS = (
    "placed_at: 45658,5 does not fit timestamp; price: 12.1000000000000014 does not fit decimal(12,2); "
    "paid: maybe does not fit boolean"
)


def test_a_workbooks_cells_land_with_every_digit_and_its_numbers_of_days_as_days(tmp_path: Path) -> None:
    lake = lake_by(tmp_path, SHEET, EXCEL)
    lake.deliver("a.xlsx", workbook({"First": [["id"], ["q"]], "Orders & more": ROWS}))
    report = lake.ingest()
    assert (report.refused, report.new_columns) == ((), ("more",))
    assert lake.query("select order_id, day, placed_at, price, paid, note, more, _position from {raw} order by _position") == [
        ("A-1", date(2025, 1, 1), time("2025-01-01 12:30:00"), Decimal("12.10"), True, "x", None, 1),
        ("7", date(2025, 1, 31), time("2025-01-31 10:00:00"), Decimal("1000.00"), False, None, "y", 3),
    ]
    assert lake.query("select _position, column_name, detail from {quarantine} order by 1") == [
        (4, "day", "day: 59 does not fit date written as %d/%m/%Y"),
        (5, "day", "day: 45658.5 does not fit date written as %d/%m/%Y"),
        (6, "placed_at", FAULTS),
        (7, "placed_at", "placed_at: 2958466 does not fit timestamp"),
    ]  # fmt: skip


def test_a_workbook_that_counts_from_1904_says_so_itself(tmp_path: Path) -> None:
    lake = lake_by(tmp_path, {"day": "date"}, {"format": "excel"})
    lake.deliver("a.xlsx", workbook({"S": [["day"], [Number("0", 1)], [Number("44196", 1)]]}, since_1904=True))
    lake.ingest()
    assert lake.query("select day from {raw} order by 1") == [(date(1904, 1, 1),), (date(2025, 1, 1),)]


@pytest.mark.parametrize(
    ("keys", "content", "says"),
    [
        ({"sheet": "Nope"}, workbook({"Orders": [["id"]]}), "the workbook has no sheet 'Nope'; it has 'Orders'"),
        ({}, workbook({"S": [["id", None], ["1", "x"]]}), "column B has values, but no name in the header at A1"),
        ({}, workbook({"S": [["id", "Id"], ["1", "x"]]}), "the header names id twice"),
        ({"range": "A9"}, workbook({"S": [["id"], ["1"]]}), "the sheet is empty, without even a header at A9"),
        ({}, workbook({"S": [["other"], ["1"]]}), "columns that the contract promises are missing: id; found other"),
        ({}, b"id\n1\n", "not readable as a workbook (xlsx)"),
    ],
)
def test_a_workbook_of_another_shape_is_refused_alone(tmp_path: Path, keys: Mapping[str, Any], content: bytes, says: str) -> None:
    lake = lake_by(tmp_path, {"id": "varchar"}, {"format": "excel", **keys})
    lake.deliver("a.xlsx", content)
    lake.deliver(
        "b.xlsx", workbook({"Orders": [["id"]] + [[]] * 7 + [["id"], ["ok"]], **({"Nope": [["id"], ["ok"]]} if keys else {})})
    )
    report = lake.ingest()
    assert [(label, says in why) for label, why in report.refused] == [("a.xlsx", True)], report.refused
    assert lake.query("select distinct _file from {raw}") == [("b.xlsx",)]


MISTAKES = [
    ({"date_format": "%d/%m/%Q"}, "unknown %Q", ""),
    ({"date_format": "%d/%m"}, "has no %Y", ""),
    ({"timestamp_format": "%d/%m/%Y %I:%M"}, "needs both %I and %p", ""),
    ({"timestamp_format": "%d/%m/%Y :%M"}, "has the minute without the hour", ""),
    ({"date_format": "%d/%m/%Y %y"}, "has the year twice", ""),
    ({"decimal": ",", "thousands": ","}, "`decimal` and `thousands` are both ','", "set both"),
    ({"thousands": "."}, "`decimal` and `thousands` are both '.'", "decimal: ','"),
    ({"decimal": "1"}, "has to be one character", ""),
    ({"decimal": ",,"}, "has to be one character", ""),
    ({"signs": "-"}, "'-' is not a currency sign or unit", ""),
    ({"columns": {"nope": {"trim": True}}}, "`nope` is not a column of test.rows", "its columns: id, price, day"),
    ({"columns": {"id": {"format": "%d/%m/%Y"}}}, "`format` means nothing for id, which is varchar", ""),
    ({"columns": {"day": {"decimal": ","}}}, "`decimal` means nothing for day, which is date", ""),
    ({"columns": {"price": {"thousands": "."}}}, "`decimal` and `thousands` are both '.'", "set both"),
    ({"columns": {"price": {"from": "ID"}}}, "id and price both come from 'ID'", "once"),
    ({"columns": {"price": {"fron": "P"}}}, "unknown key 'columns.price.fron'", "did you mean from?"),
    ({"skip": -1}, "`skip` should be greater than or equal to 0", ""),
]


@pytest.mark.parametrize(("keys", "says", "hint"), MISTAKES)
def test_a_format_that_cannot_work_is_a_mistake_of_the_feeds_file(
    tmp_path: Path, keys: Mapping[str, Any], says: str, hint: str
) -> None:
    with pytest.raises(SluiceError) as refused:
        lake_by(tmp_path, {"id": "varchar", "price": "decimal(12,2)", "day": "date"}, {"format": "csv", **keys})
    assert says in refused.value.what
    assert hint in refused.value.hint
    name, _, line = refused.value.where.rpartition(":")
    written = (tmp_path / "feeds.yml").read_text().splitlines()[int(line) - 1]
    assert name.endswith("feeds.yml")
    assert any(key in written for key in _words(keys)), (written, refused.value.where)


def _words(keys: Any) -> set[str]:
    return set(keys).union(*(_words(value) for value in keys.values())) if isinstance(keys, dict) else set()
