"""`sluice ingest`: new data of each feed into the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import Feeds, Format, FormatOption, MemoryLimit
from sluice.commands.output import end, show
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.progress import on_stderr


def ingest(
    feeds: Annotated[list[Path], Feeds],
    select: Annotated[
        list[str] | None, typer.Option(help="Only these feeds, as source.table or source.", autocompletion=complete.feeds)
    ] = None,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: FormatOption = Format.text,
) -> None:
    """Land each feed's new data in the lake, exactly once; quarantine rows that break their contract.

    Exit code 0 also when rows were quarantined (the count is printed), 1 when a file or feed was refused as a whole, 2
    when it could not run.
    """
    from sluice.ingest.report import as_text
    from sluice.steps.ingest import ingest as step

    with on_stderr("ingest") as tell:
        done = step(feeds, select=select or [], memory_limit=memory_limit, tell=tell)
    show(output, done, lambda report: as_text(report.feeds))
    end(done.exit_code)
