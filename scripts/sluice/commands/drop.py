"""`sluice drop`: an environment of a pull request goes."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sluice.commands.formats import Format


def drop(
    env: Annotated[str, typer.Argument(help="The environment, such as pr-12.")],
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Remove the file of an environment and what belongs to it. Dropping what is not there is no error.

    Exit code 1 when it is refused: it points to releases, somebody has it open, or environments.yml does not allow it.
    """
    from sluice.environments.context import here
    from sluice.gate.prune import drop as run

    was_there = run(here(), env)
    text = f"{env} is gone" if was_there else f"{env} was not there"
    typer.echo(json.dumps({"environment": env, "was_there": was_there}) if output is Format.json else text)
