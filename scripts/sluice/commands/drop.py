"""`sluice drop`: the environment of a pull request is removed."""

from __future__ import annotations

from typing import Annotated

from sluice.commands.options import EnvOption, Format, FormatOption, environment_argument, one_name
from sluice.commands.output import show


def drop(
    name: Annotated[str | None, environment_argument("The environment, such as pr-12.")] = None,
    environment: EnvOption = None,
    output: FormatOption = Format.text,
) -> None:
    """Remove the file of an environment and what belongs to it. Nothing happens if there is none.

    Exit code 1 when it is refused: it points to releases, somebody has it open, or environments.yml does not allow it.
    """
    from sluice.environments.context import here
    from sluice.gate.prune import drop as step

    dropped = one_name(name, environment)
    was_there = step(here(), dropped)
    text = f"{dropped} is removed" if was_there else f"{dropped} did not exist"
    show(output, {"environment": dropped, "was_there": was_there}, lambda _: text)
