"""`sluice run`: the scheduled job, from new deliveries to a published release."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sluice.commands.options import EnvOption, Feeds, Format, FormatOption, FullRefresh, MemoryLimit, Why
from sluice.commands.output import end
from sluice.core.document import document, error_fields, fields
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.log import explain
from sluice.core.progress import on_stderr

if TYPE_CHECKING:
    from sluice.steps.run import StepReport


def run(
    feeds: Annotated[list[Path] | None, Feeds] = None,
    environment: EnvOption = "prod",
    full_refresh: FullRefresh = False,
    force: Annotated[bool, typer.Option("--force", help="Build and publish also where nothing is new.")] = False,
    why: Why = None,
    memory_limit: MemoryLimit = MEMORY_LIMIT,
    output: FormatOption = Format.text,
) -> None:
    """Ingest the feeds (none: use the lake as it is), build a candidate, audit it, publish it.

    Where the environment's release was made from the same data, decisions, code and tools, nothing is built or published.

    It stops at the first step that does not succeed, with that step's exit code. Readers then keep the release that they
    have, and a candidate that was refused is kept for inspection. What it found wrong becomes incidents, which are sent where
    alerts.yml says.

    However it ends, the environments with `after: runs` in environments.yml are built then, to show what happened.
    """
    from sluice.steps.operations import shown_afterwards

    with shown_afterwards(on_stderr):
        code = _run(feeds or [], environment or "prod", full_refresh, force, why, memory_limit, output)
    end(code)


def _run(
    feeds: list[Path], environment: str, full_refresh: bool, force: bool, why: str | None, memory_limit: str, output: Format
) -> int:
    """Run the steps, print the report of each, and give the exit code."""
    from sluice.steps.run import run as steps

    done: dict[str, Any] = {}
    code = 0
    error = None
    try:
        reports = steps(
            feeds,
            environment=environment,
            full_refresh=full_refresh,
            force=force,
            why=why,
            memory_limit=memory_limit,
            progress=on_stderr,
        )
        with closing(reports):
            for report in reports:
                code = code or getattr(report, "exit_code", 0)
                done |= _fields(report)
                if output is Format.text:
                    _show(report)
    except SluiceError as failure:
        if output is Format.text:
            raise
        error, code = failure, explain(failure)
    if output is Format.json:
        outcome = "failed" if code else "done"
        typer.echo(document({"outcome": outcome, "steps": done}, **(error_fields(error) if error else {})))
    return code


def _fields(report: StepReport) -> dict[str, Any]:
    from sluice.alerts.after import Told
    from sluice.candidate.unchanged import Unchanged
    from sluice.commands import build
    from sluice.gate.publish import MoveResult
    from sluice.quality.expectations.report import as_fields
    from sluice.steps.audit import Audited
    from sluice.steps.build import BuildReport

    if isinstance(report, BuildReport):
        return {"unchanged": fields(report.made)} if isinstance(report.made, Unchanged) else {"build": build.fields(report)}
    if isinstance(report, Audited):
        return {"audit": as_fields(report.report)}
    if isinstance(report, Told):
        return {"incidents": fields(report)}
    return {"publish" if isinstance(report, MoveResult) else "ingest": fields(report)}


def _show(report: StepReport) -> None:
    from sluice.alerts.after import Told
    from sluice.alerts.report import told_text
    from sluice.commands.audit import show_audit
    from sluice.commands.build import show_build
    from sluice.commands.publish import show_move
    from sluice.ingest.report import as_text
    from sluice.steps.audit import Audited
    from sluice.steps.build import BuildReport
    from sluice.steps.ingest import IngestReport

    if isinstance(report, IngestReport):
        typer.echo(as_text(report.feeds))
    elif isinstance(report, BuildReport):
        show_build(report, "text")
    elif isinstance(report, Audited):
        show_audit(report, "text")
    elif isinstance(report, Told):
        typer.echo(told_text(report), nl=bool(told_text(report)))
    else:
        show_move(report, "text")
