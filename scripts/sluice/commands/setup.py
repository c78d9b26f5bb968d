"""`sluice setup`: what has to be on disk before dbt and DuckDB can work."""

from __future__ import annotations

import typer

from sluice.commands.options import Format, FormatOption
from sluice.core import log


def setup(output: FormatOption = Format.text) -> None:
    """Link DuckDB's extensions and create the lake's tables, empty where there is no data yet."""
    from sluice.core.document import document
    from sluice.steps.setup import setup as step

    done = step()
    if output is Format.json:
        typer.echo(document(done))
    else:
        log.say(f"ready: {len(done.tables)} raw tables in {done.lake}")
