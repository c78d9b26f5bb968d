"""read = landed + quarantined, per file, whatever is wrong with a record; and the record can be found again."""

from __future__ import annotations

from typing import Any

import pytest

ORDERS = {"id": "bigint!", "quantity": "integer", "price": "decimal(12,2)", "at": "timestamp", "note": "varchar!"}
GOOD = "2,3,1.50,2025-01-02 03:04:05,fine"


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        ("1,three,1.00,2025-01-01 00:00:00,x", "wrong_type", "quantity"),
        ("1,1.5,1.00,2025-01-01 00:00:00,x", "wrong_type", "quantity"),
        ("1,1,1.005,2025-01-01 00:00:00,x", "wrong_type", "price"),
        ("1,1,1.00,last week,x", "wrong_type", "at"),
        ("12345678901234567890123,1,1.00,,x", "wrong_type", "id"),
        (",1,1.00,2025-01-01 00:00:00,x", "missing_key", "id"),
        ('1,1,1.00,2025-01-01 00:00:00,""', "missing_key", "note"),
        ("1,1,1.00", "malformed", None),
        ("1,1,1.00,2025-01-01 00:00:00,x,y,z", "malformed", None),
        ('1,1,1.00,2025-01-01 00:00:00,"a"b"', "malformed", None),
    ],
)
def test_a_csv_record_that_breaks_the_contract_keeps_text_origin_and_reason(
    lake_of: Any, line: str, reason: str, column: str | None
) -> None:
    lake = lake_of(ORDERS)
    lake.deliver("a.csv", f"id,quantity,price,at,note\n{GOOD}\n{line}\n{GOOD}\n")
    report = lake.ingest()
    assert (report.rows_read, report.rows_landed, report.rows_quarantined, report.refused) == (3, 2, 1, ())
    assert report.reasons == {reason: 1}
    assert lake.query("select original_text, reason, column_name, _file, _position from {quarantine}") == [
        (line, reason, column, "a.csv", 2)
    ]
    assert lake.query("select _file, _position from {raw} order by 2") == [("a.csv", 1), ("a.csv", 3)]


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        ('{"id": "x", "note": "n"}', "wrong_type", "id"),
        ('{"id": 1.5, "note": "n"}', "wrong_type", "id"),
        ('{"id": 1}', "missing_key", "note"),
        ('{"id": 1, "note": null}', "missing_key", "note"),
        ('{"id": 1, "note": "n"', "malformed", None),
        ("[1]", "malformed", None),
        ('{"id": 1, "note": "n", "money": {"value": "abc"}}', "wrong_type", "money"),
        ('{"id": 1, "note": "n", "money": {"value": 1.005}}', "wrong_type", "money"),
        ('{"id": 1, "note": "n", "money": "12 EUR"}', "wrong_type", "money"),
        ('{"id": 1, "note": "n", "tags": "red"}', "wrong_type", "tags"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_json_record_that_breaks_the_contract_keeps_text_origin_and_reason(
    lake_of: Any, line: str, reason: str, column: str | None, name: str
) -> None:
    lake = lake_of(
        {"id": "bigint!", "note": "varchar!", "money": "struct(value decimal(12,2), currency varchar)", "tags": "varchar[]"},
        format="json",
    )
    good = '{"id": 7, "note": "é, \\"quoted\\"", "money": {"value": 1.5, "currency": "EUR"}, "tags": ["a", "b"]}'
    lake.deliver(name, f"{good}\n{line}\n\n{good}")
    report = lake.ingest()
    assert (report.rows_read, report.rows_landed, report.rows_quarantined, report.refused) == (3, 2, 1, ())
    assert lake.query("select original_text, reason, column_name, _file, _position from {quarantine}") == [
        (line, reason, column, name, 2)
    ]
    assert lake.query("select id, note, money.value::varchar, tags, _position from {raw} order by _position") == [
        (7, 'é, "quoted"', "1.50", ["a", "b"], 1),
        (7, 'é, "quoted"', "1.50", ["a", "b"], 4),
    ]


def test_a_struct_that_is_null_in_json_is_null(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!", "money": "struct(value decimal(12,2), at_place struct(city varchar))"}, format="json")
    lake.deliver("a.jsonl", '{"id": 1, "money": null}\n{"id": 2, "money": {"value": 1, "at_place": null}}\n{"id": 3}\n')
    assert lake.ingest().rows_quarantined == 0
    assert lake.query("select id, money is null, money.value::varchar, money.at_place.city from {raw} order by id") == [
        (1, True, None, None),
        (2, False, "1.00", None),
        (3, True, None, None),
    ]


def test_a_parquet_row_that_breaks_the_contract_is_shown_as_json(lake_of: Any, duck: Any) -> None:
    lake = lake_of({"id": "bigint!", "quantity": "integer"}, format="parquet")
    path = lake.deliver("a.parquet", "")
    duck.execute(f"copy (from (values (1::bigint, 1.0::double), (null, 2.0), (3, 2.5)) t(id, quantity)) to '{path}'")
    report = lake.ingest()
    assert (report.rows_read, report.rows_landed, report.rows_quarantined) == (3, 1, 2)
    assert lake.query("select reason, column_name, original_text, _position from {quarantine} order by _position") == [
        ("missing_key", "id", '{"id":null,"quantity":2.0}', 2),
        ("wrong_type", "quantity", '{"id":3,"quantity":2.5}', 3),
    ]


def test_positions_count_refused_records_too(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!", "n": "integer"})
    records = ["x,1" if number % 7 == 0 else f"{number},{number}" for number in range(1, 2001)]
    lake.deliver("a.csv", "id,n\n" + "\n".join(records) + "\n")
    lake.deliver("b.csv", "id,n\n" + "\n".join(f"{number},{number}" for number in range(1, 50)) + "\n")
    lake.ingest()
    assert lake.query("select count(*) from {raw} where id <> _position") == [(0,)]
    assert lake.query("select count(*), min(_position), max(_position) from {quarantine}") == [(285, 7, 1995)]


def test_positions_hold_in_a_file_of_many_buffers(lake_of: Any) -> None:
    """DuckDB reads a large file in pieces of 32 MB, on several threads."""
    lake = lake_of({"id": "bigint!", "filler": "varchar"})
    path = lake.deliver("a.csv", "")
    filler = "x" * 200
    with path.open("w") as file:
        file.write("id,filler\n")
        file.writelines(f"{'bad' if number % 100_000 == 0 else number},{filler}\n" for number in range(1, 400_001))
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined) == (399_996, 4)
    assert lake.query("select count(*) from {raw} where id <> _position") == [(0,)]
    assert lake.query("select _position from {quarantine} order by 1") == [(100_000,), (200_000,), (300_000,), (400_000,)]


def test_the_batch_record_agrees_with_what_is_in_the_lake(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"})
    lake.deliver("a.csv", "id\n1\nx\n")
    lake.deliver("b.csv", "id\n3\n")
    lake.ingest()
    assert lake.query(
        "select rows_read, rows_landed, rows_quarantined, reasons, list_transform(files, f -> [f.file, f.rows_read::varchar])"
        " from {batches}"
    ) == [(3, 2, 1, [{"reason": "wrong_type", "rows": 1}], [["a.csv", "2"], ["b.csv", "1"]])]
    assert lake.query("select count(*) from {raw} join {batches} on _batch_id = batch_id") == [(2,)]


def test_a_record_over_several_lines_is_read_as_one(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!", "note": "varchar"})
    lake.deliver("a.csv", 'id,note\n1,"two\nlines"\n,"again\ntwo"\n3,x\n')
    report = lake.ingest()
    assert (report.rows_read, report.rows_landed, report.rows_quarantined) == (3, 2, 1)
    assert lake.query("select original_text, _position from {quarantine}") == [('{"id":null,"note":"again\\ntwo"}', 2)]


def test_line_ends_of_windows_and_a_missing_last_one(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!", "note": "varchar"})
    lake.deliver("a.csv", "id,note\r\n1,a\r\nx,b\r\n3,c")
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined) == (2, 1)
    assert lake.query("select note from {raw} order by id") == [("a",), ("c",)]
    assert lake.query("select original_text from {quarantine}") == [("x,b",)]


def test_a_contract_of_text_only(lake_of: Any) -> None:
    lake = lake_of({"a": "varchar", "b": "varchar"})
    lake.deliver("a.csv", "a,b\nx,\n,y\n")
    assert lake.ingest().rows_landed == 2
    assert lake.query("select a, b from {raw} order by _position") == [("x", None), (None, "y")]
