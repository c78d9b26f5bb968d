"""`sluice impact`: what a change would touch, before anything is built."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.options import ReportFormat, ReportFormatOption
from sluice.core.progress import on_stderr
from sluice.core.text import coloured


def impact(
    base: Annotated[str, typer.Option(help="The commit to compare the working tree with, such as origin/main.")],
    output: ReportFormatOption = ReportFormat.text,
) -> None:
    """Show which nodes differ from a commit and why, and the columns, models, exposures and owners downstream.

    dbt compiles both on an empty warehouse of their own; nothing is built, and no warehouse is opened. Exit code 0, or 2
    when one of them cannot be parsed.
    """
    from sluice.change.impact import impact as run
    from sluice.change.impact_report import write

    with on_stderr("impact") as tell:
        found = run(base, tell)
    typer.echo(coloured(write(found, output.value)))
