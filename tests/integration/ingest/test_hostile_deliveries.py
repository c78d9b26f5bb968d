"""Attempts to break ingest: odd names, odd values, and files that spoil the batch they are in."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from sluice.core.errors import SluiceError
from sluice.ingest.readers.csv import CsvFeed
from sluice.lake.contracts import load_contracts


@pytest.mark.parametrize("name", ["[x].csv", "x*.csv", "x?.csv", 'it\'s "x".csv', "é ü.csv"])
def test_a_name_that_looks_like_a_pattern_is_a_name(lake_of: Any, name: str) -> None:
    lake = lake_of({"id": "integer!"})
    lake.deliver(name, "id\n1\n")
    lake.deliver("x.csv", "id\n2\n")
    lake.deliver("xy.csv", "id\n3\n")
    lake.ingest()
    assert lake.query("select id, _file from {raw} order by id") == [(1, name), (2, "x.csv"), (3, "xy.csv")]


@pytest.mark.parametrize("column", ["position", "label", "first", "shift", "ordinal", "refusal", "original_text", "line"])
@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_a_column_may_have_any_name_that_ingest_does_not_use(lake_of: Any, duck: Any, format: str, column: str) -> None:
    """As a promised column and as a new one, beside a row that is refused."""
    lake = lake_of({"id": "integer", column: "integer!"}, format=format)
    for number in (1, 2):
        select = f"select 7 as id, {number * 10} as {column}, 'n' as new_{column} union all select 8, null, null"
        path = lake.deliver(f"{number}.{format}", "")
        duck.execute(f"copy ({select}) to '{path}' (format {format}{', array false' if format == 'json' else ''})")
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, report.refused) == (2, 2, ())
    assert lake.query(f"select {column}, new_{column}, _position from {{raw}} order by 1") == [(10, "n", 1), (20, "n", 1)]
    texts = [text for (text,) in lake.query("select original_text from {quarantine} where _position = 2")]
    assert len(texts) == 2
    assert all("8" in text for text in texts)


@pytest.mark.parametrize("column", ["_position", "_file", "_Loaded_At", "rowid", "__file", "file_index"])
@pytest.mark.parametrize("format", ["csv", "json"])
def test_a_column_named_like_one_of_ingests_is_refused(lake_of: Any, format: str, column: str) -> None:
    lake = lake_of({"id": "integer!"}, format=format)
    lake.deliver(f"a.{format}", f"id,{column}\n1,x\n" if format == "csv" else f'{{"id": 1, "{column}": "x"}}\n')
    ((_, why),) = lake.ingest().refused
    assert "clash" in why
    assert lake.query("select count(*) from {raw}") == [(0,)]


@pytest.mark.parametrize(
    ("kind", "text", "landed"),
    [
        ("decimal(38,2)", "1234567890123456.78", "1234567890123456.78"),
        ("decimal(38,2)", '"1234567890123456.78"', "1234567890123456.78"),
        ("decimal(18,8)", "0.00000001", "0.00000001"),
        ("decimal(12,2)", "0.10000000000000000001", None),
        ("decimal(12,2)", "123456789.0000000001", None),
        ("bigint", "9223372036854775807", "9223372036854775807"),
        ("integer", "1e-7", None),
        ("integer", "3.9999999", None),
        ("integer[]", "[1.5]", None),
        ("integer[]", "[1, 2]", "[1, 2]"),
        ("double", "1e400", None),
        ("timestamp", '"infinity"', None),
        ("timestamp", '"2025-01-01T00:00:00.123456789Z"', None),
        ("struct(a integer)", '"{\\"a\\": 1}"', None),
        ("struct(a integer)", '{"a": 1}', "{'a': 1}"),
    ],
)
def test_a_json_value_lands_as_it_is_or_not_at_all(lake_of: Any, kind: str, text: str, landed: str | None) -> None:
    lake = lake_of({"v": kind}, format="json")
    lake.deliver("a.jsonl", f'{{"v": {text}}}\n')
    lake.ingest()
    assert lake.query("select v::varchar from {raw}") == ([(landed,)] if landed else [])
    assert lake.query("select original_text from {quarantine}") == ([] if landed else [(f'{{"v": {text}}}',)])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.csv", b"id\n1\r\n2\n\r3\r\r\n"),
        ("bad.csv", b"id,v,\n1,a,b\n"),
        ("bad.csv", b"\x1f\x8bnot a gzip"),
    ],
)
def test_a_file_that_the_reader_cannot_get_through_does_not_stop_its_neighbours(lake_of: Any, name: str, content: bytes) -> None:
    lake = lake_of({"id": "bigint!"})
    lake.deliver(name, content)
    for number in range(5):
        lake.deliver(f"good{number}.csv", f"id\n{number}\n")
    report = lake.ingest()
    assert lake.query("select count(*) from {raw} where _file <> 'bad.csv'") == [(5,)]
    assert [file for file, _ in report.refused] in ([], ["bad.csv"])


def test_a_json_line_that_is_too_long_or_not_utf8_refuses_its_file_only(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!", "v": "varchar"}, format="json")
    lake.deliver("a.jsonl", b'{"id": 1, "v": "caf\xe9"}\n')
    lake.deliver("b.jsonl", '{"id": 2, "v": "' + "x" * 3_000_000 + '"}\n')
    lake.deliver("c.jsonl", '{"id": 3, "v": null}\n')
    report = lake.ingest()
    assert dict(report.refused) == {
        "a.jsonl": "line 1 is not UTF-8: name the file's encoding in the feed, e.g. encoding: cp1252",
        "b.jsonl": "line 1 is longer than 2,000,000 bytes",
    }
    assert lake.query("select id from {raw}") == [(3,)]


def test_a_file_that_changes_while_it_is_read_lands_later_and_once(lake_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = lake_of({"id": "bigint!"})
    path = lake.deliver("a.csv", "id\n1\n")
    real = CsvFeed.read

    def overwritten(*arguments: Any) -> Any:
        path.write_text("id\n2\n3\n")
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(CsvFeed, "read", overwritten)
        ((_, why),) = lake.ingest().refused
    assert "changed while it was read" in why or "lines" in why
    assert lake.ingest().rows_landed == 2
    assert lake.ingest().rows_read == 0
    assert lake.query("select id from {raw} order by 1") == [(2,), (3,)]


def test_a_refused_row_of_a_record_over_lines_shows_what_was_delivered(lake_of: Any) -> None:
    lake = lake_of({"id": "bigint!", "n": "integer", "v": "varchar"})
    lake.deliver("a.csv", 'id,n,v\n1,2.5,"two\nlines"\n')
    lake.ingest()
    ((text,),) = lake.query("select original_text from {quarantine}")
    assert "2.5" in text


@pytest.mark.parametrize("name", ["a.parquet.gz", "a.parquet.GZ", "a[1].parquet.gz"])
def test_parquet_in_a_gzip_is_read(lake_of: Any, duck: Any, tmp_path: Path, name: str) -> None:
    lake = lake_of({"id": "bigint!"}, format="parquet")
    duck.execute(f"copy (select 1::bigint as id) to '{tmp_path}/plain.parquet'")
    lake.deliver(name, b"").write_bytes(gzip.compress((tmp_path / "plain.parquet").read_bytes()))
    assert lake.ingest().rows_landed == 1


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("name", ["a.csv.GZ", "a.Gz", "a[1].csv.GZ", "a[1].csv.gz", "a.gz.csv", "a*.csv"])
def test_the_last_suffix_says_whether_a_file_is_compressed_in_any_case(lake_of: Any, name: str, encoding: str) -> None:
    lake = lake_of({"id": "bigint!"}, encoding=encoding)
    text = b"id\n1\n2\n"
    lake.deliver(name, b"").write_bytes(text if name.endswith(".csv") else gzip.compress(text))
    assert lake.ingest().rows_landed == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sources: 5\n", "not a list of dbt sources"),
        ("sources: [{name: a, tables: [{name: t, columns: [{name: x}]}]}]\n", "has no data_type"),
        ("sources: [{name: a, tables: [{name: t, columns: [{name: x, data_type: hugeint}]}]}]\n", "the lake cannot hold HUGEINT"),
        ("sources: [{name: a, tables: [{name: t, columns: [{name: x, data_type: nonsense}]}]}]\n", "is not a DuckDB type"),
        ("sources: [{name: ../up, tables: [{name: t}]}]\n", "is not a name"),
        ("sources: [{name: a, tables: [{name: t, columns: [{name: _file, data_type: varchar}]}]}]\n", "ingest's own"),
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "s.yml").write_text(text)
    with pytest.raises(SluiceError, match=says):
        load_contracts(tmp_path)


def test_a_record_whose_quote_is_open_at_the_end_of_its_file_is_not_lost_among_many_files(lake_of: Any) -> None:
    """DuckDB drops it in a scan of more files than it has threads, and rejects it in a scan of one."""
    lake = lake_of({"id": "bigint!", "v": "varchar"})
    for number in range(12):
        lake.deliver(f"{number}.csv", f'id,v\n{number},"open\n' if number % 5 == 0 else f'id,v\n{number},"closed"\n')
    report = lake.ingest()
    assert (report.rows_read, report.rows_landed, report.rows_quarantined, report.refused) == (12, 9, 3, ())
    assert lake.query("select original_text from {quarantine} order by _file") == [('0,"open',), ('10,"open',), ('5,"open',)]
