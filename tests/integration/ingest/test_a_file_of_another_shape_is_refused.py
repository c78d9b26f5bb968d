"""A missing or retyped column refuses the file with the reason; new columns land; other files and feeds go on."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

COLUMNS = {"id": "bigint!", "quantity": "integer", "note": "varchar"}
GOOD = "id,quantity,note\n" + "".join(f"{n},{n},n{n}\n" for n in range(20))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,note\n1,x\n", "missing: quantity"),
        ("id,quantity,note,id\n1,1,x,2\n", "names id twice"),
        ("", "empty"),
        ("id,quantity,note\n" + "".join(f"{n},many,n\n" for n in range(20)), "20 of 20 rows: wrong_type quantity"),
        ("id;quantity;note\n1;2;x\n", "missing: id, quantity, note"),
        ('id,quantity,note\n1,2,"never closed\n2,3,x\n3,4,y\n', "opens a quote that is never closed"),
        ("id,quantity,note\n1,2,caf\xe9\n".encode("latin-1"), "record 1 is not UTF-8"),
    ],
)
def test_the_file_is_refused_and_the_others_land(lake_of: Any, text: str | bytes, says: str) -> None:
    lake = lake_of(COLUMNS)
    lake.deliver("bad.csv", text)
    lake.deliver("good.csv", GOOD)
    report = lake.ingest()
    ((file, why),) = report.refused
    assert file == "bad.csv"
    assert says in why
    assert (report.rows_landed, report.rows_quarantined) == (20, 0)
    assert lake.query("select feed, file from {refusals}") == [("test.rows", "bad.csv")]


def test_a_refused_file_lands_once_it_is_fixed(lake_of: Any) -> None:
    lake = lake_of(COLUMNS)
    lake.deliver("a.csv", "id,note\n1,x\n")
    assert lake.ingest().refused
    lake.deliver("a.csv", "id,quantity,note\n1,1,x\n")
    report = lake.ingest()
    assert (report.rows_landed, report.refused) == (1, ())


def test_a_gzip_that_is_cut_off_is_refused(lake_of: Any) -> None:
    lake = lake_of(COLUMNS)
    path = lake.deliver("a.csv.gz", "")
    path.write_bytes(gzip.compress(GOOD.encode())[:-20])
    ((_, why),) = lake.ingest().refused
    assert "cannot be read to its end" in why


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_new_column_lands_as_text_and_is_reported(lake_of: Any, name: str) -> None:
    lake = lake_of(COLUMNS)
    lake.deliver("0.csv", GOOD)
    lake.ingest()
    lake.deliver(name, "gift,note,quantity,id\nyes,x,1,100\n")
    report = lake.ingest()
    assert (report.new_columns, report.rows_landed) == (("gift",), 1)
    assert lake.query("select id, quantity, note, gift from {raw} where gift is not null or id = 0 order by id") == [
        (0, 0, "n0", None),
        (100, 1, "x", "yes"),
    ]
    assert lake.query("select new_columns from {batches} order by loaded_at") == [([],), (["gift"],)]


def test_a_new_key_of_json_lands_as_text_and_is_reported(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"}, format="json")
    lake.deliver("a.jsonl", '{"id": 1}\n{"id": 2, "gift": {"wrap": true}}\n')
    assert lake.ingest().new_columns == ("gift",)
    assert lake.query("select id, gift from {raw} order by id") == [(1, None), (2, '{"wrap":true}')]


def test_columns_may_change_order_and_case(lake_of: Any) -> None:
    lake = lake_of(COLUMNS)
    lake.deliver("a.csv", "Note,ID,Quantity\nx,1,2\n")
    lake.deliver("b.csv", "id,quantity,note\n3,4,y\n")
    assert lake.ingest().refused == ()
    assert lake.query("select id, quantity, note, _file from {raw} order by id") == [
        (1, 2, "x", "a.csv"),
        (3, 4, "y", "b.csv"),
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_name(lake_of: Any) -> None:
    lake = lake_of(COLUMNS)
    lake.deliver("a.csv", b"\xef\xbb\xbf" + GOOD.encode())
    assert lake.ingest().rows_landed == 20


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "shift_jis"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_an_encoding_that_is_named_is_read(lake_of: Any, encoding: str, name: str) -> None:
    text = "表" if encoding == "shift_jis" else "café"
    lake = lake_of(COLUMNS, encoding=encoding)
    lake.deliver(name, f"id,quantity,note\n1,2,{text}\nx,3,{text}\n".encode(encoding))
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, report.refused) == (1, 1, ())
    assert lake.query("select note from {raw}") == [(text,)]
    assert lake.query("select original_text from {quarantine}") == [(f"x,3,{text}",)]


def test_bytes_that_are_not_of_the_named_encoding_refuse_the_file(lake_of: Any) -> None:
    lake = lake_of(COLUMNS, encoding="ascii")
    lake.deliver("a.csv", "id,quantity,note\n1,2,café\n")
    ((_, why),) = lake.ingest().refused
    assert "byte 24 is not ascii" in why


def test_another_delimiter_and_another_word_for_null(lake_of: Any) -> None:
    lake = lake_of(COLUMNS, delimiter=";", null_text=("", "NULL"))
    lake.deliver("a.csv", "id;quantity;note\n1;NULL;a,b\n")
    lake.ingest()
    assert lake.query("select id, quantity, note from {raw}") == [(1, None, "a,b")]


def test_parquet_of_another_type_is_refused(lake_of: Any, duck: Any) -> None:
    lake = lake_of({"id": "bigint!", "quantity": "integer"}, format="parquet")
    path = lake.deliver("a.parquet", "")
    duck.execute(f"copy (select 1::bigint as id, 'three' as quantity) to '{path}'")
    ((_, why),) = lake.ingest().refused
    assert why == "column quantity is VARCHAR, the contract promises integer"


def test_a_folder_that_is_not_there_refuses_the_feed(lake_of: Any) -> None:
    lake = lake_of(COLUMNS)
    report = lake.ingest(path=str(lake.root / "nowhere" / "*.csv"))
    assert "does not exist" in report.refused[0][1]


def test_a_column_that_the_contract_gains_is_added_to_the_lake(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"})
    lake.deliver("a.csv", "id\n1\n")
    lake.ingest()
    wider = lake_of({"id": "bigint!", "size": "integer"})
    wider.deliver("b.csv", "id,size\n2,5\n")
    report = wider.ingest()
    assert report.refused == ()
    assert wider.query("select id, size from {raw} order by id") == [(1, None), (2, 5)]


def test_a_contract_that_retypes_what_was_landed_is_refused(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!"})
    lake.deliver("a.csv", "id\n1\n")
    lake.ingest()
    other = lake_of({"id": "varchar!"})
    ((_, why),) = other.ingest().refused
    assert why.startswith("the lake holds column id as long, the contract promises string")
