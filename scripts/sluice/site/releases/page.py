"""The page Releases: each beside the one before."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site


def page(site: Site) -> Page:  # noqa: ARG001
    """The page."""
    return Page(
        slug="releases",
        title="Releases",
        lead="What each release changed, who published it and why, and where a rollback leads.",
        body=[parts.nothing("This page has no content yet.")],
    )
