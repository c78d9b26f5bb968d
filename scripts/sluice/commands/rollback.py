"""`sluice rollback`: an environment points to a release that it pointed to before."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOption, Format, FormatOption, environment_argument, one_name
from sluice.commands.publish import show_move


def rollback(
    name: Annotated[str | None, environment_argument("The environment to roll back.")] = None,
    environment: EnvOption = None,
    why: Annotated[str, typer.Option(help="Reason, recorded in the audit trail.")] = ...,  # type: ignore[assignment]
    to: Annotated[
        str | None,
        typer.Option(
            help="A release that it pointed to before. Default: the one before the current one.",
            autocompletion=complete.releases,
        ),
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Move the pointer of an environment back, in one step.

    A second rollback goes further back; --to leads to any release that it has pointed to, a newer one too. Exit code 1
    when it is refused. A lost pointer is set again to where it last pointed.
    """
    from sluice.steps import release

    show_move(release.rollback(one_name(name, environment), why=why, to=to), output)
