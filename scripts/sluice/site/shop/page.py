"""The page The shop, and those that models name: what is declared to be shown, as the release has it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sluice.page.document import code
from sluice.site import parts
from sluice.site.context import Asset, Page, Site
from sluice.site.parts import Tile
from sluice.site.shop import charts
from sluice.site.shop.declared import declared
from sluice.site.shop.measured import Measured, measure

LEAD = "What the models show: the figures of the business, as the release has them."
TITLE = "The shop"


def page(site: Site) -> Sequence[Page]:
    """The pages, The shop first. Raises SluiceError where a declaration is not valid. They need no script."""
    shows = declared(site.manifest)
    if site.shown is None or not shows:
        said = "No model says what is to be shown. One does by meta: {show: {title: ..., kind: line, x: ..., y: ...}}."
        return [Page(slug="shop", title=TITLE, lead=LEAD, body=[parts.nothing(said)])]
    found = [measure(site, one) for one in shows]
    known = site.shown.release_id or str(site.shown.file)
    titles = dict.fromkeys(one.shown.show.page for one in found)
    return [
        _page(title, [one for one in found if one.shown.show.page == title], known, site.environment)
        for title in sorted(titles, key=lambda title: title != TITLE)
    ]


def _page(title: str, found: Sequence[Measured], known: str, environment: str) -> Page:
    body = [
        f"<p>As {code(known)} of {escape(environment)} has it. Each figure names its model.</p>",
        parts.tiles(_tiles(found)),
        f'<div class="shop">{"".join(map(charts.figure, found))}</div>',
    ]
    slug = "shop" if title == TITLE else f"shop-{title.lower().replace(' ', '-')}"
    return Page(slug=slug, title=title, lead=LEAD, body=body, assets=[Asset("sluice.site.shop", "shop.css")])


def _tiles(found: Sequence[Measured]) -> list[Tile]:
    """The last seven days of each line, beside the seven before."""
    return [_tile(one, *one.weeks) for one in found if one.weeks and one.weeks[0] is not None]


def _tile(one: Measured, now: object, before: object) -> Tile:
    show = one.shown.show
    note = f"last 7 days; {charts.figure_of(before, show)} in the 7 before{_change(now, before)}" if before is not None else ""
    return Tile(show.title, escape(charts.figure_of(now, show)), escape(note))


def _change(now: object, before: object) -> str:
    before_all, now_all = float(str(before)), float(str(now))
    return f" ({100 * (now_all - before_all) / abs(before_all):+.1f} %)" if before_all else ""
