"""How a CSV file is written: its encoding, the character between values, the one around them, lines before the header."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.core.errors import SluiceError
from sluice.ingest.files import opened

_LOOKED_AT = 1 << 18  # bytes of a file that its dialect is read off
_BLOCK = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Dialect:
    """The dialect and the header that it gives. `skip` is the number of lines before the header."""

    encoding: str
    delimiter: str
    quote: str
    skip: int
    header: tuple[str, ...]

    def feed(self) -> dict[str, Any]:
        """The keys of a feed that differ from their defaults."""
        usual = {"encoding": "utf-8", "delimiter": ",", "quote": '"', "skip": 0}
        return {key: getattr(self, key) for key, default in usual.items() if getattr(self, key) != default}


def dialect(path: Path) -> Dialect:
    """The dialect of a file. Raises SluiceError where it holds no table."""
    encoding = encoding_of(path)
    with opened(path) as stream:
        start = stream.read(_LOOKED_AT)
    lines = start.decode(encoding, errors="replace").removeprefix("\ufeff").splitlines(keepends=True)
    if len(start) == _LOOKED_AT:
        lines = lines[:-1]  # it is cut off
    if not any(line.strip() for line in lines):
        raise SluiceError("the file is empty", where=str(path))
    quote = _quote(lines)
    delimiter = max(_DELIMITERS, key=lambda one: _fit(_rows(lines, one, quote)))
    skip, header = _header(_rows(lines, delimiter, quote))
    return Dialect(encoding, delimiter, quote, skip, header)


def header_of(path: Path, like: Dialect) -> tuple[str, ...]:
    """The header of another file of the same dialect."""
    with opened(path) as stream:
        text = stream.read(_LOOKED_AT).decode(like.encoding, errors="replace").removeprefix("\ufeff")
    rows = csv.reader(text.splitlines(keepends=True)[like.skip :], delimiter=like.delimiter, quotechar=like.quote)
    return tuple(next(rows, ()))


def encoding_of(path: Path) -> str:
    """utf-8 where every byte of the file is; else the encoding that its mark says, else that of Western Windows."""
    with opened(path) as stream:
        start = stream.read(4)
    marked = next((name for mark, name in _BOMS if start.startswith(mark)), "utf-8")
    for encoding in (marked, "cp1252"):
        if _decodes(path, encoding):
            return encoding
    return "latin-1"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with opened(path) as stream:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _quote(lines: Sequence[str]) -> str:
    """The apostrophe only where values begin and end with it, and the double quote occurs nowhere."""
    text = "".join(lines)
    around = sum(text.count(f"'{delimiter}'") for delimiter in _DELIMITERS)
    return "'" if '"' not in text and around >= len(lines) / 2 else '"'


def _rows(lines: Sequence[str], delimiter: str, quote: str) -> list[tuple[int, list[str]]]:
    """Each record with the number of lines before it; up to one that cannot be read."""
    reader, rows, before = csv.reader(lines, delimiter=delimiter, quotechar=quote), [], 0
    try:
        for row in reader:
            rows.append((before, row))
            before = reader.line_num
    except csv.Error:
        pass
    return rows


def _fit(rows: Sequence[tuple[int, list[str]]]) -> float:
    """How well a delimiter splits records: the usual width, times the share of them that have it."""
    width = _width(rows)
    return width * sum(len(row) == width for _, row in rows) / len(rows) if width > 1 else 0.0


def _width(rows: Sequence[tuple[int, list[str]]]) -> int:
    widths = Counter(len(row) for _, row in rows if row)
    return max(widths, key=lambda width: (widths[width], width)) if widths else 0


def _header(rows: Sequence[tuple[int, list[str]]]) -> tuple[int, tuple[str, ...]]:
    """The first record of the usual width in which at most the first name is missing."""
    width = _width(rows)
    for before, row in rows:
        if len(row) == width and all(name.strip() for name in row[1:]) and (width > 1 or row[0].strip()):
            return before, tuple(row)
    raise SluiceError("no line looks like a header", hint="a feed of CSV files needs one")
