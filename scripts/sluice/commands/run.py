"""`sluice run`: the scheduled job, from new deliveries to a published release."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sluice.commands.formats import Format, ReportFormat


def run(
    feeds: Annotated[list[Path] | None, typer.Argument(help="Feeds files to ingest first; none: the lake as it is.")] = None,
    environment: Annotated[str, typer.Option("--env", help="The environment that is to get the release.")] = "prod",
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models from nothing.")] = False,
    why: Annotated[str | None, typer.Option(help="The reason, for those who ask later.")] = None,
    memory_limit: Annotated[str, typer.Option(help="Beyond this DuckDB spills to disk.")] = os.environ.get(
        "SLUICE_MEMORY", "2GB"
    ),
) -> None:
    """Ingest, build a candidate, audit it, publish it: each step as if typed by itself.

    It ends at the first step that does not succeed, with that step's exit code; readers keep the release that they have,
    and a candidate that was refused is kept for a look.
    """
    from sluice.commands.audit import audit
    from sluice.commands.build import build
    from sluice.commands.ingest import ingest
    from sluice.commands.publish import publish
    from sluice.environments.context import here

    here().policy.pointing(environment)  # before anything is landed
    if feeds:
        ingest(feeds, None, memory_limit, Format.text)
    candidate = build(None, environment, full_refresh, Path("target"), Format.text)
    assert candidate is not None
    audit(candidate, None, None, Path("target"), memory_limit, ReportFormat.text)
    publish(candidate, environment, why, Format.text)
