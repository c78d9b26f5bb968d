"""Numbers, counts and values as people read them, alike in every report."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

Number = int | float | Decimal
WIDTH = 60


def number(value: Number | None, *, signed: bool = False) -> str:
    """With thousands; fractions to six digits that count."""
    if value is None:
        return ""
    sign = "+" if signed and value > 0 else ""
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else value
    if isinstance(value, float):
        return f"{sign}{value:,.6g}" if abs(value) < 1e6 or value != value else f"{sign}{value:,.0f}"
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


def size(count: int | None) -> str:
    """A number of bytes, in the unit that reads well."""
    if count is None:
        return "-"
    scaled = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if scaled < 1000:
            return f"{scaled:.0f} {unit}" if unit == "B" else f"{scaled:.1f} {unit}"
        scaled /= 1000
    return f"{scaled:.1f} TB"
