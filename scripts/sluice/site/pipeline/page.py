"""The page Pipeline: what steps and models take."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site


def page(site: Site) -> Page:  # noqa: ARG001
    """The page."""
    return Page(
        slug="pipeline",
        title="Pipeline",
        lead="What each step and model takes, and what a mart waits for.",
        body=[parts.nothing("This page has no content yet.")],
    )
