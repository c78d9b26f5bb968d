"""Small charts as SVG. Each has a text for readers who do not see it, and no colour means anything alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import count

from sluice.core.text import percent, value

WIDTH = 288
_HIGH = 76  # where the axis of a histogram is
_TALL = 62  # of its highest bar, above which the number of its rows is written
_GAP = 10  # between a histogram's bars and those of what is beyond
_ROW = 24  # of a value and its two bars
_NAMES = 86  # for the names of values
_BARS = 82  # for their bars


@dataclass(frozen=True)
class Pair:
    """A bar before and after; of a histogram `is_beyond` everything below the first bar, or above the last."""

    name: str
    before: int
    after: int
    is_beyond: bool = False


class Names:
    """Ids of one page, each given once."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def next(self) -> str:
        """The next one."""
        return f"c{next(self._numbers)}"


def share(part: int, whole: int) -> str:
    """A bar as long as the share; the figure is beside it."""
    width = 60 * min(1.0, part / whole) if whole else 0.0
    drawn = f'<rect class="after" width="{max(width, 1.5 if part else 0):.1f}" height="8"/>'
    return f'<svg class="inline" width="60" height="8" aria-hidden="true"><rect class="soft" width="60" height="8"/>{drawn}</svg>'


def key() -> str:
    """What the bars and the line are."""
    bar = '<svg width="14" height="10" aria-hidden="true"><rect class="before" width="14" height="10"/></svg>'
    line = '<svg width="14" height="10" aria-hidden="true"><path class="line" d="M0 9V1H14V9"/></svg>'
    solid = '<svg width="14" height="10" aria-hidden="true"><rect class="after" width="14" height="10"/></svg>'
    return f'<div class="key"><span>{bar}before</span><span>{line}{solid}after</span><span>one scale for both</span></div>'


def histogram(bars: Sequence[Pair], ends: tuple[str, str], told: str, anchor: str) -> str:
    """Bars before, and the outline of those after, on one scale; `ends` are the ends of the axis."""
    most = max((max(bar.before, bar.after) for bar in bars), default=0) or 1
    places = _places(bars)
    before = "".join(
        f'<rect class="before" x="{x:.1f}" y="{_HIGH - _tall(bar.before, most):.1f}" width="{wide:.1f}"'
        f' height="{_tall(bar.before, most):.1f}"/>'
        for bar, (x, wide) in zip(bars, places, strict=True)
        if bar.before
    )
    inner = [n for n, bar in enumerate(bars) if not bar.is_beyond]
    groups = [[n] for n, bar in enumerate(bars) if bar.is_beyond] + ([inner] if inner else [])
    after = "".join(_outline([(places[n], _tall(bars[n].after, most)) for n in group]) for group in groups)
    left, right = places[inner[0]][0], sum(places[inner[-1]])
    axis = f'<path class="axis" d="M0 {_HIGH + 0.5}H{WIDTH}"/>'
    labels = (
        f'<text x="{left:.1f}" y="{_HIGH + 14}">{escape(ends[0])}</text>'
        f'<text x="{right:.1f}" y="{_HIGH + 14}" text-anchor="end">{escape(ends[1])}</text>'
    )
    return _svg(_HIGH + 18, axis + before + after + labels + _highest(bars, places, most), told, anchor)


def _highest(bars: Sequence[Pair], places: Sequence[tuple[float, float]], most: int) -> str:
    """The number of rows of the highest bar, above it."""
    x, wide = next((place for bar, place in zip(bars, places, strict=True) if most in (bar.before, bar.after)), places[0])
    middle, half = x + wide / 2, 3.3 * len(f"{most:,}")
    return f'<text x="{min(max(middle, half), WIDTH - half):.1f}" y="10" text-anchor="middle">{most:,}</text>'


def _places(bars: Sequence[Pair]) -> list[tuple[float, float]]:
    """Where each bar begins, and how wide it is."""
    gaps = sum(bar.is_beyond for bar in bars)
    wide = (WIDTH - _GAP * gaps) / max(len(bars), 1)
    found, x = [], 0.0
    for number, bar in enumerate(bars):
        if bar.is_beyond and number:
            x += _GAP
        found.append((x, wide))
        x += wide + (_GAP if bar.is_beyond and not number else 0)
    return found


def _tall(rows: int, most: int) -> float:
    """What is not nothing is seen."""
    return max(_TALL * rows / most, 1.0) if rows else 0.0


def _outline(steps: Sequence[tuple[tuple[float, float], float]]) -> str:
    if not any(tall for _, tall in steps):
        return ""
    (x, _), _ = steps[0]
    moves = "".join(f"V{_HIGH - tall:.1f}H{at + wide:.1f}" for (at, wide), tall in steps)
    return f'<path class="line" d="M{x:.1f} {_HIGH}{moves}V{_HIGH}"/>'


def values(bars: Sequence[Pair], rows: tuple[int, int], told: str, anchor: str) -> str:
    """Two bars for each value, before above after: shares of all `rows` before and after, with the figure beside them."""
    shares = [tuple(part / whole if whole else 0.0 for part, whole in zip((b.before, b.after), rows, strict=True)) for b in bars]
    most = max((max(pair) for pair in shares), default=0.0) or 1.0
    lines = []
    for number, (bar, (old, new)) in enumerate(zip(bars, shares, strict=True)):
        y = number * _ROW
        wide = [max(_BARS * part / most, 1.0 if part else 0.0) for part in (old, new)]
        said = f"{percent(bar.before, rows[0])} → {percent(bar.after, rows[1])}"
        lines.append(
            f'<text class="name" x="0" y="{y + 15}">{escape(value(bar.name, 14))}</text>'
            f'<rect class="before" x="{_NAMES}" y="{y + 3}" width="{wide[0]:.1f}" height="7"/>'
            f'<rect class="after" x="{_NAMES}" y="{y + 12}" width="{wide[1]:.1f}" height="7"/>'
            f'<text x="{WIDTH}" y="{y + 15}" text-anchor="end">{said}</text>'
        )
    return _svg(_ROW * len(bars), "".join(lines), told, anchor)


def limits(seen: float, least: float | None, most: float | None) -> str:
    """Where a figure lies between its limits: a band from limit to limit, and a mark. The figures are beside it."""
    known = [one for one in (seen, least, most) if one is not None]
    low, high = min(known), max(known)
    span = (high - low) or abs(high) or 1.0
    if not math.isfinite(span):
        return ""
    low, high = low - 0.15 * span, high + 0.15 * span

    def at(number: float) -> float:
        return 100 * (number - low) / (high - low)

    left, right = at(least) if least is not None else 0.0, at(most) if most is not None else 100.0
    is_out = (least is not None and seen < least) or (most is not None and seen > most)
    mark = f'<rect class="{"isbad" if is_out else "after"}" x="{at(seen) - 1.5:.1f}" y="0" width="3" height="12" rx="1"/>'
    band = f'<rect class="soft" x="{left:.1f}" y="4" width="{max(right - left, 1):.1f}" height="4"/>'
    return f'<svg class="inline" width="100" height="12" aria-hidden="true">{band}{mark}</svg>'


def parts(counts: Sequence[tuple[int, str]]) -> str:
    """One bar of several parts, each with a class of its own; the figures are beside it."""
    whole, x, drawn = sum(number for number, _ in counts) or 1, 0.0, ""
    for number, kind in counts:
        wide = 120 * number / whole
        drawn += f'<rect class="{kind}" x="{x:.1f}" width="{wide:.1f}" height="8"/>' if number else ""
        x += wide
    return f'<svg class="inline" width="120" height="8" aria-hidden="true">{drawn}</svg>'


def _svg(height: float, drawn: str, told: str, anchor: str) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" aria-labelledby="{anchor}">'
        f'<desc id="{anchor}">{escape(told)}</desc>{drawn}</svg>'
    )
