"""`sluice stream`: feeds of topics into the lake, until SIGTERM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import Feeds, Format, FormatOption, MemoryLimit
from sluice.commands.output import end, show
from sluice.core.duck import MEMORY_LIMIT


def stream(
    feeds: Annotated[list[Path], Feeds],
    select: Annotated[
        list[str] | None, typer.Option(help="Only these feeds, as source.table or source.", autocompletion=complete.feeds)
    ] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on where messages are gone that were never read; what was lost is recorded.")
    ] = False,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: FormatOption = Format.text,
) -> None:
    """Land messages of Kafka as they come, each exactly once, until SIGTERM or Ctrl-C.

    What is at hand then lands first. Exit code 0 also when messages were quarantined, 1 when a feed met trouble that it
    could not get over or that was recorded, 2 when it could not run.
    """
    from sluice.ingest.report import as_text
    from sluice.steps.stream import stream as step

    done = step(feeds, select=select or [], memory_limit=memory_limit, accept_loss=accept_loss)
    show(output, done, lambda report: as_text(report.feeds))
    end(done.exit_code)
