"""`sluice publish`: a candidate becomes the release that an environment points to, if the gate is open."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.formats import Format


def publish(
    candidate: Annotated[str | None, typer.Argument(help="A candidate's id, or its first letters; else the newest.")] = None,
    env: Annotated[str, typer.Option("--env", help="The environment whose pointer moves.")] = "prod",
    why: Annotated[str | None, typer.Option(help="The reason, for those who ask later.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Move the pointer of an environment to a candidate, in one step, if and only if the gate is open.

    Exit code 1 when it is refused, with every reason; readers keep what they have. After a death run it again.
    """
    from sluice.commands.moves import show
    from sluice.core.progress import on_stderr
    from sluice.environments.context import here
    from sluice.gate.publish import publish as run

    context = here()
    with on_stderr("publish") as tell:
        show(lambda: run(context, candidate, env, why, tell), output)
