"""The page Pipeline: what runs, steps and models take, over time."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Asset, Page, Site
from sluice.site.pipeline import models, runs

LEAD = "What each run, step and model takes, what a mart waits for, and what became slower."


def page(site: Site) -> Page:
    """The page. It needs no script."""
    made = runs.read(site)
    known = models.read(site)
    if not made and not known.known:
        body = [parts.nothing(f"No run and no build of {site.environment} was recorded.", "sluice run")]
        return Page(slug="pipeline", title="Pipeline", lead=LEAD, body=body)
    body = [
        parts.tiles([*runs.tiles(made), *models.tiles(known)]),
        runs.section(made),
        *models.sections(site, known),
        runs.feeds(site),
    ]
    assets = [Asset("sluice.site.pipeline", "pipeline.css")]
    return Page(slug="pipeline", title="Pipeline", lead=LEAD, body=body, assets=assets)
