"""The reason why a file is rejected names the fault, all of them at once, with an example and its line."""

from __future__ import annotations

import gzip
import os
from typing import Any

import pytest

COLUMNS = {"id": "bigint!", "price": "decimal(12,2)", "note": "varchar"}
RETYPED = [f"{n},1.00,x" for n in range(5)] + [f'{n},"{n},50",y' for n in range(5, 20)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (gzip.compress(b"id,price,note\n1,1,x\n", mtime=0), ["by its content, it is gzip", "a name that ends in .gz"]),
        (b"PK\x03\x04rest", ["zip archive or a workbook"]),
        (b"PAR1rest", ["it is Parquet"]),
        ("id,price,note\n1,1,x\n".encode("utf-16"), ["it is UTF-16"]),
        (b"\nid,price,note\n1,1,x\n", ["the first line is blank"]),
        (b"   \nid,price,note\n1,1,x\n", ["the first line is blank"]),
        (b"", ["the file is empty"]),
        (b"id,price,note\r\n1,1,x\n2,2,y\r\n", ["line ends are mixed", "CR LF in line 1", "LF in line 2"]),
        (b"id,price,note\n1,1,x\n2,2,y\r3,3,z\n", ["line ends are mixed", "CR in line 3"]),
        (b"id;price;note\n1;1;x\n", ["missing: id, price, note", "delimiter: ';'"]),
        (b"id,id,,_file\n1,1,x,y\n", ["names id twice", "column 3 of the header has no name", "missing: price, note", "'_file'"]),
        (
            ("id,price,note\n" + "\n".join(RETYPED)).encode(),
            ["15 of 20 rows: wrong_type price", "price: 5,50 does not", "record 6"],
        ),
        (b"id,price,note\n" + b"1,a,x\n" * 12, ["12 of 12 rows: wrong_type price", "price: a does not fit", "(line 2)"]),
        ("id,price,note\n1,1,caf\u00e9\n".encode("latin-1"), ["record 1 is not UTF-8", "encoding: cp1252"]),
    ],
)
def test_of_csv(lake_of: Any, content: bytes, says: list[str]) -> None:
    lake = lake_of(COLUMNS)
    lake.deliver("bad.csv", content)
    lake.deliver("good.csv", "id,price,note\n1,1,x\n")
    report = lake.ingest()
    ((file, why),) = report.refused
    assert file == "bad.csv"
    assert [part for part in says if part not in why] == [], why
    assert report.rows_landed == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"id": 1, "total": 5}\n{"id": 2, "total": 5}\n', ["missing: price, note", "found id, total"]),
        (b'{"id": 1, "price": 1, "_file": 5, "ID": 3}\n', ["missing: note", "'ID', '_file' clash"]),
        (b'{"id": 1, "price": 1, "note": "caf\xe9"}\n', ["line 1 is not UTF-8", "encoding: cp1252"]),
        (b'{"id": 1, "price": 1, "note": "x"}\n' * 3 + b'{"note": "' + b"x" * 2_100_000 + b'"}\n', ["line 4 is longer than"]),
        (b'{"id": 1, "price": "1,50", "note": "x"}\n' * 12, ["12 of 12 rows: wrong_type price", "price: 1,50", "(line 1)"]),
        (gzip.compress(b"{}", mtime=0), ["it is gzip"]),
    ],
)
def test_of_json(lake_of: Any, content: bytes, says: list[str]) -> None:
    lake = lake_of(COLUMNS, format="json")
    lake.deliver("bad.jsonl", content)
    lake.deliver("good.jsonl", '\ufeff{"id": 1, "price": 1.5, "note": "x"}\r\n{"id": 2}\r\n')
    report = lake.ingest()
    ((file, why),) = report.refused
    assert file == "bad.jsonl"
    assert [part for part in says if part not in why] == [], why
    assert report.rows_landed == 2


def test_new_keys_that_differ_in_case_refuse_the_later_file(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"}, format="json")
    lake.deliver("a.jsonl", '{"id": 1, "gift": "x"}\n')
    lake.deliver("b.jsonl", '{"id": 2, "Gift": "x"}\n')
    assert [file for file, _ in lake.ingest().refused] == ["b.jsonl"]
    lake.deliver("c.jsonl", '{"id": 3, "GIFT": "x"}\n')
    lake.deliver("d.jsonl", '{"id": 4, "gift": "y"}\n')
    report = lake.ingest()
    assert ("c.jsonl", "column GIFT has landed before as gift: keep one spelling in the source") in report.refused
    assert report.rows_landed == 1


def test_a_sparse_feed_may_lack_keys(lake_of: Any) -> None:
    lake = lake_of(COLUMNS, format="json", sparse=True)
    lake.deliver("a.jsonl", '{"id": 1}\n')
    assert lake.ingest().rows_landed == 1


def test_a_record_shows_all_its_faults(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!", "n": "integer", "day": "date", "note": "varchar!"})
    lake.deliver("a.csv", "id,n,day,note\n1,1.5,01/02/25,\n")
    lake.ingest()
    assert lake.query("select reason, column_name, detail from {quarantine}") == [
        ("wrong_type", "n", "n: 1.5 does not fit integer; day: 01/02/25 does not fit date; note is required and empty")
    ]


@pytest.mark.parametrize("format", ["csv", "json"])
def test_a_name_that_is_not_utf8_lands(lake_of: Any, format: str) -> None:
    lake = lake_of({"id": "integer!"}, format=format)
    text = b"id\n1\n" if format == "csv" else b'{"id": 1}\n'
    (lake.root / "in" / os.fsdecode(b"caf\xe9.x")).write_bytes(text)
    lake.deliver("good", text.replace(b"1", b"2"))
    assert lake.ingest().refused == ()
    assert lake.query("select id, _file from {raw} order by id") == [(1, "caf\\xe9.x"), (2, "good")]
