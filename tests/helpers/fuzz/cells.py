"""Decks of rows, each with one odd cell, as CSV and JSON files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.helpers.fuzz import shapes
from tests.helpers.fuzz.oracle import unknown_fields
from tests.helpers.fuzz.reading import NULL, Kind, Number, Reading
from tests.helpers.fuzz.spellings import Spelling
from tests.helpers.fuzz.trial import File, Row

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written, by Python's csv module."""

    delimiter: str = ","
    quote: str = '"'
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL
    line_end: str = "\n"
    encoding: str = "utf-8"

    @property
    def feed(self) -> dict[str, Any]:
        """The keys of a feed that reads it."""
        return {"delimiter": self.delimiter, "quote": self.quote, "encoding": self.encoding.removesuffix("-sig")}


DIALECTS: SearchStrategy[Dialect] = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', '"', "'"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"]),
)


def csv_reading(kind: Kind, text: str) -> Reading:
    """An empty cell is null, whatever the type."""
    return kind.of_text(text) if text else NULL


def csv_rows(deck: Sequence[Spelling]) -> list[tuple[Row, dict[str, str]]]:
    """Each text in a column of each type, with its cells as text; every other row has plain values beside it."""
    places = [(spelling, name) for spelling in deck for name in shapes.COLUMNS]
    rows = []
    for number, (spelling, name) in enumerate(places):
        beside = shapes.PLAIN_TEXT if number % 2 else {}
        texts = {**beside, name: spelling.text}
        cells = {column: csv_reading(shapes.COLUMNS[column], text) for column, text in texts.items()}
        rows.append((Row(f"k{number}x", spelling.kind, shapes.COLUMNS[name].sql, repr(spelling.text), cells), texts))
    return rows


def csv_file(
    name: str,
    rows: Sequence[tuple[Row, Mapping[str, str]]],
    dialect: Dialect,
    columns: Sequence[str] = tuple(shapes.COLUMNS),
) -> File:
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        quoting=dialect.quoting,
        lineterminator=dialect.line_end,
    )
    writer.writerow(["id", *columns])
    writer.writerows([[row.id, *(texts.get(column, "") for column in columns)] for row, texts in rows])
    return File(name, text.getvalue().encode(dialect.encoding), tuple(row for row, _ in rows))


def writable(deck: Sequence[Spelling], dialect: Dialect) -> list[Spelling]:
    """Texts that a file of the dialect can hold. DuckDB may refuse a file with other line ends within quotes than its own."""
    return [
        spelling
        for spelling in deck
        if _encodes(spelling.text, dialect.encoding) and not set(spelling.text.replace(dialect.line_end, "")) & {"\r", "\n"}
    ]


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def json_rows(deck: Sequence[Spelling]) -> list[tuple[Row, dict[str, Any]]]:
    """Each text, as a string and (where it is one) as a number, at each place of each type."""
    places = [
        (spelling, name, path, value)
        for spelling in deck
        for leaf in _leaves(spelling.text)
        for name, kind in shapes.COLUMNS.items()
        for path, value in shapes.placed(kind, leaf)
    ]
    rows = []
    for number, (spelling, name, path, value) in enumerate(places):
        values = {**(shapes.PLAIN_JSON if number % 2 else {}), name: value}
        rows.append(
            (_json_row(f"k{number}x", spelling.kind, f"{shapes.COLUMNS[name].sql}{path and ' at '}{path}", name, values), values)
        )
    return rows


def _json_row(name: str, kind: str, place: str, column: str, values: Mapping[str, Any]) -> Row:
    cells = {key: shapes.COLUMNS[key].of_json(value) for key, value in values.items()}
    surplus = unknown_fields(shapes.COLUMNS[column], values[column])
    return Row(name, kind, place, encode(values[column]), cells, frozenset(surplus))


def with_all_keys(rows: Sequence[tuple[Row, dict[str, Any]]]) -> list[tuple[Row, dict[str, Any]]]:
    """The first record has every key of the contract: a key that all records lack refuses the file."""
    return [
        (row, {**dict.fromkeys(shapes.COLUMNS), **values} if place == 0 else values) for place, (row, values) in enumerate(rows)
    ]


def _leaves(text: str) -> Iterator[Any]:
    yield text
    if _JSON_NUMBER.fullmatch(text):
        yield Number(text)


def shaped_rows(values: Sequence[tuple[str, str, Any]], start: int) -> list[tuple[Row, dict[str, Any]]]:
    """Rows with whole values of odd shape: (kind, column, value)."""
    return [
        (_json_row(f"k{number}x", kind, shapes.COLUMNS[column].sql, column, {column: value}), {column: value})
        for number, (kind, column, value) in enumerate(values, start)
    ]


def encode(value: Any) -> str:
    """JSON text of a value whose numbers are `Number`."""
    if isinstance(value, Number):
        return value.digits
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(encode, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def json_file(name: str, rows: Sequence[tuple[Row, Mapping[str, Any]]]) -> File:
    """One object a line."""
    lines = [encode({"id": row.id, **values}) for row, values in rows]
    return File(name, "".join(f"{line}\n" for line in lines).encode(), tuple(row for row, _ in rows))


_JSON_LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5).map(lambda n: Number(str(n))), st.sampled_from(["", "a", "1", "2025-01-01"])
)
_KEYS = st.sampled_from(["sku", "qty", "price", "sold_at", "part", "days", "ratio", "tags", "extra_q", "SKU", "", "a.b", "$"])
SHAPES: SearchStrategy[list[tuple[str, str, Any]]] = st.lists(
    st.tuples(
        st.just("a value of another shape"),
        st.sampled_from(list(shapes.COLUMNS)),
        st.recursive(
            _JSON_LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=6
        ),
    ),
    max_size=15,
)
