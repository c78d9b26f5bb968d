"""The page Today: what readers have, what the last run did, who is asked, what was refused, and what was on time."""

from __future__ import annotations

from sluice.site import parts
from sluice.site.context import Page, Site
from sluice.site.today import environments, incidents, last_run, on_time, reconciliation, refused

LEAD = "What readers have now, what the last run did, what is wrong, and who does what about it."


def page(site: Site) -> Page:
    """The page. It needs no script."""
    run = last_run.read(site)
    opened = incidents.read(site)
    due = on_time.read(site)
    balances = reconciliation.read(site)
    body = [
        last_run.sentence(site, run),
        parts.tiles(
            [
                *environments.tiles(site),
                *last_run.tiles(site, run),
                incidents.tile(opened),
                *on_time.tiles(due),
                *reconciliation.tiles(balances),
            ]
        ),
        last_run.why(site, run),
        incidents.section(site, opened),
        environments.section(site),
        on_time.section(due),
        refused.section(site),
        reconciliation.section(balances),
    ]
    return Page(slug="today", title="Today", lead=LEAD, body=body)
