"""Charts on the page of an audit. What is given is HTML, but for claims, what was expected and what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from sluice.charts.svg import as_svg
from sluice.page.document import code, folded
from sluice.quality.charts import words
from sluice.quality.charts.result import ChartFindings, SeriesResult


def claim(one: SeriesResult) -> str:
    """What holds if the series does not signal."""
    of = f" ({one.dimension})" if one.dimension else ""
    return f"{one.measure}{of} is as usual"


def expected(one: SeriesResult) -> str:
    """The usual range, where a point was outside of it."""
    return words.usual(one) if one.worst else ""


def seen(one: SeriesResult) -> str:
    """The strongest signal, or how many points are new."""
    return words.sentence(one) or f"{one.new:,} of {one.points:,} points are new"


def picture(found: ChartFindings, metric: str) -> str:
    """The chart of a series, if it is among those drawn."""
    if metric not in found.pictures:
        return ""
    return as_svg(found.pictures[metric], f"chart{list(found.pictures).index(metric)}-")


def looks(found: ChartFindings) -> Iterator[str]:
    """Points that are unusual, and not so much that anything warns; and what was left out."""
    if found.looks:
        yield f"<h2>Charts to look at ({len(found.looks)})</h2>"
        yield "".join(folded(escape(words.sentence(one)), picture(found, one.metric)) for one in found.looks)
    short = [one.metric for one in found.series if one.status == "not_run"]
    if short:
        listed = "".join(f"<p>{code(name)}</p>" for name in short)
        yield folded(f'<span class="quiet">{len(short):,} series are too short to be judged</span>', listed)
    yield from (f'<p class="quiet">{escape(note)}</p>' for note in found.notes)
