"""A feeds file says what it means or is refused with the place and the cure."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.helpers.project import REPOSITORY

from sluice.core.errors import SluiceError
from sluice.ingest.feeds import json_schema, load_feeds
from sluice.ingest.readers.csv import CsvFeed
from sluice.ingest.readers.json import JsonFeed
from sluice.ingest.readers.parquet.feed import ParquetFeed
from sluice.ingest.readers.postgres.feed import PostgresFeed


def feeds_file(folder: Path, text: str) -> Path:
    path = folder / "feeds.yml"
    path.write_text(text)
    return path


def test_variables_come_from_the_environment_or_their_default(tmp_path: Path) -> None:
    path = feeds_file(
        tmp_path,
        'feeds:\n  - {source: a, table: b, format: csv, path: "${HERE}/${THERE:-x}/*.csv"}\n',
    )
    (feed,) = load_feeds([path], {"HERE": "in"})
    assert feed.origin == "in/x/*.csv"


@pytest.mark.parametrize(
    ("entry", "says", "hint"),
    [
        ('{source: a, table: b, format: csv, path: "${NOWHERE}/*.csv"}', "NOWHERE is not set", "NOWHERE=<value>"),
        (
            "{source: a, table: b, format: csv, paht: x}",
            "unknown key 'paht'",
            "did you mean path? known: columns, date_format, decimal, delimiter, encoding",
        ),
        (
            "{source: a, table: b, format: parquet, path: x, encoding: x}",
            "unknown key 'encoding'",
            "known: columns, date_format, decimal",
        ),
        ("{source: a, table: b, format: xml, path: x}", "unknown format 'xml'", "known: csv, excel, json"),
        ("{source: a, table: b, path: x}", "`format` is missing", "one of: csv, json, parquet, excel, postgres"),
        ("{source: a, table: b, format: csv}", "`path` is missing", ""),
        ("{source: a, table: b, format: csv, path: ''}", "`path` should have at least 1 character, not ''", ""),
        ("{source: a, table: b, format: postgres, connection: x}", "`relation` is missing; `cursor` is missing", ""),
        ("{source: a/b, table: b, format: csv, path: x}", "'a/b' is not a name", ""),
        ("{table: b, format: csv, path: x}", "`source` is missing", ""),
        ("{source: 5, table: b, format: csv, path: x}", "`source` should be a valid string, not 5", "put quotes around it"),
        ("{source: a, table: b, format: csv, path: x, delimiter: ';;'}", "`delimiter` should have at most 1 character", ""),
        ("{source: a, table: b, format: csv, path: x, null_text: [5]}", "`null_text.0` should be a valid string", "put quotes"),
        ("{source: a, table: b, format: json, path: x, encoding: utf9}", "unknown encoding 'utf9'; use a name that Python", ""),
        ("{source: a, table: b, format: json, path: x, encoding: hex}", "unknown encoding 'hex'", ""),
        (
            "{source: a, table: b, format: postgres, connection: x, relation: r, cursor: c, lookback: yes}",
            "`lookback` should be a valid integer, not True",
            "",
        ),
        ("a", "a feed is a mapping, not 'a'", ""),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_cure(tmp_path: Path, entry: str, says: str, hint: str) -> None:
    path = feeds_file(tmp_path, f"feeds:\n  - {{source: z, table: z, format: csv, path: z}}\n  - {entry}\n")
    with pytest.raises(SluiceError, match=re.escape(says)) as refused:
        load_feeds([path], {})
    assert refused.value.where == f"{path}:3"
    assert hint in refused.value.hint


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    entry = "{source: a, table: b, format: postgres, conection: 'postgresql://me:secret@host/db', relation: r, cursor: c}"
    with pytest.raises(SluiceError, match="unknown key 'conection'") as refused:
        load_feeds([feeds_file(tmp_path, f"feeds:\n  - {entry}\n")], {})
    assert "secret" not in refused.value.what + refused.value.hint


@pytest.mark.parametrize("text", ["", "feeds: x\n", "- a\n"])
def test_a_file_without_a_list_of_feeds_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SluiceError, match="a mapping with a list `feeds`"):
        load_feeds([feeds_file(tmp_path, text)], {})


def test_each_format_has_its_own_keys(tmp_path: Path) -> None:
    text = """
feeds:
  - {source: a, table: a, format: csv, path: x, delimiter: ";", quote: "'", null_text: "NULL", encoding: cp1252}
  - {source: a, table: b, format: csv, path: x, null_text: ["", "NULL"]}
  - {source: a, table: c, format: json, path: x, encoding: utf-16}
  - {source: a, table: d, format: parquet, path: x}
  - {source: a, table: e, format: postgres, connection: x, relation: s.r, cursor: c, lookback: 300}
"""
    assert load_feeds([feeds_file(tmp_path, text)], {}) == [
        CsvFeed("a", "a", "x", delimiter=";", quote="'", null_text=("NULL",), encoding="cp1252"),
        CsvFeed("a", "b", "x", null_text=("", "NULL")),
        JsonFeed("a", "c", "x", encoding="utf-16"),
        ParquetFeed("a", "d", "x"),
        PostgresFeed("a", "e", connection="x", relation="s.r", cursor="c", lookback=300),
    ]


def test_editors_get_the_schema_that_the_readers_have() -> None:
    stored = (REPOSITORY / "docs" / "schemas" / "feeds.schema.json").read_text()
    assert stored == json_schema(), "run: .venv/bin/python -m sluice.ingest.feeds > docs/schemas/feeds.schema.json"


@pytest.mark.parametrize("name", ["demo.yml", "online_retail.yml"])
def test_our_own_feeds_keep_the_schema_and_a_misspelt_key_breaks_it(name: str) -> None:
    schema = json.loads((REPOSITORY / "docs" / "schemas" / "feeds.schema.json").read_text())
    document = yaml.safe_load((REPOSITORY / "feeds" / name).read_text())
    jsonschema.validate(document, schema)
    document["feeds"][0]["paht"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_a_feed_declared_twice_is_refused(tmp_path: Path) -> None:
    entry = "  - {source: a, table: b, format: csv, path: x}\n"
    with pytest.raises(SluiceError, match=re.escape("declared more than once: a.b")):
        load_feeds([feeds_file(tmp_path, "feeds:\n" + entry + entry)], {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="not found"):
        load_feeds([tmp_path / "none.yml"], {})
