"""`sluice audit`: whether the models of a warehouse look as they should."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.formats import ReportFormat

if TYPE_CHECKING:
    from sluice.environments.context import Context
    from sluice.environments.partial import Partial
    from sluice.environments.resolve import Located
    from sluice.quality.expectations.audit import AuditReport


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
    from sluice.environments import partial, trail
    from sluice.environments.context import here
    from sluice.environments.resolve import locate

    context, located = here(), locate(warehouse)
    environment = warehouse if context.policy.find(warehouse) else None
    name = located.record.release_id if located.record else None
    is_told = environment or name  # a file that is nobody's environment is nobody's history
    attempt = trail.attempt(context.lake, context.actor, "audit", environment=environment, release_id=name)
    with attempt if is_told else nullcontext(trail.Attempt("audit", context.actor)) as tried:
        slim = None if select else partial.read(located.artifacts)
        select = _declared_of(slim, located) if slim else select
        if slim and not select:
            report = _of_dbt_alone(slim, located)
        else:
            report = _judged(context, located, select or [], docs, target, memory_limit, slim.base if slim else "")
        typer.echo(_printed(report, output))
        if report.exit_code:
            tried.detail = f"{report.count('fail')} checks failed, {report.count('error')} could not be judged"
            raise typer.Exit(report.exit_code)
    _say_next(located, bool(select), output)


def _declared_of(slim: Partial, located: Located) -> list[str]:
    """Of a pull request environment, the models to audit: those that were built."""
    from sluice.core import dbt
    from sluice.quality.expectations.declared import declared

    assert located.artifacts is not None
    return [
        model.relation for model in declared(dbt.artifact(located.artifacts, "manifest.json")) if model.relation in slim.built
    ]


def _of_dbt_alone(slim: Partial, located: Located) -> AuditReport:
    """Of a pull request environment in which no model declares expectations: what dbt's tests found still counts."""
    from sluice.quality.expectations.audit import of_dbt_alone

    assert located.artifacts is not None
    return of_dbt_alone(located.file, located.artifacts, slim.base)


def _judged(
    context: Context,
    located: Located,
    select: Sequence[str],
    docs: Path | None,
    target: Path,
    memory_limit: str,
    rest: str,
) -> AuditReport:
    """Judge it, append the results to lake/ops, and keep the audit of a whole candidate with it."""
    from sluice.core.progress import on_stderr
    from sluice.gate import audit_record
    from sluice.lake import ops
    from sluice.quality.expectations.audit import audit as run
    from sluice.quality.expectations.report import rows

    with ExitStack() as stack:
        folder = stack.enter_context(audit_record.being_audited(located)) if audit_record.is_candidate(located) else None
        tell = stack.enter_context(on_stderr("audit"))
        artifacts = located.artifacts or target
        report = run(located.file, artifacts, select, memory_limit=memory_limit, docs=docs, rest=rest, tell=tell)
        ops.ensure(context.lake)
        name = located.record.release_id if located.record else None
        ops.append(context.lake, "checks", rows(report, name), transaction=report.run_id)
        if folder and not select:
            audit_record.keep(folder, report, tell, memory_limit)
    return report


def _printed(report: AuditReport, output: ReportFormat) -> str:
    from sluice.quality.expectations.report import as_json, as_markdown, as_text

    return {"text": as_text, "json": as_json, "markdown": as_markdown}[output.value](report)


def _say_next(located: Located, is_partial: bool, output: ReportFormat) -> None:
    from sluice.gate import audit_record

    if not audit_record.is_candidate(located) or located.record is None:
        return
    if is_partial:
        typer.echo("the audit of a selection is not kept with the candidate", err=True)
    elif output is ReportFormat.text:
        typer.echo(f"next: sluice publish {located.record.release_id} --env {located.record.environment}")
