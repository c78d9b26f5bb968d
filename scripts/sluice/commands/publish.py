"""`sluice publish`: a candidate becomes the release that an environment points to, if the gate is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOrDefault, Format, FormatOption, Why
from sluice.commands.output import note, show
from sluice.core.progress import on_stderr
from sluice.environments import PROD

if TYPE_CHECKING:
    from sluice.gate.publish import MoveResult


def publish(
    candidate: Annotated[
        str | None,
        typer.Argument(help="A candidate's id, or the start of it. Default: the newest.", autocompletion=complete.candidates),
    ] = None,
    environment: EnvOrDefault = PROD,
    why: Why = None,
    output: FormatOption = Format.text,
) -> None:
    """Move the pointer of an environment to a candidate, in one step, if the gate is open.

    Exit code 1 when it is refused, with every reason; readers keep what they have. If it was interrupted, run it again.
    """
    from sluice.steps import release

    with on_stderr("publish") as tell:
        done = release.publish(candidate, environment=environment, why=why, tell=tell)
    show_move(done, output)


def show_move(done: MoveResult, output: str) -> None:
    """Print where an environment points."""
    from sluice.gate.report import moved_as_text

    note(done.notes)
    show(output, done, moved_as_text, outcome="done")
