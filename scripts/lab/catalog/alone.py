"""A site that has nothing but the page of a catalog."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from sluice.catalog.facts import Catalog
from sluice.environments.context import here
from sluice.site.catalog.page import catalog_page
from sluice.site.context import Page, Site
from sluice.site.write import write


def write_site(catalog: Catalog, out: Path) -> None:
    """Write the page of a catalog, in the frame of the site."""
    page = catalog_page(catalog)
    with duckdb.connect() as connection:
        site = Site(
            project=out,
            name=catalog.project,
            made_at=datetime(2026, 1, 31, tzinfo=UTC).replace(tzinfo=None),
            context=here(),
            environment="prod",
            environments=(),
            releases=(),
            shown=None,
            judged=None,
            db=connection,
        )
        write(site, [lambda _: page, _today], out)


def _today(_: Site) -> Page:
    return Page(slug="today", title="Today", lead="", body=())
