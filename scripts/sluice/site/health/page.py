"""The page Health: a small chart of each series, and the whole chart of one."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site


def page(site: Site) -> Page:  # noqa: ARG001
    """The page."""
    return Page(
        slug="health",
        title="Health",
        lead="How every followed series is, the most troubled first.",
        body=[parts.nothing("This page has no content yet.")],
    )
