"""A chart as SVG: no script, nothing fetched, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sluice.charts.result import Chart, Point, expected
from sluice.charts.text import visible

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 800, 280, 70, 60, 34, 28
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1b1f24}.title{font-weight:600;font-size:14px}.quiet{fill:#59636e}"
    "path{fill:none}.value{stroke:#0550ae;stroke-width:1.5}.centre{stroke:#59636e}.look{stroke:#9a6700;stroke-dasharray:5 3}"
    ".block{stroke:#cf222e;stroke-dasharray:2 3}circle.look{fill:#fff;stroke:#9a6700;stroke-width:2;stroke-dasharray:none}"
    "circle.block{fill:#cf222e;stroke:none}.paper{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.paper{fill:#0d1117}.value{stroke:#4493f8}"
    ".centre{stroke:#9198a1}.look{stroke:#d29922}.block{stroke:#f85149}circle.look{fill:#0d1117;stroke:#d29922}"
    "circle.block{fill:#f85149}}"
)


def as_svg(chart: Chart, anchor: str = "") -> str:
    """The whole series. Its description says in words what the picture shows; each signal has a title of its own.

    With an `anchor`, which no other picture of the page has, it is a part of a page, whose style sheet it needs.
    """
    points = chart.points
    lowest, highest = visible(points)

    def place(at: int, value: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * at / max(1, len(points) - 1)
        clamped = min(highest, max(lowest, value))
        return round(across, 1), round(TOP + (HEIGHT - TOP - BOTTOM) * (highest - clamped) / (highest - lowest), 1)

    def path(name: str, css: str) -> str:
        steps, is_on = [], False
        for at, point in enumerate(points):
            value = getattr(point, name)
            if value is None or (name != "value" and not lowest <= value <= highest):
                is_on = False
                continue
            x, y = place(at, value)
            steps.append(f"{'L' if is_on else 'M'}{x} {y}")
            is_on = True
        return f'<path class="{css}" d="{"".join(steps)}"/>'

    edges = (
        ("block_lower", "block"),
        ("block_upper", "block"),
        ("look_lower", "look"),
        ("look_upper", "look"),
        ("centre", "centre"),
    )
    parts = [
        *_opening(chart, anchor),
        f'<text class="title" x="{LEFT}" y="20">{escape(chart.metric)}</text>',
        *(path(name, css) for name, css in edges),
        path("value", "value"),
        *(_mark(point, *place(at, point.value)) for at, point in enumerate(points) if point.level),
        *_labels(points, lowest, highest),
        *_names(points[-1], place, len(points) - 1),
        "</svg>",
    ]
    return "\n".join(parts)


def _opening(chart: Chart, anchor: str) -> list[str]:
    title, told = f"{anchor}title", f"{anchor}desc"
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{title} {told}"'
    names = f'<title id="{title}">{escape(chart.metric)}</title><desc id="{told}">{escape(description(chart))}</desc>'
    if anchor:
        return [f'<svg class="chart" {size}>{names}']
    paper = f'<style>{_STYLE}</style><rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>'
    return [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', names, paper]


def description(chart: Chart) -> str:
    """What the picture shows, in one or two sentences."""
    first, last = chart.points[0].label, chart.points[-1].label
    said = (
        f"{len(chart.points):,} points from {first} to {last}, {sum(bool(one.level) for one in chart.points):,} of them signal."
    )
    newest = chart.signals[-1:] and chart.signals[-1]
    if not newest:
        return said
    return f"{said} The newest: {newest.strongest_at}, {newest.value:g} where {expected(newest)} was expected."


def _mark(point: Point, x: float, y: float) -> str:
    said = f"{point.label}: {point.value:g}, {', '.join(point.rules)}"
    return f'<circle class="{point.level}" cx="{x}" cy="{y}" r="4"><title>{escape(said)}</title></circle>'


def _labels(points: Sequence[Point], lowest: float, highest: float) -> list[str]:
    bottom = HEIGHT - BOTTOM
    middle = (lowest + highest) / 2
    values = ((TOP, highest), ((TOP + bottom) / 2, middle), (bottom, lowest))
    return [
        *(f'<text class="quiet" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.4g}</text>' for y, value in values),
        f'<text class="quiet" x="{LEFT}" y="{HEIGHT - 8}">{escape(points[0].label)}</text>',
        f'<text class="quiet" x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{escape(points[-1].label)}</text>',
    ]


def _names(last: Point, place: object, at: int) -> list[str]:
    """The limits are named at their right ends."""
    assert callable(place)
    found = (
        ("block", last.block_upper, last.block_lower),
        ("look", last.look_upper, last.look_lower),
        ("centre", last.centre, None),
    )
    edges = [(said, lower if upper is None else upper) for said, upper, lower in found]
    named = [(said, place(at, edge)[1]) for said, edge in edges if edge is not None]
    return [f'<text class="quiet" x="{WIDTH - RIGHT + 6}" y="{y + 4}">{said}</text>' for said, y in named if y > TOP]
