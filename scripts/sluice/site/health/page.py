"""The page Health: a small chart of every followed series, the most troubled first; one opens to the whole chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from sluice.core.dbt import artifact
from sluice.core.errors import SluiceError
from sluice.core.text import number, plural
from sluice.page.document import code, table
from sluice.site import parts
from sluice.site.context import Asset, Judged, Page, Site
from sluice.site.health import behind, whole
from sluice.site.health.behind import Behind
from sluice.site.health.series import MOST, Series, read
from sluice.site.parts import Tile

LEAD = "Every series that is followed, beside what is usual for it: those that stop a release first, then what warns."
ASSETS = (Asset("sluice.site.health", "health.css"), Asset("sluice.site.health", "health.js"))


def page(site: Site) -> Page:
    """The page. Small charts need no script, whole ones do."""
    series = read(site)
    judged = site.judged
    if judged is None or not series:
        said = (
            "No series was judged. Models say what is followed by meta: follow; public ones that have an event_time are followed."
        )
        return Page(slug="health", title="Health", lead=LEAD, body=[parts.nothing(said, "sluice run")])
    known = behind.read(judged, _manifest(judged), series)
    body = [
        _about(judged),
        parts.tiles(_tiles(series)),
        _filter(series),
        f'<ul class="series" id="health-series">{"".join(_card(one, known.get(one.number)) for one in series)}</ul>',
        '<dialog id="health-whole" aria-labelledby="health-title"></dialog>',
        "<noscript><p>A whole chart, with its limits and numbers, is opened by a script.</p></noscript>",
    ]
    return Page(slug="health", title="Health", lead=LEAD, body=body, data=tuple(whole.data(site, series)), assets=ASSETS)


def _manifest(judged: Judged) -> Mapping[str, object]:
    try:
        return artifact(judged.folder, "manifest.json")
    except SluiceError:
        return {"nodes": {}}


def _about(judged: Judged) -> str:
    which = "the release that readers have" if judged.is_shown else "a candidate that readers do not have"
    return (
        f"<p>As judged in the audit of {code(judged.release_id)}, {which}. A small chart has the newest {MOST} points; "
        "a ring is a point to look at, a disc one beyond the limit that blocks, a dashed line the begin of a new phase.</p>"
    )


def _tiles(series: Sequence[Series]) -> list[Tile]:
    counts = Counter(one.state for one in series)
    shown = (
        ("fail", "Block a release", "bad"),
        ("warn", "Warn", "warn"),
        ("look", "To look at", "warn"),
        ("pass", "As usual", "good"),
    )
    found = [Tile(name, str(counts[state]), "", kind if counts[state] else "") for state, name, kind in shown]
    return [*found, *([Tile("Too short", str(counts["not_run"]))] if counts["not_run"] else [])]


def _filter(series: Sequence[Series]) -> str:
    relations = Counter(one.relation for one in series)
    options = "".join(
        f'<option value="{escape(name, quote=True)}">{escape(name)} ({n})</option>' for name, n in sorted(relations.items())
    )
    return (
        '<form class="filter" id="health-filter" hidden><label>Find <input type="search" name="text" autocomplete="off"></label> '
        f'<label>Of <select name="relation"><option value="">all tables</option>{options}</select></label> '
        f'<label>That <select name="state"><option value="">are followed</option><option value="fail">block</option>'
        '<option value="warn">warn</option><option value="look">are to look at</option></select></label> '
        f"<output>{plural(len(series), 'series') if len(series) == 1 else f'{len(series):,} series'}</output></form>"
    )


def _card(one: Series, known: Behind | None) -> str:
    drawn = one.drawn
    counts = f"{plural(drawn['points'], 'point')}, {plural(drawn['signals'], 'signal')}"
    told = f"{one.metric}: {counts}, newest {_figure(one, drawn['newest'])}"
    chart = (
        f'<svg class="spark" role="img" aria-label="{escape(told, quote=True)}" viewBox="0 0 160 36" width="160" height="36">'
        f'{drawn["phases"] or ""}<path class="line" d="{drawn["path"]}"/>{drawn["marks"] or ""}</svg>'
    )
    by = f'<span class="by">{escape(one.of)}</span>' if one.of else ""
    link = f'<a href="#s{one.number}" class="open">{escape(one.measure)}{by}</a>'
    return (
        f'<li id="s{one.number}" data-state="{one.state}" data-relation="{escape(one.relation, quote=True)}">'
        f'<span class="of">{escape(one.relation)}</span>{link}{chart}'
        f'<span><b>{escape(_figure(one, drawn["newest"]))}</b> <span class="{one.css}">{one.word}</span></span>'
        f"{_worst(one)}{_hidden(one, known)}</li>"
    )


def _worst(one: Series) -> str:
    worst = one.found.get("worst")
    if not worst:
        return ""
    day = str(worst["at"]).removesuffix("T00:00:00").replace("T", " ")[:16]
    limits = f"{_figure(one, worst['lower'])} to {_figure(one, worst['upper'])}"
    said = f"{_figure(one, worst['value'])} on {day}; usual is {_figure(one, worst['usual'])} ({limits})"
    remark = f". {one.found['remark']}" if one.found.get("remark") else ""
    return f'<span class="worst">{escape(said + remark)}</span>'


def _hidden(one: Series, known: Behind | None) -> str:
    """What the opened chart shows beside the numbers: owner, severity, the query and the rows."""
    owner = escape(str(one.found.get("owner") or ""), quote=True)
    severity = escape(str(one.found.get("severity") or ""), quote=True)
    query = parts.copied(known.query, "Copy the query") if known else ""
    rows = ""
    if known and known.rows:
        left_out = f" Without {', '.join(known.hidden)}: personal data." if known.hidden else ""
        rows = table(known.columns, [[escape(cell) for cell in row] for row in known.rows], name="Rows behind the point")
        rows = f"<p>Rows of the strongest point:{escape(left_out)}</p>{rows}"
    return f'<template data-owner="{owner}" data-severity="{severity}">{rows}{query}</template>'


def _figure(one: Series, value: float | None) -> str:
    """As the audit writes it: a share in percent."""
    if value is None:
        return ""
    return f"{100 * value:.4g} %" if one.kind == "p" else number(float(f"{value:.5g}"))
