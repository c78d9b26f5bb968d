"""`sluice promote`: an environment points to the release of another."""

from __future__ import annotations

from typing import Annotated

from sluice.commands.options import EnvOption, Format, FormatOption, Why, environment_argument, one_name
from sluice.commands.publish import show_move


def promote(
    source: Annotated[str, environment_argument("The environment that has the release.")],
    target: Annotated[str | None, environment_argument("The environment to promote to.")] = None,
    environment: EnvOption = None,
    why: Why = None,
    output: FormatOption = Format.text,
) -> None:
    """Move the pointer of TARGET (or --env) to the release of SOURCE: the same file, nothing is built again.

    Exit code 1 when it is refused; environments.yml says who may, and from where.
    """
    from sluice.steps import release

    show_move(release.promote(source, one_name(target, environment), why=why), output)
