"""Which marts were there when they had to be: those that say so, or whose exposures do, by `meta: due`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from sluice.core.due import DueMart, due_marts
from sluice.core.text import percent
from sluice.dataops.metrics import METRICS, Row
from sluice.page.document import code, table
from sluice.site import parts
from sluice.site.context import Site
from sluice.site.dataops.measured import DAYS, measured
from sluice.site.parts import Tile


@dataclass(frozen=True)
class OnTime:
    """A mart at its last due time: `delivered_at` is None where nothing came since; `late` of `days` days were late."""

    mart: DueMart
    due_at: datetime | None
    is_on_time: bool
    delivered_at: datetime | None
    days: int
    late: int


def read(site: Site) -> list[OnTime]:
    """Every mart that has to be there at a time, those that are late first; by the metric `on_time`."""
    due = due_marts(site.manifest)
    report = measured(site, [one for one in METRICS if one.name == "on_time"]) if due else None
    rows = report.metrics[0].rows if report and report.metrics else ()
    found = [judged(mart, [row for row in rows if row.subject == mart.relation]) for mart in due]
    return sorted(found, key=lambda one: (one.is_on_time, -one.late, one.mart.relation))


def judged(mart: DueMart, rows: Sequence[Row]) -> OnTime:
    """How a mart was at each of its due times, since it was delivered first."""
    last = max(rows, key=lambda row: str(row.started_at), default=None)
    if last is None:
        return OnTime(mart, None, is_on_time=True, delivered_at=None, days=0, late=0)
    late = sum(row.state == "late" for row in rows)
    return OnTime(mart, last.started_at, last.state == "on time", last.ended_at, len(rows), late)


def tiles(found: Sequence[OnTime]) -> list[Tile]:
    """How many were on time; nothing where none has a due time."""
    judged_ones = [one for one in found if one.due_at]
    if not judged_ones:
        return []
    late = [one for one in judged_ones if not one.is_on_time]
    value = f"{len(judged_ones) - len(late)} of {len(judged_ones)}"
    note = f"late: {escape(late[0].mart.relation)}" if late else "every mart with a due time"
    return [Tile("On time", value, note, "bad" if late else "good", "#on-time")]


def section(found: Sequence[OnTime]) -> str:
    """A line for each mart, and how often it was late."""
    if not found:
        said = 'No mart says when it has to be there. A model or an exposure does by meta: {due: "06:30 Europe/Berlin"}.'
        return parts.section("On time", parts.nothing(said), anchor="on-time")
    rows = [_row(one) for one in found]
    head = ["mart", "due", "last due", "", "came", f"late in {DAYS} days", "said by"]
    worst = max(found, key=lambda one: one.late)
    told = (
        f"{worst.mart.relation} was late most often: on {worst.late} of {worst.days} days."
        if worst.late
        else f"No mart was late in the last {DAYS} days."
    )
    return parts.section("On time", parts.said(told), table(head, rows, numbers=(5,), name="On time"), anchor="on-time")


def _row(one: OnTime) -> list[str]:
    word = "not due yet" if one.due_at is None else "on time" if one.is_on_time else "late"
    kind = "quiet" if one.due_at is None else "good" if one.is_on_time else "bad"
    by = f" ({one.mart.owner})" if one.mart.owner else ""
    return [
        code(one.mart.relation),
        escape(str(one.mart.due)),
        parts.when(one.due_at),
        f'<span class="{kind}">{word}</span>',
        parts.when(one.delivered_at) or ("not yet" if one.due_at else ""),
        f"{one.late} of {one.days} ({percent(one.late, one.days)})" if one.days else "",
        escape(f"{one.mart.said_by or 'the model'}{by}"),
    ]
