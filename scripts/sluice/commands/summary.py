"""`sluice summary`: what stands in the lake and the warehouse after a build."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.formats import Format


def summary(
    name: Annotated[str | None, typer.Argument(help="An environment, release or file; else prod, before its time dev.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Print rows read, landed and refused per feed, what dbt built, and the lines that open it."""
    from sluice.core.paths import lake_root
    from sluice.core.progress import on_stderr
    from sluice.environments.resolve import locate, usual
    from sluice.summary.report import as_json, as_text, summarise

    with on_stderr("summary") as tell:
        found = summarise(lake_root(), locate(name or usual(), tell))
    typer.echo(as_json(found) if output is Format.json else as_text(found))
