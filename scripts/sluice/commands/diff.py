"""`sluice diff`: what became of the data between two warehouses."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DiffFormat(StrEnum):
    """Text for people, Markdown for pull requests, JSON for machines, HTML for a review."""

    text = "text"
    markdown = "markdown"
    json = "json"
    html = "html"


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The older: an environment (dev), or a DuckDB file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The newer.")],
    select: Annotated[
        list[str] | None,
        typer.Option(help="A model's name, its schema, tag:<tag>, or a pattern such as fct_*; else what is public."),
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave these out.")] = None,
    artifacts_a: Annotated[Path | None, typer.Option(help="Folder of A's manifest.json; else beside A, else --target.")] = None,
    artifacts_b: Annotated[Path | None, typer.Option(help="The same for B.")] = None,
    samples: Annotated[int, typer.Option(min=0, max=50, help="Rows of each kind to show of a relation.")] = 5,
    target: Annotated[Path, typer.Option(envvar="DBT_TARGET_PATH", help="dbt's target folder.")] = Path("target"),
    memory_limit: Annotated[str, typer.Option(help="Beyond this DuckDB spills to disk.")] = os.environ.get(
        "SLUICE_MEMORY", "2GB"
    ),
    output: Annotated[DiffFormat, typer.Option("--format", help="How to print the result.")] = DiffFormat.text,
    out: Annotated[Path | None, typer.Option(help="Write it to this file instead.")] = None,
) -> None:
    """Compare every public model of two warehouses: schema, rows by key, columns, figures, samples, and who is downstream.

    Both files are only read. A difference is no failure: exit code 0, and 2 when it could not compare.
    """
    from sluice.core.progress import on_stderr
    from sluice.diff.run import diff as run
    from sluice.diff.side import side

    a, b = side(before, artifacts_a, target), side(after, artifacts_b, target)
    with on_stderr("diff") as tell:
        found = run(a, b, select or [], exclude or [], samples=samples, memory_limit=memory_limit, tell=tell)
    from sluice.diff.formats import write

    text = write(found, output.value)
    if out is None:
        typer.echo(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
