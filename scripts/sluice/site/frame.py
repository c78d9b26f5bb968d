"""The frame of a page: head, navigation and foot, the same on every page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sluice import __version__
from sluice.page.document import HEAD
from sluice.site import parts
from sluice.site.context import Asset, Page, Site

OWN = (Asset("sluice.page", "style.css"), Asset("sluice.site.assets", "site.css"), Asset("sluice.site.assets", "site.js"))


def file_of(slug: str) -> str:
    """The file of a page."""
    return "index.html" if slug == "today" else f"{slug}.html"


def whole(site: Site, page: Page, pages: Sequence[Page]) -> str:
    """The HTML of a page, with links to the others."""
    body = "\n".join(part for part in page.body if part)
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head>',
            f"{HEAD}<title>{escape(page.title)} · {escape(site.name)}</title>",
            *map(_linked, (*OWN, *page.assets)),
            f'</head><body class="site page-{escape(page.slug, quote=True)}">',
            '<a class="skip" href="#main">Skip to the content</a>',
            f'<header><a class="home" href="index.html">{escape(site.name)}</a>{_navigation(page, pages)}</header>',
            f'<main id="main" tabindex="-1"><h1>{escape(page.title)}</h1><p class="lead">{escape(page.lead)}</p>',
            body,
            "</main>",
            _foot(site),
            "</body></html>\n",
        ]
    )


def _linked(asset: Asset) -> str:
    place = f"assets/{escape(asset.file, quote=True)}"
    return f'<link rel="stylesheet" href="{place}">' if asset.file.endswith(".css") else f'<script src="{place}" defer></script>'


def _navigation(page: Page, pages: Sequence[Page]) -> str:
    here = ' aria-current="page"'
    links = "".join(
        f'<li><a href="{file_of(one.slug)}"{here * (one.slug == page.slug)}>{escape(one.title)}</a></li>' for one in pages
    )
    return f'<nav aria-label="Pages"><ul>{links}</ul></nav>'


def _foot(site: Site) -> str:
    made = parts.when(site.made_at)
    about = f"Made {made} from the history in the lake and the release of {escape(site.environment)}, by sluice {__version__}."
    stale = f'<p id="stale" class="warn" data-made="{site.made_at:%Y-%m-%dT%H:%M:%SZ}" hidden></p>'
    return f'<footer>{stale}<p>{about} <span id="zone">Times are UTC.</span></p></footer>'
