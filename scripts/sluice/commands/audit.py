"""`sluice audit`: whether the models of a warehouse look as they should."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sluice.commands.formats import ReportFormat


def audit(
    warehouse: Annotated[str, typer.Argument(help="An environment, a release or candidate, or a DuckDB file.")] = "dev",
    select: Annotated[
        list[str] | None, typer.Option(help="A model's name, its schema, tag:<tag>, or a pattern such as fct_*.")
    ] = None,
    docs: Annotated[Path | None, typer.Option(help="Write Data Docs into this folder; they open without a network.")] = None,
    target: Annotated[Path, typer.Option(envvar="DBT_TARGET_PATH", help="dbt's target folder.")] = Path("target"),
    memory_limit: Annotated[str, typer.Option(help="Beyond this DuckDB spills to disk.")] = os.environ.get(
        "SLUICE_MEMORY", "2GB"
    ),
    output: Annotated[ReportFormat, typer.Option("--format", help="How to print the result.")] = ReportFormat.text,
) -> None:
    """Judge the expectations that models declare, on one warehouse file, read only; and show what dbt's tests found.

    Exit code 0 when nothing blocks (warnings are printed), 1 when a check or dbt test of severity error failed, 2 when
    it could not run, or a check could not be judged.
    """
    from sluice.expectations.audit import audit as run
    from sluice.expectations.report import as_json, as_markdown, as_text, rows
    from sluice.lake import ops
    from sluice.paths import lake_root
    from sluice.progress import on_stderr
    from sluice.release.refer import locate

    file = locate(warehouse).file
    with on_stderr("audit") as tell:
        report = run(file, target, select or [], memory_limit=memory_limit, docs=docs, tell=tell)
    ops.ensure(lake_root())
    ops.append(lake_root(), "checks", rows(report), transaction=report.run_id)
    typer.echo({"text": as_text, "json": as_json, "markdown": as_markdown}[output.value](report))
    if report.exit_code:
        raise typer.Exit(report.exit_code)
