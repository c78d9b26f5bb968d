"""`sluice audit`: whether the models of a warehouse meet the expectations that they declare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import (
    AnyEnvOption,
    MemoryLimit,
    ReportFormat,
    ReportFormatOption,
    SelectModels,
    Target,
    any_argument,
    one_name,
)
from sluice.commands.output import end, note, show
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.paths import typed
from sluice.core.progress import on_stderr

if TYPE_CHECKING:
    from sluice.steps.audit import Audited
    from sluice.store.record import Record


def audit(
    warehouse: Annotated[
        str | None,
        any_argument("An environment, a candidate or release by its id, `candidate`, or a DuckDB file. Default: dev."),
    ] = None,
    environment: AnyEnvOption = None,
    select: SelectModels = None,
    docs: Annotated[
        Path | None,
        typer.Option(parser=typed, metavar="FOLDER", help="Write a page with every check to this folder; it opens offline."),
    ] = None,
    target: Target = None,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: ReportFormatOption = ReportFormat.text,
) -> None:
    """Check the expectations that models declare, on one warehouse file, and show what dbt's tests found.

    The file is only read. The audit of a whole candidate is kept with it; a candidate without an audit that passed is not
    published. Exit code 0 when nothing blocks (warnings are printed), 1 when a check or dbt test of severity error failed,
    2 when it could not run or a check could not be judged.
    """
    from sluice.steps.audit import audit as step

    name = one_name(warehouse, environment, "dev")
    with on_stderr("audit") as tell:
        done = step(name, select=select or [], docs=docs, target=target, memory_limit=memory_limit, tell=tell)
    show_audit(done, output)
    end(done.exit_code)


def show_audit(done: Audited, output: str) -> None:
    """Print an audit, and what comes next for a candidate."""
    from sluice.quality.expectations.report import as_fields, as_markdown, as_text

    write = as_markdown if output == "markdown" else as_text
    candidate = done.candidate
    following = _following(done, candidate) if candidate and output == "text" and done.is_kept else []
    show(output, as_fields(done.report), lambda _: "\n".join([write(done.report), *following]))
    if candidate and not done.is_kept and not done.exit_code:
        note(["the audit of a selection is not kept with the candidate"])


def _following(done: Audited, candidate: Record) -> list[str]:
    """Lines that say what comes next for a candidate."""
    from sluice.environments.acknowledgements import how_to_answer

    if not done.exit_code:
        return [f"next: sluice publish {candidate.release_id} --env {candidate.environment}"]
    answers = how_to_answer(done.report.open, candidate.release_id, done.report.charts.failing)
    return ["", *answers] if answers else []
