"""The pages of the site, in the order of its navigation."""

from __future__ import annotations

from sluice.site.catalog.page import page as catalog
from sluice.site.dataops.page import page as dataops
from sluice.site.health.page import page as health
from sluice.site.pipeline.page import page as pipeline
from sluice.site.releases.page import page as releases
from sluice.site.shop.page import page as shop
from sluice.site.today.page import page as today

PAGES = (today, health, pipeline, dataops, catalog, shop, releases)
