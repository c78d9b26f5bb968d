"""`sluice releases`: candidates and releases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sluice.commands.formats import Format


def releases(output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text) -> None:
    """List candidates and releases, the newest first: age, size, audit, code, who, why, and which environment points there."""
    from sluice.environments.context import here
    from sluice.environments.listing import as_json, releases_text
    from sluice.environments.listing import releases as listed

    rows = listed(here())
    typer.echo(as_json("releases", rows) if output is Format.json else releases_text(rows, datetime.now(UTC)))
