"""`sluice summary`: what stands in the lake and the warehouse after a build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluice.commands.formats import Format


def summary(
    target: Annotated[Path, typer.Option(envvar="DBT_TARGET_PATH", help="dbt's target folder.")] = Path("target"),
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Print rows read, landed and refused per feed, what dbt built, and the lines that open it."""
    from sluice.paths import lake_root, warehouse_root
    from sluice.report import as_json, as_text, summarise

    found = summarise(lake_root(), warehouse_root(), target)
    typer.echo(as_json(found) if output is Format.json else as_text(found))
