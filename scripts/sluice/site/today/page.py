"""The page Today: the state of each environment, incidents, what was refused."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site


def page(site: Site) -> Page:  # noqa: ARG001
    """The page."""
    return Page(
        slug="today",
        title="Today",
        lead="What readers have now, what went wrong, and who does what about it.",
        body=[parts.nothing("This page has no content yet.")],
    )
