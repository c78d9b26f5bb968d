"""`sluice source`: add a new source from its data, and see what is still missing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import Format, FormatOption
from sluice.commands.output import end, register, show
from sluice.core import log
from sluice.core.errors import SluiceError
from sluice.core.paths import typed
from sluice.core.progress import on_stderr

app = typer.Typer(help="Add a source from its data, and see what it still lacks.", no_args_is_help=True)


def _typed(name: str) -> str:
    """A path as one that starts at the project's folder; a connection string, an address or a topic as it is."""
    from sluice.source.add import is_elsewhere

    return name if is_elsewhere(name) else str(typed(name))


def _has_terminal() -> bool:
    return sys.stdin.isatty()


def add(
    name: Annotated[str, typer.Argument(help="Name of the new source: lower-case letters, digits, underscores.")],
    given: Annotated[
        list[str],
        typer.Argument(
            parser=_typed,
            metavar="FILE|FOLDER|CONNECTION|ADDRESS...",
            help="Files, folders, a connection string of PostgreSQL or MongoDB, addresses of a REST API, kafka://broker/topic.",
        ),
    ],
    schema: Annotated[
        str | None, typer.Option(help="Of a connection: only the tables of this schema; MongoDB: its database.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Of a connection: only this table, as schema.table; MongoDB: collection.")
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(help="Of addresses: a header to send, as 'Name: value'; the feed reads it from a variable."),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of amounts where no column says it, such as GBP.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the proposal and write nothing.")] = False,
    output: FormatOption = Format.text,
) -> None:
    """Look at data and propose a source: its feed, its contract, staging models, and its entry in vars.yml.

    The proposal is shown, and written when you agree. Files that exist are never overwritten. Comments with DECIDE mark what a
    person has to decide. Exit code 1 when the source exists or you do not agree, 2 when it could not run.
    """
    from sluice.source import add as step
    from sluice.source import report
    from sluice.source.project import load

    if not (yes or dry_run or _has_terminal()):
        raise SluiceError("without a terminal, nobody can be asked", hint="--yes writes without asking, --dry-run only shows")
    with on_stderr("source") as tell:
        plan = step.plan(name, step.Given(tuple(given), schema, tuple(table or ()), currency, tuple(header or ())), load(), tell)
    found = report.shown(plan)
    show(output, found, report.as_text)
    if dry_run:
        return
    if not yes and not typer.confirm(f"write these {len(plan.files)} files?", err=True):
        end(1)
    step.write(plan)
    log.say(report.next_step(found))


def check(
    name: Annotated[str, typer.Argument(help="Name of the source.", autocompletion=complete.sources)],
    output: FormatOption = Format.text,
) -> None:
    """Show what a source still lacks until `sluice run` can take it, in the order in which to put it right.

    Its data is landed in a temporary lake, of many files the first ones, and its staging models are built on that. Nothing of
    the project changes. Exit code 0 when it is ready, 1 when something is missing, 2 when it could not run.
    """
    from sluice.source import report
    from sluice.source.check import check as step

    with on_stderr("source") as tell:
        found = step(name, tell)
    show(output, found, report.checked_text, exit_code=found.exit_code)
    end(found.exit_code)


register(app, None, add, check)
