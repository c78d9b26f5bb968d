"""The page DataOps metrics."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site


def page(site: Site) -> Page:  # noqa: ARG001
    """The page."""
    return Page(
        slug="dataops",
        title="DataOps metrics",
        lead="How fast changes and data arrive, and how often they fail.",
        body=[parts.nothing("This page has no content yet.")],
    )
