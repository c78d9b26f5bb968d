"""`sluice promote`: an environment points to the release of another."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOption, Format, FormatOption, Why, environment_argument, one_name
from sluice.commands.publish import show_move


def promote(
    source: Annotated[str, environment_argument("The environment that has the release.")],
    target: Annotated[str | None, environment_argument("The environment to promote to.")] = None,
    environment: EnvOption = None,
    why: Why = None,
    release: Annotated[
        str | None,
        typer.Option(
            "--release",
            metavar="ID",
            help="The release that was reviewed. If SOURCE points to another by now, nothing is promoted.",
            autocompletion=complete.releases,
        ),
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Move the pointer of TARGET (or --env) to the release of SOURCE: the same file, nothing is built again.

    Exit code 1 when it is refused; environments.yml says who may, and from where.
    """
    from sluice.steps import release as step

    show_move(step.promote(source, one_name(target, environment), why=why, reviewed=release or None), output)
