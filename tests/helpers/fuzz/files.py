"""Whole files that are odd: their names and folders, line ends, headers, bytes; some must land, some may be refused."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.helpers.fuzz.numbers import Integer
from tests.helpers.fuzz.oracle import Text
from tests.helpers.fuzz.reading import NOTHING, NULL, Reading
from tests.helpers.fuzz.trial import File, Row

CONTRACT = {"id": "varchar!", "n": "bigint", "note": "varchar"}
NAMES = (
    "a.{}", "[x].{}", "x*.{}", "x?.{}", "it's \"x\".{}", "é ü.{}", "no ending", "#.{}", "%41.{}", "-.{}", "~.{}", "a;b.{}",
    "$HOME.{}", "{{}}.{}", "back\\slash.{}", "UPPER.{}", "😀.{}", ".hidden.{}", "a.{}.bak", "a.b.c.{}",
)  # fmt: skip
FOLDERS = (
    "", "", "deep/er/", "n=99/", "note=zzz/", "id=k0x/", "note=__HIVE_DEFAULT_PARTITION__/", "d=2025-01-01/", "d=2025-01-01/e=5/",
    "N=1/", "n=/", "=5/", "n=99/note=a%20b/", "year=2025/month=01/", "[y]/", "x*/",
)  # fmt: skip


@dataclass(frozen=True)
class Odd:
    """A file: the kind of oddness, its name and folder, its rows."""

    kind: str
    name: str
    folder: str
    values: tuple[tuple[int | None, str], ...]


_VALUES = st.tuples(
    st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
    st.text("ab ,é\"'", min_size=1, max_size=5).map(lambda text: f"t{text}t"),
)


def decks(format: str) -> SearchStrategy[list[Odd]]:
    """For each kind of the format perhaps a file, in any order."""

    def odd(kind: str) -> SearchStrategy[Odd | None]:
        values = st.lists(_VALUES, min_size=1, max_size=4).map(tuple)
        return st.none() | st.builds(Odd, st.just(kind), st.sampled_from(NAMES), st.sampled_from(FOLDERS), values)

    drawn = st.tuples(st.tuples(*map(odd, KINDS[format])), st.integers(0, 1 << 32).map(Random))
    return drawn.map(lambda both: _shuffled([odd for odd in both[0] if odd is not None], both[1]))


def _shuffled(odds: list[Odd], dice: Random) -> list[Odd]:
    dice.shuffle(odds)
    return odds


def built(odd: Odd, number: int, format: str) -> File:
    """The file, in a folder of its own so that names do not clash."""
    rows = tuple(_row(odd, f"k{number}x{place}x", value) for place, value in enumerate(odd.values))
    name = f"{number}/{odd.folder}{odd.name.format(format)}"
    return KINDS[format][odd.kind](File(name, b"", rows))


def _row(odd: Odd, name: str, value: tuple[int | None, str]) -> Row:
    count, note = value
    shown = f"{odd.folder}{odd.name} {value!r}"
    return Row(name, odd.kind, "file", shown, {"n": Integer("bigint").of_typed(count), "note": Text().of_text(note)})


def _values(file: File) -> list[tuple[str, Any, str]]:
    return [(row.id, row.cells["n"].accepted[0], row.cells["note"].accepted[0]) for row in file.rows]


def _refused(file: File) -> File:
    """None of its rows may land."""
    rows = tuple(replace(row, cells=dict.fromkeys(row.cells, NOTHING)) for row in file.rows)
    return replace(file, rows=rows, refusable=True, counted=False)


def _last(file: File, **cells: Reading) -> File:
    """Its last row means something else."""
    *rows, last = file.rows
    return replace(file, rows=(*rows, replace(last, cells={**last.cells, **cells})))


def _doubtful(file: File) -> File:
    """It may land, or be refused in whole or in part."""
    rows = tuple(
        replace(row, cells={name: replace(reading, plain=False) for name, reading in row.cells.items()}) for row in file.rows
    )
    return replace(file, rows=rows, refusable=True, counted=False)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _lines(file: File) -> list[str]:
    return [f"{name},{'' if count is None else count},{_quoted(note)}" for name, count, note in _values(file)]


def _csv(file: File, header: str = "id,n,note", end: str = "\n", lines: Sequence[str] | None = None) -> File:
    text = end.join([header, *(_lines(file) if lines is None else lines)]) + end
    return replace(file, data=text.encode())


def _bytes(file: File, change: Callable[[bytes], bytes]) -> File:
    return replace(file, data=change(file.data))


def _ragged(file: File, line: str) -> File:
    return _last(_csv(file, lines=[*_lines(file)[:-1], f"{file.rows[-1].id}{line}"]), n=NOTHING, note=NOTHING)


def _under(file: File, ending: str) -> File:
    return replace(file, name=file.name + ending)


def _reordered(file: File) -> File:
    return _csv(
        file,
        "note,n,id",
        lines=[f"{_quoted(note)},{'' if count is None else count},{name}" for name, count, note in _values(file)],
    )


def _mixed(file: File) -> File:
    lines = ["id,n,note", *_lines(file)]
    return replace(
        _doubtful(file), data="".join(line + ("\r\n" if place % 2 else "\n") for place, line in enumerate(lines)).encode()
    )


def _tailed(file: File, note: str) -> File:
    """Its last row has another note."""
    file = _last(file, n=_PLAIN_ONE, note=Text().of_text(note))
    return _csv(file, lines=[*_lines(file)[:-1], f"{file.rows[-1].id},1,{note}"])


_PLAIN_ONE = Reading((1,), plain=True)
CSV: dict[str, Callable[[File], File]] = {
    "nothing": _csv,
    "ends of Windows": lambda file: _csv(file, end="\r\n"),
    "ends of old Macs": lambda file: _doubtful(_csv(file, end="\r")),
    "mixed ends": _mixed,
    "no last end": lambda file: _bytes(_csv(file), lambda data: data[:-1]),
    "blank first lines": lambda file: _doubtful(_bytes(_csv(file), lambda data: b"\n\n" + data)),
    "blank lines between": lambda file: replace(_csv(file, end="\n\n"), counted=False),
    "blank last lines": lambda file: _bytes(_csv(file), lambda data: data + b"\n\n"),
    "byte order mark": lambda file: _bytes(_csv(file), lambda data: b"\xef\xbb\xbf" + data),
    "another order": _reordered,
    "header in capitals": lambda file: _csv(file, "ID,N,NOTE"),
    "header in quotes": lambda file: _csv(file, '"id","n","note"'),
    "header with spaces": lambda file: _doubtful(_csv(file, " id , n ,note")),
    "a new column": lambda file: _csv(file, "id,n,note,more", lines=[f"{line},x" for line in _lines(file)]),
    "a promised column less": lambda file: _refused(_csv(file, "id,n", lines=[line.rsplit(",", 1)[0] for line in _lines(file)])),
    "a column twice": lambda file: _refused(_csv(file, "id,n,note,n", lines=[f"{line},1" for line in _lines(file)])),
    "a column without a name": lambda file: _doubtful(_csv(file, "id,n,note,", lines=[f"{line}," for line in _lines(file)])),
    "a delimiter too many": lambda file: _doubtful(_csv(file, lines=[f"{line}," for line in _lines(file)])),
    "a name of ingest's": lambda file: _refused(_csv(file, "id,n,note,_file", lines=[f"{line},x" for line in _lines(file)])),
    "a short row": lambda file: _ragged(file, ",1"),
    "a long row": lambda file: _ragged(file, ",1,a,b,c"),
    "a quote never closed": lambda file: _doubtful(_csv(file, lines=[*_lines(file)[:-1], f'{file.rows[-1].id},1,"a'])),
    "another delimiter": lambda file: _refused(_bytes(_csv(file), lambda data: data.replace(b",", b";"))),
    "gzip": lambda file: _under(_bytes(_csv(file), gzip.compress), ".gz"),
    "gzip in capitals": lambda file: _under(_bytes(_csv(file), gzip.compress), ".GZ"),
    "gzip without ending": lambda file: _doubtful(_bytes(_csv(file), gzip.compress)),
    "gzip cut off": lambda file: _under(_refused(_bytes(_csv(file), lambda data: gzip.compress(data)[:-5])), ".gz"),
    "no gzip": lambda file: _under(_refused(_csv(file)), ".gz"),
    "bytes of latin-1": lambda file: _bytes(_doubtful(_ragged(file, ",1,é")), lambda data: data.decode().encode("latin-1")),
    "UTF-16": lambda file: _refused(_bytes(_csv(file), lambda data: data.decode().encode("utf-16"))),
    "a zero byte": lambda file: _doubtful(_tailed(file, "a\0b")),
    "a very long line": lambda file: _doubtful(_tailed(file, "y" * 3_000_000)),
}


def _jsons(file: File) -> list[dict[str, Any]]:
    return [{"id": name, "n": count, "note": note} for name, count, note in _values(file)]


def _json(file: File, records: Sequence[Any] | None = None, end: str = "\n") -> File:
    """One record a line; text as it is, anything else encoded."""
    records = _jsons(file) if records is None else records
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    return replace(file, data="".join(line + end for line in lines).encode())


def _json_ragged(file: File, record: str, **cells: Reading) -> File:
    """Its last record is another one, in which ID stands for the row's id."""
    records = [*_jsons(file)[:-1], record.replace("ID", file.rows[-1].id)]
    return _last(_json(file, records), **(cells or {"n": NOTHING, "note": NOTHING}))


def _without(file: File, key: str, count: int) -> File:
    """The first `count` records lack a key."""
    records = [
        {name: value for name, value in record.items() if name != key or place >= count}
        for place, record in enumerate(_jsons(file))
    ]
    rows = tuple(replace(row, cells={**row.cells, key: NULL}) if place < count else row for place, row in enumerate(file.rows))
    return replace(_json(file, records), rows=rows)


_ONE, _A = Reading((1,)), Reading(("a",))
JSON: dict[str, Callable[[File], File]] = {
    "nothing": _json,
    "ends of Windows": lambda file: _json(file, end="\r\n"),
    "no last end": lambda file: _bytes(_json(file), lambda data: data[:-1]),
    "blank lines": lambda file: replace(_json(file, end="\n\n"), counted=False),
    "byte order mark": lambda file: _doubtful(_bytes(_json(file), lambda data: b"\xef\xbb\xbf" + data)),
    "a key less in all records": lambda file: _refused(_without(file, "n", len(file.rows))),
    "a key less in one record": lambda file: _without(file, "n", 1) if len(file.rows) > 1 else _json(file),
    "a new key": lambda file: _json(file, [{**record, "more": {"a": [1]}} for record in _jsons(file)]),
    "a key in capitals": lambda file: _doubtful(_json(file, [{**record, "NOTE": "x"} for record in _jsons(file)])),
    "a key of ingest's": lambda file: _doubtful(_json(file, [{**record, "_file": "x"} for record in _jsons(file)])),
    "an empty key": lambda file: _doubtful(_json(file, [{**record, "": "x"} for record in _jsons(file)])),
    "a key with a dot": lambda file: _json(file, [{**record, "a.b/c~d$": "x"} for record in _jsons(file)]),
    "a key twice": lambda file: _json_ragged(file, '{"id": "ID", "n": 1, "n": 2, "note": "a"}', n=Reading((1, 2)), note=_A),
    "cut off": lambda file: _json_ragged(file, '{"id": "ID", "n": 1, "no'),
    "an array": lambda file: _json_ragged(file, '["ID", 1]'),
    "two on a line": lambda file: _json_ragged(file, '{"id": "ID", "n": 1, "note": "a"} {"id": "x", "n": 1, "note": "b"}'),
    "single quotes": lambda file: _json_ragged(file, "{'id': 'ID', 'n': 1, 'note': 'a'}", n=_ONE, note=_A),
    "a comment": lambda file: _json_ragged(file, '{"id": "ID", "n": 1, "note": "a"} // x', n=_ONE, note=_A),
    "a comma too many": lambda file: _json_ragged(file, '{"id": "ID", "n": 1, "note": "a",}', n=_ONE, note=_A),
    "NaN": lambda file: _json_ragged(file, '{"id": "ID", "n": NaN, "note": "a"}'),
    "escapes": lambda file: _last(
        _json_ragged(file, '{"id": "ID", "n": 1, "note": "\\u00e9\\ud83d\\ude00\\/\\n"}'),
        n=_PLAIN_ONE,
        note=Text().of_text("é😀/\n"),
    ),
    "half a surrogate": lambda file: _doubtful(_json_ragged(file, '{"id": "ID", "n": 1, "note": "\\ud83d"}')),
    "a zero character": lambda file: _json_ragged(
        file, '{"id": "ID", "n": 1, "note": "a\\u0000b"}', n=_ONE, note=Reading(("a\0b",))
    ),
    "one array of all": lambda file: _doubtful(_json(file, [json.dumps(_jsons(file))])),
    "over several lines": lambda file: _doubtful(_json(file, [json.dumps(record, indent=1) for record in _jsons(file)])),
    "bytes of latin-1": lambda file: _bytes(
        _doubtful(_json_ragged(file, '{"id": "ID", "n": 1, "note": "é"}')),
        lambda data: data.decode().encode("latin-1", "replace"),
    ),
    "UTF-16": lambda file: _refused(_bytes(_json(file), lambda data: data.decode().encode("utf-16"))),
    "a very long line": lambda file: _doubtful(
        _json_ragged(file, '{"id": "ID", "n": 1, "note": "' + "y" * 3_000_000 + '"}', n=_ONE, note=Reading(("y" * 3_000_000,)))
    ),
    "gzip": lambda file: _under(_bytes(_json(file), gzip.compress), ".gz"),
    "gzip without ending": lambda file: _doubtful(_bytes(_json(file), gzip.compress)),
    "gzip cut off": lambda file: _under(_refused(_bytes(_json(file), lambda data: gzip.compress(data)[:-5])), ".gz"),
}


def _parquet(file: File, change: Callable[[pa.Table], pa.Table] = lambda table: table, **options: Any) -> File:
    schema = pa.schema([("id", pa.string()), ("n", pa.int64()), ("note", pa.string())])
    out = io.BytesIO()
    pq.write_table(change(pa.Table.from_pylist(_jsons(file), schema)), out, **options)
    return replace(file, data=out.getvalue())


PARQUET: dict[str, Callable[[File], File]] = {
    "nothing": _parquet,
    "another order": lambda file: _parquet(file, lambda table: table.select(["note", "id", "n"])),
    "names in capitals": lambda file: _doubtful(_parquet(file, lambda table: table.rename_columns(["ID", "N", "Note"]))),
    "a new column": lambda file: _parquet(file, lambda table: table.append_column("more", table["n"])),
    "a new nested column": lambda file: _parquet(
        file, lambda table: table.append_column("more", pa.array([{"a": [1]}] * len(table)))
    ),
    "a promised column less": lambda file: _refused(_parquet(file, lambda table: table.drop_columns(["n"]))),
    "a column twice": lambda file: _doubtful(_parquet(file, lambda table: table.append_column("n", table["note"]))),
    "a name of ingest's": lambda file: _refused(_parquet(file, lambda table: table.append_column("_file", table["note"]))),
    "a row in a group": lambda file: _parquet(file, row_group_size=1),
    "without statistics": lambda file: _parquet(file, write_statistics=False),
    "pages of version 2": lambda file: _parquet(file, data_page_version="2.0", compression="gzip"),
    "byte stream split": lambda file: _parquet(
        file, use_dictionary=False, column_encoding={"n": "DELTA_BINARY_PACKED", "note": "DELTA_BYTE_ARRAY"}
    ),
    "no rows": lambda file: replace(_parquet(file, lambda table: table.slice(0, 0)), rows=()),
    "cut off": lambda file: _refused(_bytes(_parquet(file), lambda data: data[:-20])),
    "no Parquet": lambda file: _refused(replace(file, data=b"id,n\n1,2\n")),
    "empty": lambda file: _refused(replace(file, data=b"")),
    "gzip": lambda file: _under(_bytes(_parquet(file), gzip.compress), ".gz"),
}
KINDS = {"csv": CSV, "json": JSON, "parquet": PARQUET}
