"""Small charts as inline SVG. Each has a sentence for readers who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_MOST = 120  # points of a small chart: more than it has pixels say nothing more


@dataclass(frozen=True)
class Mark:
    """A point of a small chart that is marked: `kind` is look, block or phase."""

    at: int
    kind: str


def spark(
    values: Sequence[float | None],
    told: str,
    *,
    width: int = 160,
    height: int = 36,
    lower: float | None = None,
    upper: float | None = None,
    marks: Sequence[Mark] = (),
) -> str:
    """A line, with a band between `lower` and `upper`, and marked points. What is None is a gap."""
    start = max(0, len(values) - _MOST)
    shown = list(values[start:])
    known = [one for one in (*shown, lower, upper) if one is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or abs(high) or 1.0

    def x(at: int) -> float:
        return 2 + (width - 4) * at / max(1, len(shown) - 1)

    def y(value: float) -> float:
        return 3 + (height - 6) * (high - value) / span if high > low else height / 2

    band = ""
    if lower is not None and upper is not None:
        band = f'<rect class="band" x="0" y="{y(upper):.1f}" width="{width}" height="{max(1.0, y(lower) - y(upper)):.1f}"/>'
    drawn = "".join(_mark(one, x(one.at - start), y, shown[one.at - start], height) for one in marks if one.at >= start)
    return (
        f'<svg class="spark" role="img" aria-label="{escape(told, quote=True)}" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}">{band}<path class="line" d="{_path(shown, x, y)}"/>{drawn}</svg>'
    )


def _path(values: Sequence[float | None], x: object, y: object) -> str:
    assert callable(x)
    assert callable(y)
    steps, is_on = [], False
    for at, value in enumerate(values):
        if value is not None:
            steps.append(f"{'L' if is_on else 'M'}{x(at):.0f} {y(value):.1f}")
        is_on = value is not None
    return "".join(steps)


def _mark(one: Mark, x: float, y: object, value: float | None, height: int) -> str:
    assert callable(y)
    if one.kind == "phase":
        return f'<path class="phase" d="M{x:.0f} 0V{height}"/>'
    return "" if value is None else f'<circle class="{one.kind}" cx="{x:.0f}" cy="{y(value):.1f}" r="3"/>'


def bar(value: float, most: float, width: int = 120) -> str:
    """A bar in a table, beside its figure."""
    wide = max(width * value / most, 1.0) if most and value else 0.0
    drawn = f'<rect class="after" width="{wide:.1f}" height="10"/>'
    return f'<svg class="inline" width="{width}" height="10" aria-hidden="true">{drawn}</svg>'
