"""`sluice rebuild`: a release built again from its record."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.formats import Format

if TYPE_CHECKING:
    from sluice.candidate.build import Candidate
    from sluice.store.record import Record


def rebuild(
    release: Annotated[str, typer.Argument(help="A release by its id, or an environment that points to one.")],
    compare: Annotated[bool, typer.Option("--compare", help="Compare every mart with the release's, and keep nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where it was built with changes that are in no commit.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Build a release again from its commit and its versions of the lake, from nothing, as a new candidate.

    Exit code 1 where a mart differs (the rebuilt file is kept then), or a test failed; 2 where it cannot be built again.
    """
    from sluice.candidate.rebuild import rebuild as run
    from sluice.core.progress import on_stderr
    from sluice.environments import trail
    from sluice.environments.context import here
    from sluice.environments.resolve import recorded

    context = here()
    located, record = recorded(release, "to build it from")
    with trail.attempt(
        context.lake, context.actor, "rebuild", environment=record.environment, release_id=record.release_id
    ) as attempt:
        context.policy.allow(record.environment, "build", context.actor)
        with on_stderr("rebuild") as tell:
            again = run(record, located.artifacts, context, tell, force=force, compare=compare)
        is_good = _compare(record, again, output) if compare else _tell(again, output)
        if not is_good:
            attempt.detail = "a mart differs" if compare else "a model or test failed"
            raise typer.Exit(1)


def _compare(record: Record, again: Candidate, output: Format) -> bool:
    from sluice.candidate import report
    from sluice.candidate.rebuild import comparison

    compared = comparison(record, again)
    if not compared.differences:
        shutil.rmtree(again.folder)
    typer.echo(report.as_json(compared) if output is Format.json else report.comparison_as_text(compared))
    return not compared.differences


def _tell(again: Candidate, output: Format) -> bool:
    from sluice.candidate import report

    typer.echo(report.built_as_json(again, None) if output is Format.json else report.built_as_text(again))
    return again.is_good
