"""The page DataOps metrics: DORA's metrics and their data twins, and the rows behind each figure."""

from __future__ import annotations

from html import escape

from sluice.core.text import plural
from sluice.dataops import words
from sluice.dataops.measure import Measured, Report
from sluice.dataops.metrics import Figure, Row
from sluice.page.document import code, folded, table
from sluice.site import parts
from sluice.site.context import Page, Site
from sluice.site.dataops.measured import measured
from sluice.site.drawn import bar, spark
from sluice.site.parts import Tile

LEAD = "How fast changes and data arrive, and how often they fail: each figure, and the rows that it is made of."
MOST = 100  # rows of a metric
# The state of a row in the colour of what it means; others are neither good nor bad.
_KINDS = {
    "failed": "bad", "late": "bad", "after": "bad", "rework": "warn", "suspected": "warn", "not covered": "warn",
    "good": "good", "on time": "good", "before": "good", "covered": "good",
    "unknown": "quiet", "pending": "quiet", "merge": "quiet",
}  # fmt: skip


def page(site: Site) -> Page:
    """The page. It needs no script."""
    return Page(slug="dataops", title="DataOps metrics", lead=LEAD, body=body(measured(site, limit=MOST)))


def body(report: Report) -> list[str]:
    """What the page says of the metrics."""
    if report.window is None:
        return [parts.nothing(f"The history has nothing of {report.environment} yet.", "sluice run")]
    begin, end = report.window.from_at, report.window.to_at
    about = f"{escape(report.environment)}, from {parts.when(begin)} to {parts.when(end)}"
    return [
        f"<p>{about}. What is not known is counted apart, and not guessed.</p>",
        parts.tiles([_tile(one) for one in report.metrics]),
        *(_section(one, report.environment) for one in report.metrics),
    ]


def _tile(one: Measured) -> Tile:
    first = one.figures[0] if one.figures else None
    value = escape(words.value(first)) if first else "none"
    note = ", ".join(part for part in (first.figure, words.made_of(first)) if part) if first else "no row is behind it"
    return Tile(one.metric.title, value, escape(note), href=f"#dataops-{one.metric.name}")


def _section(one: Measured, environment: str) -> str:
    most = max((figure.value or 0 for figure in one.figures if figure.unit == "seconds"), default=0)
    figures = [_figure(figure, 1 if figure.unit == "share" else most) for figure in one.figures]
    return parts.section(
        one.metric.title,
        parts.said(one.metric.says),
        table(["figure", "value", "", "made of"], figures, numbers=(1,), name=one.metric.title),
        _trend(one),
        _rows(one, environment) if one.rows else parts.nothing("No row is behind it."),
        anchor=f"dataops-{one.metric.name}",
    )


def _figure(figure: Figure, most: float) -> list[str]:
    drawn = bar(figure.value or 0, most) if figure.unit in ("share", "seconds") else ""
    return [escape(figure.figure), escape(words.value(figure)), drawn, words.made_of(figure)]


def _trend(one: Measured) -> str:
    """A small chart of the weeks, from zero; nothing where fewer than two are known."""
    trend, known = one.metric.trend, [week.value for week in one.weeks if week.value is not None]
    if trend is None or len(known) < 2:
        return ""
    about = f"{len(one.weeks)} weeks, at most {words.with_unit(max(known), trend.unit)}"
    drawn = spark([week.value for week in one.weeks], f"{trend.says}: {about}", width=480, height=60, lower=0)
    cells = ["" if week.value is None else words.with_unit(week.value, trend.unit) for week in one.weeks]
    rows = [[parts.when(week.begins_at), cell] for week, cell in zip(one.weeks, cells, strict=True)]
    return parts.figure(trend.says, drawn, ["week from", "value"], rows, about=about, numbers=(1,))


def _rows(one: Measured, environment: str) -> str:
    head = ["when", "until", "value", "state", "of", "why", "id"]
    listed = table(head, [_row(one, row) for row in one.rows], numbers=(2,), name=f"Rows of {one.metric.title}")
    some = f"the newest {len(one.rows):,} of " if one.row_count > len(one.rows) else ""
    command = parts.copied(f"sluice dataops --env {environment} --metric {one.metric.name} --rows")
    return folded(f"{some}{plural(one.row_count, 'row')}", listed + command, anchor=f"dataops-rows-{one.metric.name}")


def _row(one: Measured, row: Row) -> list[str]:
    kind = _KINDS.get(row.state, "")
    state = f'<span class="{kind}">{escape(row.state)}</span>' if kind else escape(row.state)
    return [
        parts.when(row.started_at),
        parts.when(row.ended_at),
        escape(words.of_row(one.metric.name, row)),
        state,
        code(row.subject),
        escape(row.reason or ""),
        code(row.id),
    ]
