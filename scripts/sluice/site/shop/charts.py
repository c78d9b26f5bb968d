"""Draws what is shown: lines, bars, funnels and cohorts. Each is a figure with its numbers beneath."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from html import escape
from typing import Any

from sluice.core.text import number, plural
from sluice.page.document import table
from sluice.site import parts
from sluice.site.shop.declared import Show
from sluice.site.shop.measured import Measured, names_of

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 620, 240, 70, 110, 10, 24
LINES = 6  # series of a line chart; others are in the table


def figure(found: Measured) -> str:
    """The figure of what is shown, by its kind."""
    show = found.shown.show
    if not found.rows:
        return parts.figure(show.title, parts.nothing("The model has no rows of it."), [], [])
    if show.kind == "table":
        return _table(found)
    if all(row[-1] is None for row in found.rows):
        return parts.figure(show.title, parts.nothing(f"All values are null in {found.shown.relation}."), [], [])
    drawn = {"line": _lines, "bar": _bars, "funnel": _funnel, "cohort": _cohorts}[show.kind](found)
    if show.kind == "cohort":
        return f'<figure class="wide">{_caption(found)}{drawn}</figure>'
    rows = [[escape(_word(cell)) for cell in row[:-1]] + [escape(figure_of(row[-1], show))] for row in found.rows]
    heads = names_of(show)
    return parts.figure(show.title, drawn, heads, rows, about=_about(found), numbers=[len(heads) - 1])


def figure_of(value: Any, show: Show) -> str:
    """A number with its unit."""
    if value is None:
        return ""
    if show.unit == "percent":
        return f"{100 * float(value):.1f} %"
    if isinstance(value, float | Decimal):
        exact = float(value)
        value = round(exact, 2) if abs(exact) < 1000 else round(exact)
    return f"{number(value)} {show.unit}".strip()


def _about(found: Measured) -> str:
    said = [found.shown.show.note] if found.shown.show.note else []
    said += [f"and {plural(found.left_out, 'more row')}"] if found.left_out else []
    return "; ".join([*said, found.shown.relation])


def _caption(found: Measured) -> str:
    return f"<figcaption><b>{escape(found.shown.show.title)}</b><span>{escape(_about(found))}</span></figcaption>"


def _word(value: Any) -> str:
    if isinstance(value, datetime) and value.time() != time.min:
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)


def _table(found: Measured) -> str:
    numeric = [at for at, _ in enumerate(found.columns) if any(isinstance(row[at], int | float | Decimal) for row in found.rows)]
    rows = [[escape(number(cell) if at in numeric else _word(cell)) for at, cell in enumerate(row)] for row in found.rows]
    listed = table(found.columns, rows, numbers=numeric, name=found.shown.show.title)
    return f'<figure class="wide">{_caption(found)}{listed}</figure>'


def _by_series(found: Measured) -> dict[str, list[tuple[Any, float]]]:
    """The points of each series, those with the largest sum first."""
    series: dict[str, list[tuple[Any, float]]] = {}
    for row in found.rows:
        if row[-1] is not None:
            series.setdefault(_word(row[1]) if len(row) == 3 else "", []).append((row[0], float(row[-1])))
    return dict(sorted(series.items(), key=lambda item: -sum(abs(y) for _, y in item[1])))


def _lines(found: Measured) -> str:
    show, series = found.shown.show, _by_series(found)
    shown = dict(list(series.items())[:LINES])
    places = sorted({x for line in shown.values() for x, _ in line})
    at = {x: LEFT + (WIDTH - LEFT - RIGHT) * n / max(1, len(places) - 1) for n, x in enumerate(places)}
    values = [y for line in shown.values() for _, y in line]
    low, high = min(0.0, *values), max(0.0, *values)

    def height(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / ((high - low) or 1)

    drawn = [_axis(show, low, high, height), *_days(places, at)]
    ends = _apart([height(line[-1][1]) for line in shown.values()])
    for n, (name, line) in enumerate(shown.items()):
        path = "L".join(f"{at[x]:.1f} {height(y):.1f}" for x, y in line)
        # One day alone is a dot: a line of no length, with round ends.
        drawn.append(f'<path class="series-{n}" d="M{path}{"h0" if len(line) == 1 else ""}"/>')
        if name:
            drawn.append(f'<text class="name" x="{WIDTH - RIGHT + 8}" y="{ends[n] + 4:.1f}">{escape(name[:16])}</text>')
    drawn += _tips(show, places, at, shown)
    told = "; ".join(_told(name, line, show) for name, line in shown.items())
    return _svg(HEIGHT, "".join(drawn), f"{show.title}: {told}", "lines")


def _told(name: str, line: Sequence[tuple[Any, float]], show: Show) -> str:
    first, last = line[0], line[-1]
    said = f"from {figure_of(first[1], show)} on {_word(first[0])} to {figure_of(last[1], show)} on {_word(last[0])}"
    return f"{name} {said}".strip()


def _axis(show: Show, low: float, high: float, height: Any) -> str:
    marks = [low, (low + high) / 2, high] if high > low else [high]
    return "".join(
        f'<path class="axis" d="M{LEFT} {height(value):.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 6}" y="{height(value) + 4:.1f}" text-anchor="end">{escape(_short(value, show))}</text>'
        for value in marks
    )


def _short(value: float, show: Show) -> str:
    if show.unit == "percent":
        return f"{100 * value:.0f} %"
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):,.3g} {unit}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _days(places: Sequence[Any], at: dict[Any, float]) -> list[str]:
    few = [(places[0], "start"), (places[-1], "end")] if len(places) > 1 else [(places[0], "middle")]
    return [f'<text x="{at[x]:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{escape(_word(x))}</text>' for x, anchor in few]


def _tips(show: Show, places: Sequence[Any], at: dict[Any, float], series: dict[str, list[tuple[Any, float]]]) -> list[str]:
    """A strip for each place, with its values as a title."""
    wide = (WIDTH - LEFT - RIGHT) / max(1, len(places) - 1)
    known = {name: dict(line) for name, line in series.items()}
    found = []
    for x in places:
        values = "; ".join(f"{name} {figure_of(line[x], show)}".strip() for name, line in known.items() if x in line)
        said = escape(f"{_word(x)}: {values}")
        strip = f'x="{at[x] - wide / 2:.1f}" y="{TOP}" width="{wide:.1f}" height="{HEIGHT - TOP - BOTTOM}"'
        found.append(f'<rect class="tip" {strip}><title>{said}</title></rect>')
    return found


def _apart(heights: Sequence[float]) -> list[float]:
    """The same heights, at least a line of text from each other."""
    found = list(heights)
    last = float("-inf")
    for n in sorted(range(len(found)), key=lambda n: found[n]):
        found[n] = last = max(found[n], last + 13)
    return found


def _bars(found: Measured) -> str:
    show = found.shown.show
    most = max((abs(float(row[1])) for row in found.rows if row[1] is not None), default=0.0) or 1.0
    return _listed([(_word(x) or "(none)", float(y or 0) / most, figure_of(y, show)) for x, y in found.rows])


def _funnel(found: Measured) -> str:
    """Bars, each with its share of the first one and of the one before."""
    show = found.shown.show
    values = [float(row[1] or 0) for row in found.rows]
    first, lines = values[0] or 1.0, []
    for n, (row, value) in enumerate(zip(found.rows, values, strict=True)):
        before = values[n - 1] if n else 0.0
        step = f", {100 * value / before:.0f} % of the step before" if n and before else ""
        said = figure_of(row[1], show) + (f" ({100 * value / first:.1f} %{step})" if n else "")
        lines.append((_word(row[0]), value / (max(values) or 1.0), said))
    return _listed(lines)


def _listed(lines: Sequence[tuple[str, float, str]]) -> str:
    """Bars are a list, which is read as it is, and whose words stay as large on a phone."""
    bars = "".join(
        f"<li><span>{escape(name)}</span><span>{escape(said)}</span>"
        f'<span class="bar" style="width:{max(0.3, 100 * abs(share)):.1f}%" aria-hidden="true"></span></li>'
        for name, share, said in lines
    )
    return f'<ul class="bars">{bars}</ul>'


def _cohorts(found: Measured) -> str:
    """A table whose cells are the darker the more they have: it is the chart, and its numbers."""
    show = found.shown.show
    cells = {(row[1], row[0]): row[2] for row in found.rows}
    names, steps = sorted({row[1] for row in found.rows}), sorted({row[0] for row in found.rows})
    known = [float(value) for (_, step), value in cells.items() if value is not None and step != steps[0]]
    most = max(known, default=0.0) or 1.0
    lines = []
    for name in names:
        row = "".join(_cell(cells.get((name, step)), most, show) for step in steps)
        lines.append(f'<tr><th scope="row">{escape(_word(name))}</th>{row}</tr>')
    head = "".join(f'<th scope="col" class="n">{escape(_word(step))}</th>' for step in steps)
    body = f'<thead><tr><th scope="col">{escape(str(show.series))}</th>{head}</tr></thead><tbody>{"".join(lines)}</tbody>'
    label = escape(show.title, quote=True)
    return f'<div class="box" role="region" tabindex="0" aria-label="{label}"><table class="heat">{body}</table></div>'


def _cell(value: Any, most: float, show: Show) -> str:
    if value is None:
        return "<td></td>"
    part = min(1.0, max(0.0, float(value) / most))
    return f'<td class="n heat-{round(8 * part)}">{escape(figure_of(value, show))}</td>'


def _svg(height: int, drawn: str, told: str, kind: str) -> str:
    label = escape(told, quote=True)
    return f'<svg class="{kind}" role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}">{drawn}</svg>'
