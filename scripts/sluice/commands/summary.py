"""`sluice summary`: what the lake and a warehouse hold after a build, and how to open it."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.options import AnyEnvOption, Format, FormatOption, any_argument, one_name
from sluice.commands.output import show
from sluice.core.progress import on_stderr


def summary(
    name: Annotated[
        str | None, any_argument("An environment, a release, or a file. Default: prod, or dev until prod has a release.")
    ] = None,
    environment: AnyEnvOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Show each reconciliation in full.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """Show whether a warehouse is published, rows read, landed and refused per feed, its marts, and commands that open it."""
    from sluice.core.paths import lake_root
    from sluice.environments.resolve import locate, usual
    from sluice.summary.report import as_text, summarise

    with on_stderr("summary") as tell:
        found = summarise(lake_root(), locate(one_name(name, environment, None if name or environment else usual()), tell))
    show(output, found, lambda summary: as_text(summary, everything=everything))
