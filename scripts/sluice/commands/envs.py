"""`sluice envs`: environments and where they point."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sluice.commands.formats import Format


def envs(output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text) -> None:
    """List environments: what each points to or its file, since when, by whom and why."""
    from sluice.environments.context import here
    from sluice.environments.listing import as_json, environments, environments_text

    rows = environments(here())
    typer.echo(as_json("environments", rows) if output is Format.json else environments_text(rows, datetime.now(UTC)))
