"""The page The shop: charts of what models declare by meta: show."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site


def page(site: Site) -> Page:  # noqa: ARG001
    """The page."""
    return Page(
        slug="shop",
        title="The shop",
        lead="What the models declare to be shown.",
        body=[parts.nothing("This page has no content yet.")],
    )
