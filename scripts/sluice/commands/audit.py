"""`sluice audit`: whether the models of a warehouse look as they should."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from sluice.commands.formats import ReportFormat


def audit(
    warehouse: Annotated[
        str,
        typer.Argument(help="An environment (dev, prod), a candidate or release by its id, `candidate`, or a DuckDB file."),
    ] = "dev",
    select: Annotated[
        list[str] | None, typer.Option(help="A model's name, its schema, tag:<tag>, or a pattern such as fct_*.")
    ] = None,
    docs: Annotated[Path | None, typer.Option(help="Write Data Docs into this folder; they open without a network.")] = None,
    target: Annotated[
        Path, typer.Option(envvar="DBT_TARGET_PATH", help="dbt's target folder; a candidate or release has its own.")
    ] = Path("target"),
    memory_limit: Annotated[str, typer.Option(help="Beyond this DuckDB spills to disk.")] = os.environ.get(
        "SLUICE_MEMORY", "2GB"
    ),
    output: Annotated[ReportFormat, typer.Option("--format", help="How to print the result.")] = ReportFormat.text,
) -> None:
    """Judge the expectations that models declare, on one warehouse file, read only; and show what dbt's tests found.

    An audit of a whole candidate is kept with it: without one that passed, it is not published. Exit code 0 when nothing
    blocks (warnings are printed), 1 when a check or dbt test of severity error failed, 2 when it could not run, or a
    check could not be judged.
    """
    from sluice.expectations.audit import audit as run
    from sluice.expectations.report import as_json, as_markdown, as_text, rows
    from sluice.lake import ops
    from sluice.paths import lake_root
    from sluice.progress import on_stderr
    from sluice.release import audited
    from sluice.release.refer import locate

    located = locate(warehouse)
    counts = audited.is_candidate(located)
    with ExitStack() as stack:
        folder = stack.enter_context(audited.being_audited(located)) if counts else None
        tell = stack.enter_context(on_stderr("audit"))
        report = run(located.file, located.artifacts or target, select or [], memory_limit=memory_limit, docs=docs, tell=tell)
        ops.ensure(lake_root())
        name = located.record.release_id if located.record else None
        ops.append(lake_root(), "checks", rows(report, name), transaction=report.run_id)
        if folder and not select:
            audited.keep(folder, report, tell, memory_limit)
    typer.echo({"text": as_text, "json": as_json, "markdown": as_markdown}[output.value](report))
    _say_next(counts, bool(select), name, report.exit_code, output)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _say_next(counts: bool, partial: bool, name: str | None, exit_code: int, output: ReportFormat) -> None:
    if counts and partial:
        typer.echo("the audit of a selection is not kept with the candidate", err=True)
    elif counts and not exit_code and output is ReportFormat.text:
        typer.echo(f"next: sluice publish {name}")
