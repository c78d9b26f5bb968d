"""`sluice promote`: an environment points to the release of another."""

from __future__ import annotations

from typing import Annotated

import typer

from sluice.commands.formats import Format


def promote(
    source: Annotated[str, typer.Argument(help="The environment that has the release.")],
    target: Annotated[str, typer.Argument(help="The environment that shall have it, too.")],
    why: Annotated[str | None, typer.Option(help="The reason, for those who ask later.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Move the pointer of TARGET to the release of SOURCE: the same file, nothing is built again.

    Exit code 1 when it is refused; environments.yml says who may, and from where.
    """
    from sluice.commands.moves import show
    from sluice.environments.context import here
    from sluice.gate.publish import promote as run

    context = here()
    show(lambda: run(context, source, target, why), output)
