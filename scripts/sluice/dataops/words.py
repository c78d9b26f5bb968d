"""Figures and rows in words, the same on a terminal and on a page."""

from __future__ import annotations

from datetime import timedelta

from sluice.core.text import plural
from sluice.dataops.metrics import Figure, Row

_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"), (timedelta(seconds=1), "s"))
_COUNTED = ("error", "row", "release")
# Of these metrics, the value of a row is not a time.
_IN_ROWS = {"deployments": "model", "rework": "commit", "errors_caught": "", "coverage": "check"}


def lasted(seconds: float) -> str:
    """A length of time, to the second, in its two largest units: `2 d 3 h`, `45 min 30 s`; what is shorter than 1 s as it is."""
    if abs(seconds) < 1:
        return f"{seconds:g} s"
    rest, parts = timedelta(seconds=round(abs(seconds))), list[str]()
    for size, unit in _UNITS:
        if (count := rest // size) or parts:
            parts.append(f"{count} {unit}" if count else "")
        rest %= size
    return ("-" if seconds < 0 else "") + " ".join(part for part in parts[:2] if part)


def value(figure: Figure) -> str:
    """The value of a figure with its unit; `not known` where nothing is."""
    return "not known" if figure.value is None else with_unit(figure.value, figure.unit)


def with_unit(number: float, unit: str) -> str:
    """A number in the words of its unit."""
    if unit == "seconds":
        return lasted(number)
    if unit == "share":
        return f"{round(100 * number, 1):g} %"
    if unit in _COUNTED:
        return plural(int(number), unit)
    return f"{round(number, 2):,g} {unit}"


def made_of(figure: Figure) -> str:
    """Of how many rows a figure is made: all of them, or those of which enough is known."""
    if figure.total is None:
        return ""
    return f"{figure.known:,} of {plural(figure.total, 'row')}"


def of_row(metric: str, row: Row) -> str:
    """The value of a row."""
    if row.value is None:
        return ""
    unit = _IN_ROWS.get(metric)
    if unit is None:
        return lasted(row.value)
    return plural(int(row.value), unit) if unit else f"{row.value:,g}"
