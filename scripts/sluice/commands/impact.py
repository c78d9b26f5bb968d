"""`sluice impact`: what a change would touch, before anything is built."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.formats import ReportFormat


def impact(
    base: Annotated[str, typer.Option(help="The commit to compare the working tree with, e.g. origin/main.")],
    output: Annotated[ReportFormat, typer.Option("--format", help="How to print the result.")] = ReportFormat.text,
) -> None:
    """Say which nodes differ from a commit and why, and which columns, models, exposures and owners are downstream.

    dbt compiles both on an empty warehouse of their own; nothing is built, no warehouse is opened. Exit code 0, and 2
    when one of them can't be parsed.
    """
    from sluice.change.impact import impact as run
    from sluice.core.progress import on_stderr

    with on_stderr("impact") as tell:
        found = run(base, tell)
    from sluice.change.impact_report import write

    typer.echo(write(found, output.value))
