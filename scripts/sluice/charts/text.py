"""A chart as text: a picture of characters, then what signals, in words."""

from __future__ import annotations

from collections.abc import Sequence

from sluice.charts.result import Chart, Point, Signal, expected
from sluice.core import text

HEIGHT = 15
WIDTH = 80
MARKS = {"": "•", "look": "○", "block": "●"}
LONGEST = 12  # Lines of signals; of more, the strongest.
WHY = {"point": "the point", "ewma": "the mean"}


def as_text(chart: Chart, width: int | None = None) -> str:
    """The newest points that fit, with their limits, and the signals among all points."""
    width = width or min(text.columns() or WIDTH, 200)
    return "\n".join([*_head(chart, width), "", *_picture(chart, width), "", *_signals(chart, width)])


def _head(chart: Chart, width: int) -> list[str]:
    signals = text.plural(len(chart.signals), "signal")
    said = f"{chart.metric}: {text.plural(chart.size, 'point')}, {chart.judged:,} judged, {signals}"
    found = [
        *(["a pattern by weekday or hour, taken out"] if chart.has_season else []),
        *([f"autocorrelation {chart.correlation:.2f}, limits of the mean widened"] if chart.correlation else []),
        *(["more variation than the kind implies, measured"] if chart.is_dispersed and chart.kind in ("p", "u", "count") else []),
    ]
    return (
        [*text.wrapped(said, width), *text.wrapped("found: " + "; ".join(found), width)] if found else text.wrapped(said, width)
    )


def _picture(chart: Chart, width: int) -> list[str]:
    edge_names = {"block_upper": "block", "look_upper": "look", "centre": "centre", "look_lower": "look", "block_lower": "block"}
    room = width - 22
    points = chart.points[-room:]
    lowest, highest = visible(points)
    rows = [[" "] * len(points) for _ in range(HEIGHT)]

    def row(value: float) -> int:
        return min(HEIGHT - 1, max(0, round((highest - value) / (highest - lowest) * (HEIGHT - 1))))

    labels: dict[int, str] = {}
    for name, said in edge_names.items():
        for at, point in enumerate(points):
            edge = getattr(point, name)
            if edge is not None and lowest <= edge <= highest:
                rows[row(edge)][at] = {"block": "┈", "look": "┄", "centre": "─"}[said]
        last = getattr(points[-1], name)
        if last is not None and lowest <= last <= highest:
            labels.setdefault(row(last), said)
    for at, point in enumerate(points):
        rows[row(point.value)][at] = MARKS[point.level]
    scale = {0: highest, HEIGHT // 2: (highest + lowest) / 2, HEIGHT - 1: lowest}
    lines = [
        f"{_figure(scale[at]) + ' ┤' if at in scale else '│':>13}{''.join(cells)} {labels.get(at, '')}".rstrip()
        for at, cells in enumerate(rows)
    ]
    first, last = _short(points[0].label), _short(points[-1].label)
    return [*lines, " " * 13 + (first + last.rjust(max(len(points) - len(first), len(last) + 1)) if len(points) > 1 else first)]


def visible(points: Sequence[Point]) -> tuple[float, float]:
    """Of the values and the look limits, which a single wide limit at the start does not stretch."""
    values = [point.value for point in points]
    edges = [edge for point in points[len(points) // 4 :] for edge in (point.look_lower, point.look_upper) if edge is not None]
    spread = max(values) - min(values)
    close = [edge for edge in edges if min(values) - spread <= edge <= max(values) + spread]
    lowest, highest = min([*values, *close]), max([*values, *close])
    return (lowest, highest) if highest > lowest else (lowest - 1, highest + 1)


def _figure(value: float) -> str:
    return text.number(float(f"{value:.4g}"))


def _short(label: str) -> str:
    return label.removesuffix(" 00:00:00")


def _signals(chart: Chart, width: int) -> list[str]:
    signals = chart.signals
    if not signals:
        return ["no signal"]
    shown = sorted(sorted(range(len(signals)), key=lambda at: -signals[at].strength)[:LONGEST])
    left = [f"the {LONGEST} strongest of {len(signals):,}; --format json has all"] if len(signals) > LONGEST else []
    rows = [_row(signals[at]) for at in shown]
    return [*text.table(["signal", "level", "side", ">value", ">expected", ">strength", "why"], rows, width), *left]


def _row(signal: Signal) -> tuple[str, ...]:
    until = f" to {_short(signal.until)}" if signal.until != signal.at else ""
    since = f", since {_short(signal.since)}" if signal.since != signal.at else ""
    return (
        _short(signal.at) + until,
        f"{MARKS[signal.level]} {signal.level}",
        signal.direction,
        _figure(signal.value),
        expected(signal),
        f"{signal.strength:.1f}",
        ", ".join(said for rule, said in WHY.items() if rule in signal.rules) + since,
    )
