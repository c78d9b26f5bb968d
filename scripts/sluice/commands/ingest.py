"""`sluice ingest`: new data of each feed into the lake."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.formats import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluice.ingest.landing import FeedReport


def ingest(
    feeds: Annotated[list[Path], typer.Argument(help="Feeds files, e.g. feeds/demo.yml.")],
    select: Annotated[list[str] | None, typer.Option(help="Only these feeds, as source.table or source.")] = None,
    memory_limit: Annotated[str, typer.Option(help="Beyond this DuckDB spills to disk.")] = os.environ.get(
        "SLUICE_MEMORY", "2GB"
    ),
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Land each feed's new data in the lake, exactly once; rows that break their contract go to quarantine.

    Exit code 0 also when rows were quarantined (the count is printed), 1 when a file or feed was refused whole, 2 when
    it could not run.
    """
    from sluice.core.errors import SluiceError
    from sluice.core.paths import lake_root
    from sluice.core.progress import on_stderr
    from sluice.ingest.feeds import load_feeds
    from sluice.ingest.report import as_json, as_text
    from sluice.ingest.run import new_run_id, run
    from sluice.lake.contracts import load_contracts
    from sluice.lake.lock import writing

    contracts = load_contracts(Path())
    chosen = [feed for feed in load_feeds(feeds) if not select or {feed.name, feed.source} & set(select)]
    if not chosen:
        raise SluiceError("no feed to ingest", where=", ".join(map(str, feeds)), hint="check --select: source or source.table")
    run_id = new_run_id()
    with writing(lake_root()), on_stderr("ingest") as tell:
        reports = list(run(chosen, contracts, lake_root(), run_id=run_id, memory_limit=memory_limit, tell=tell))
    typer.echo(as_json(run_id, reports) if output is Format.json else as_text(reports))
    if _refused(reports):
        raise typer.Exit(1)


def _refused(reports: Sequence[FeedReport]) -> bool:
    return any(report.refused for report in reports)
