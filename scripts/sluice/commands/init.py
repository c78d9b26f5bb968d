"""`sluice init`: what a dbt project needs to be released by Sluice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.options import Format, FormatOption
from sluice.commands.output import note, show

if TYPE_CHECKING:
    from sluice.steps.init import InitReport


def init(
    github: Annotated[
        bool, typer.Option("--github", help="Also write GitHub workflows: pull requests, staging, promote, rollback.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write the files without asking.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """Show what this dbt project needs to be released, then write it: environments.yml, and lines for .gitignore.

    Your profile stays as it is: builds use its targets, in files of their own. Files that exist are kept, so it can be run
    again. Without --yes it asks on a terminal, and elsewhere writes nothing.
    """
    from sluice.steps.init import plan, write

    planned = plan(github=github)
    if output is Format.text:
        typer.echo(_proposed(planned))
        note(planned.notes)
    if planned.missing and (yes or (output is Format.text and _agreed())):
        planned = write(planned)
    show(output, planned, _ended)


def _agreed() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm("write these files?")


def _proposed(planned: InitReport) -> str:
    lines = [f"dbt profile {planned.profile}, target {planned.target}: {planned.dev}"]
    for file in planned.files:
        if not file.text:
            lines.append(f"{file.path}: is there" if file.path != ".gitignore" else f"{file.path}: nothing to add")
            continue
        lines += ["", f"{file.path} ({'new' if file.status == 'new' else 'lines at its end'}):"]
        lines += [f"  {line}".rstrip() for line in file.text.splitlines()]
    return "\n".join(lines)


def _ended(planned: InitReport) -> str:
    if not planned.missing:
        return "nothing to write"
    names = " ".join(file.path for file in planned.missing)
    if not planned.is_written:
        return "nothing was written: sluice init --yes writes it"
    return f"written. next: git add {names} && git commit, then: sluice run"
