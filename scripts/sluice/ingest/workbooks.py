"""Workbooks (xlsx): how far their cells reach, and from which day they count. DuckDB reads the cells themselves.

DuckDB's own guess of the range ends at the first blank row and is as wide as the first one, so it would lose the rest.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from sluice.core.errors import SluiceError

_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_SINCE_1904 = re.compile(rb'<(?:\w+:)?workbookPr\b[^>]*\bdate1904="(1|true)"')
_SHEET = re.compile(rb'<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"')
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})?(?::([A-Z]{1,3})([0-9]{1,7})?)?")
_BLOCK = 1 << 20
# No reference of a cell is longer than this, with the tag around it.
_TAG = 200


@dataclass(frozen=True, order=True)
class Extent:
    """The last column (1 is A) and the last row of a workbook's sheets, their names, and whether days count from 1904."""

    columns: int
    rows: int
    sheets: tuple[str, ...]
    since_1904: bool


def extent(path: Path) -> Extent:
    """How far the cells of all sheets reach. Raises SluiceError for a file that is not a workbook."""
    columns = rows = 0
    try:
        with zipfile.ZipFile(path) as archive:
            book = archive.read("xl/workbook.xml")
            for name in archive.namelist():
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                    wide, long = _reach(archive, name)
                    columns, rows = max(columns, wide), max(rows, long)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
        raise SluiceError(f"not readable as a workbook (xlsx): {error}") from error
    sheets = tuple(unescape(name.decode("utf-8", "replace")) for name in _SHEET.findall(book))
    return Extent(columns, rows, sheets, bool(_SINCE_1904.search(book)))


def _reach(archive: zipfile.ZipFile, name: str) -> tuple[int, int]:
    wide, long, rest = 0, 0, b""
    with archive.open(name) as stream:
        while block := stream.read(_BLOCK):
            text = rest + block
            for letters, digits in set(_CELL.findall(text)):
                wide, long = max(wide, column_number(letters.decode())), max(long, int(digits))
            rest = text[-_TAG:]
    return wide, long


def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """A for 1, AA for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def check_range(text: str) -> str:
    """The range, if it is one. Raises ValueError."""
    if not _RANGE.fullmatch(text.upper()):
        raise ValueError(f"{text!r} is not a range of cells, e.g. A3, A3:F, A3:F200")
    return text.upper()


def corners(range: str, reach: Extent) -> tuple[int, int, int, int]:
    """First column, first row, last column, last row of a range, where a missing end is that of the cells."""
    match = _RANGE.fullmatch(range or "A1")
    assert match is not None, range
    left, top, right, bottom = match.groups()
    return (
        column_number(left),
        int(top or 1),
        column_number(right) if right else reach.columns,
        int(bottom) if bottom else reach.rows,
    )
