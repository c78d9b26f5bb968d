"""The DataOps metrics of the environment that a site shows, as of the moment when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sluice.core.errors import SluiceError
from sluice.dataops.measure import Report, measure
from sluice.dataops.metrics import METRICS, Metric
from sluice.dataops.project import facts
from sluice.environments.resolve import Located
from sluice.quarantine import catalog
from sluice.site.context import Site

DAYS = 90


def measured(site: Site, only: Sequence[Metric] = METRICS, limit: int | None = None) -> Report:
    """The metrics of the last DAYS days, with up to `limit` rows of each."""
    places = catalog.places(site.context.lake, lambda: _located(site))
    return measure(places, facts(site.manifest), site.environment, timedelta(days=DAYS), site.made_at, only=only, limit=limit)


def _located(site: Site) -> Located:
    if site.shown is None:
        raise SluiceError(f"{site.environment} has no release yet")
    return site.shown.located
