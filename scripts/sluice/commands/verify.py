"""`sluice verify`: whether a release still is what its record says."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from sluice.commands.formats import Format


def verify(
    release: Annotated[str, typer.Argument(help="A release or candidate by its id, or an environment that points to one.")],
    memory_limit: Annotated[str, typer.Option(help="Beyond this DuckDB spills to disk.")] = os.environ.get(
        "SLUICE_MEMORY", "2GB"
    ),
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Take the digest of every relation anew, and compare it with the record.

    Exit code 1 where something differs, and which relations do; 2 where it cannot be compared.
    """
    from sluice.candidate import report
    from sluice.candidate.verify import verify as run
    from sluice.core.progress import on_stderr
    from sluice.environments import trail
    from sluice.environments.context import here
    from sluice.environments.resolve import recorded

    located, record = recorded(release, "to compare with")
    context = here()
    with trail.attempt(context.lake, context.actor, "verify", release_id=record.release_id) as attempt:
        with on_stderr("verify") as tell:
            found = run(record, located.file, tell, memory_limit)
        typer.echo(report.as_json(found) if output is Format.json else report.verified_as_text(found))
        if found.differences:
            attempt.detail = f"{len(found.differences)} relations differ from the record"
            raise typer.Exit(1)
