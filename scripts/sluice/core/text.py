"""Numbers, ages, sizes, values and tables as people read them, the same in every report."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import TextIO

Number = int | float | Decimal
WIDTH = 60
GAP = "  "
NARROW = 24  # Text in fewer columns is hard to read.


def number(value: Number | None, *, signed: bool = False) -> str:
    """With thousands; fractions to six digits that count."""
    if value is None:
        return ""
    sign = "+" if signed and value > 0 else ""
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else value
    if isinstance(value, float):
        return f"{sign}{value:,.0f}" if 1e6 <= abs(value) < 1e16 else f"{sign}{value:,.6g}"
    if isinstance(value, Decimal):
        return sign + f"{value:,f}".rstrip("0").rstrip(".")
    return f"{sign}{value:,}"


def value(text: str | None, width: int = WIDTH) -> str:
    """A value on one line, cut off where it is long."""
    if text is None:
        return "null"
    line = text.replace("\r", "").replace("\n", "⏎")
    return line if len(line) <= width else line[: width - 1] + "…"


def plural(count: int, word: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def ago(moment: datetime | str | None, now: datetime) -> str:
    """How long ago, in the largest whole unit; a text is in ISO format, and the future is `0 min`."""
    if moment is None:
        return "-"
    passed = now - (datetime.fromisoformat(moment) if isinstance(moment, str) else moment)
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1))):
        if passed >= length:
            return f"{passed // length} {unit}"
    return f"{max(passed, timedelta()) // timedelta(minutes=1)} min"


def moment(when: datetime) -> str:
    """A time in UTC: `27 Nov 2026, 13:20 UTC`."""
    when = when.astimezone(UTC) if when.tzinfo else when
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}, {when:%H:%M} UTC"


def moment_of_data(text: str) -> str:
    """A date or a time as DuckDB writes it, for people, with every digit it has: `27 Nov 2026`, `27 Nov 2026, 13:20:05.5`.

    What has no such form (infinity, a year beyond 9999 or before Christ) stays as it is.
    """
    found = _MOMENT.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 12:
        return text
    year, month, day, time, fraction, zone = found.groups()
    time = f"{time}{fraction}" if fraction else (time or "").removesuffix(":00")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {int(year)}" + (f", {time}" if time else "") + (" UTC" if zone else "")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d)(\.\d+)?(\+00)?)?")


def percent(part: int, whole: int) -> str:
    """A share of a count; what is not nothing is not 0 %, and what is not all is not 100 %."""
    if not whole or part in (0, whole):
        return f"{100 if part and whole else 0} %"
    rounded = round(100 * part / whole, 1)
    return "< 0.1 %" if rounded < 0.1 else "> 99.9 %" if part < whole and rounded >= 100 else f"{rounded:,.4g} %"


def size(count: int | None) -> str:
    """Bytes in a unit that reads well."""
    if count is None:
        return "-"
    scaled = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if scaled < 1000:
            return f"{scaled:.0f} {unit}" if unit == "B" else f"{scaled:.1f} {unit}"
        scaled /= 1000
    return f"{scaled:.1f} TB"


def columns() -> int | None:
    """Columns of the terminal that results go to, or COLUMNS; None in a pipe or a log, where a row is one line."""
    if os.environ.get("COLUMNS", "").isdecimal():
        return int(os.environ["COLUMNS"])
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(names: Sequence[str], rows: Iterable[Sequence[object]], width: int | None = None) -> list[str]:
    """Rows below the names of their columns; a column whose name begins with > is aligned to the right.

    No word is broken, and every cell but the last stays on one line. In a terminal (or `width`) that is too narrow, the last
    cell is wrapped beside the others; where that leaves too little room, below them; or all cells go below the first. What
    does not fit then either, and numbers that do not fit, are in a second table that begins with the first columns again.
    """
    width, rows = width or columns() or sys.maxsize, list(rows)
    cells = [[name.removeprefix(">") for name in names], *([cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = width - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
    is_beside = room >= min(widths[-1], max(_longest_word(row[-1] for row in cells), NARROW))
    split = None if is_beside else -1 if room + len(GAP) >= 0 else 1
    fitting = sum(total <= width + len(GAP) for total in accumulate(one + len(GAP) for one in widths))
    keys = max(1, next((number for number, name in enumerate(names) if name.startswith(">")), 1))
    if split and fitting > keys and (names[-1].startswith(">") or room + widths[0] < 0):
        later = table([*names[:keys], *names[fitting:]], [(*row[:keys], *row[fitting:]) for row in rows], width)
        return [*table(names[:fitting], [row[:fitting] for row in rows], width), "", *later]
    return [text for row in cells for text in _lines(_padded(row, widths, names), split, width, width - room)]


def _lines(row: Sequence[str], split: int | None, width: int, indent: int) -> list[str]:
    if split is None:
        return wrapped(GAP.join(row).rstrip(), width, " " * indent)
    below = GAP.join(row[split:]).rstrip()
    return [GAP.join(row[:split]).rstrip(), *(wrapped(GAP + below, width, GAP) if below else [])]


def _padded(row: Sequence[str], widths: Sequence[int], names: Sequence[str]) -> list[str]:
    padded = zip(row, widths, names, strict=True)
    return [text.rjust(width) if name.startswith(">") else text.ljust(width) for text, width, name in padded]


def _longest_word(texts: Iterable[str]) -> int:
    return max((len(word) for text in texts for word in text.split()), default=0)


def wrapped(text: str, width: int | None = None, indent: str = "") -> list[str]:
    """Text in lines of the terminal's width (or `width`), broken between words only; `indent` is for all but the first."""
    width = width or columns() or sys.maxsize
    if len(text) <= width:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def cell(value: object) -> str:
    """A value in a table: numbers with thousands marked, nothing for None."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return "" if value is None else f"{value:,}" if is_number else str(value)


_COLOURS = (
    (re.compile(r"^\s*(error|refused|failed|FAILED|NOT JUDGED|blocked|interrupted)\b"), "31"),
    (re.compile(r"^\s*(warning|note|what to do)\b"), "33"),
    (re.compile(r"^\s*(nothing blocks|next)\b"), "32"),
)


def coloured(text: str, stream: TextIO | None = None) -> str:
    """Text with the words that begin a finding in colour; unchanged if `stream` (stdout) is not a terminal, or with NO_COLOR."""
    stream = stream or sys.stdout
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return "\n".join(map(_coloured, text.split("\n")))


def _coloured(line: str) -> str:
    for pattern, colour in _COLOURS:
        if found := pattern.match(line):
            return f"\x1b[{colour}m{found[0]}\x1b[0m{line[found.end() :]}"
    return line
