"""The metrics for people, on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sluice.core.text import moment, plural, table, wrapped
from sluice.dataops import words
from sluice.dataops.measure import Measured, Report
from sluice.dataops.metrics import Row

# Longer ids, of commits and incidents, are cut as git cuts them.
_LONG, _CUT = 24, 12


def as_text(report: Report, *, rows: bool = False) -> str:
    """The figures of each metric, with its rows where they are asked for."""
    if report.window is None:
        return f"the history has nothing of {report.environment} yet"
    begin, end = report.window.from_at, report.window.to_at
    lines = [f"{report.environment}, from {moment(begin)} to {moment(end)}"]
    for one in report.metrics:
        lines += ["", *_metric(one, rows=rows)]
    return "\n".join(lines)


def _metric(one: Measured, *, rows: bool) -> Iterator[str]:
    yield f"{one.metric.title} ({one.metric.name})"
    yield from wrapped(f"  {one.metric.says}", indent="  ")
    cells = [(f"  {figure.figure}", words.value(figure), words.made_of(figure)) for figure in one.figures]
    yield from table(["", ">", ">"], cells)[1:] if cells else ["  no row is behind it"]
    if rows:
        yield from _rows(one)


def _rows(one: Measured) -> Iterator[str]:
    if not one.rows:
        return
    yield ""
    cells = [
        (_time(row.started_at or row.ended_at), words.of_row(one.metric.name, row), row.state, _short(row.id), _about(row))
        for row in one.rows
    ]
    yield from table(["when", ">value", "state", "id", "of what, and why"], cells)
    if one.row_count > len(one.rows):
        yield f"{len(one.rows)} of {plural(one.row_count, 'row')}; --limit shows more"


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _short(id_: str) -> str:
    """An id of dbt without its kind and project."""
    own = id_.split(".", 2)[2] if id_.count(".") > 1 else id_
    return own if len(own) <= _LONG or "." in id_ else own[:_CUT]


def _about(row: Row) -> str:
    return ": ".join(part for part in (row.subject, row.reason) if part)
