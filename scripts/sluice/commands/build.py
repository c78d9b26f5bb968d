"""`sluice build`: dbt build with progress, what failed, and rows that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOption, Format, FormatOption, FullRefresh, Target
from sluice.commands.output import end, note, show
from sluice.core.progress import on_stderr

if TYPE_CHECKING:
    from sluice.steps.build import BuildReport


def build(
    select: Annotated[
        list[str] | None, typer.Option(help="dbt's node selection; for dev only.", autocompletion=complete.models)
    ] = None,
    environment: EnvOption = "dev",
    full_refresh: FullRefresh = False,
    target: Target = None,
    output: FormatOption = Format.text,
    base: Annotated[
        str | None,
        typer.Option(
            help="For a pull request environment: the release that has the unbuilt models, by id or environment. Default: prod.",
            autocompletion=complete.warehouses,
        ),
    ] = None,
) -> None:
    """Build and test every model; print each test that failed, with its rows.

    --env dev, the default, builds the dev warehouse. --env prod or staging builds a candidate: a separate file, made from
    the environment's current release and the lake as it is now, that nobody reads until it is audited and published. --env
    pr-12 builds what differs from the base release, and everything downstream of it; the rest is read from that release.
    Exit code 1 when a model or test failed, 2 when it could not be built. Warnings are printed and fail nothing.
    """
    from sluice.steps.build import build as step

    name = environment or "dev"
    with on_stderr("dbt build" if name == "dev" else f"build of {name}") as tell:
        done = step(name, select=select or [], full_refresh=full_refresh, base=base, target=target, tell=tell)
    show_build(done, output)
    end(done.exit_code)


def show_build(done: BuildReport, output: str) -> None:
    """Print what was built, and what failed."""
    note(f"removed {name}: a candidate whose build was interrupted" for name in getattr(done.made, "removed", ()))
    note(getattr(done.made, "remarks", ()))
    note(f"new since the current release: {why}" for why in done.new)
    show(output, fields(done), lambda _: _text(done))


def fields(done: BuildReport) -> dict[str, Any]:
    """A build as JSON has it."""
    from sluice.quality.failures import as_fields

    dbt = as_fields(done.failures) if done.failures else None
    if done.made is None:
        return dbt or {}
    from sluice.candidate.build import Candidate
    from sluice.change.pull_request import PullRequestBuild
    from sluice.core.document import fields as of

    if isinstance(done.made, PullRequestBuild):
        made = done.made
        return {"file": made.file, "artifacts": made.artifacts, "is_good": made.is_good, **of(made.contents), "dbt": dbt}
    return {**of(done.made), "dbt": dbt} if isinstance(done.made, Candidate) else dict(of(done.made))


def _text(done: BuildReport) -> str:
    from sluice.quality import failures

    found = failures.as_text(done.failures) if done.failures else ""
    if done.made is None:
        return found
    from sluice.candidate import report
    from sluice.candidate.build import Candidate
    from sluice.candidate.unchanged import Unchanged
    from sluice.change import pull_request_report

    if isinstance(done.made, Unchanged):
        return f"nothing new since release {done.made.release_id}: nothing was built"
    is_candidate = isinstance(done.made, Candidate)
    made = report.built_as_text(done.made) if isinstance(done.made, Candidate) else pull_request_report.as_text(done.made)
    return "\n".join(filter(None, [found, "" if not (found and is_candidate) else " ", made]))
