"""Numbers, counts and values as people read them, alike in every report."""

from __future__ import annotations

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
