"""The page Catalog."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site


def page(site: Site) -> Page:  # noqa: ARG001
    """The page."""
    return Page(
        slug="catalog",
        title="Catalog",
        lead="What every source, model and column is, who owns it, and what reads it.",
        body=[parts.nothing("This page has no content yet.")],
    )
