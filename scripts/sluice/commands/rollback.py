"""`sluice rollback`: an environment points to a release that it pointed to before."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.formats import Format


def rollback(
    env: Annotated[str, typer.Argument(help="The environment.")],
    why: Annotated[str, typer.Option(help="The reason, for those who ask later.")],
    to: Annotated[str | None, typer.Option(help="A release that it pointed to before; else the one before this.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Move the pointer back in one step. Once more goes further back; --to leads anywhere it has been, also forward again.

    Exit code 1 when it is refused. A lost pointer is set again to where it stood last.
    """
    from sluice.commands.moves import show
    from sluice.core.errors import SluiceError
    from sluice.environments.context import here
    from sluice.gate.rollback import rollback as run

    if not why.strip():
        raise SluiceError("a rollback needs a reason", where="--why", hint="say what is wrong with the release")
    context = here()
    show(lambda: run(context, env, why.strip(), to), output)
