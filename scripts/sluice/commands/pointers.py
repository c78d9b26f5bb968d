"""`sluice publish`, `promote` and `rollback`: the commands that move the pointer of an environment to a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands import complete
from sluice.commands.options import EnvOption, Format, FormatOption, Why, environment_argument, one_name
from sluice.commands.output import note, show
from sluice.core.progress import on_stderr

if TYPE_CHECKING:
    from sluice.gate.publish import MoveResult


def publish(
    candidate: Annotated[
        str | None,
        typer.Argument(help="A candidate's id, or the start of it. Default: the newest.", autocompletion=complete.candidates),
    ] = None,
    environment: EnvOption = "prod",
    why: Why = None,
    output: FormatOption = Format.text,
) -> None:
    """Move the pointer of an environment to a candidate, in one step, if the gate is open.

    Exit code 1 when it is refused, with every reason; readers keep what they have. If it was interrupted, run it again.
    """
    from sluice.steps import release

    with on_stderr("publish") as tell:
        done = release.publish(candidate, environment=environment or "prod", why=why, tell=tell)
    show_move(done, output)


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


def rollback(
    name: Annotated[str | None, environment_argument("The environment to roll back.")] = None,
    environment: EnvOption = None,
    why: Annotated[str, typer.Option(help="Reason, recorded in the audit trail.")] = ...,  # type: ignore[assignment]
    to: Annotated[
        str | None,
        typer.Option(
            help="A release that it pointed to before. Default: the one before the current one.",
            autocompletion=complete.candidates,
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


def show_move(done: MoveResult, output: str) -> None:
    """Print where an environment points."""
    note(done.notes)
    show(output, done, _text, outcome="done")


def _text(done: MoveResult) -> str:
    if not done.is_moved:
        return f"{done.environment} already points to {done.release_id}"
    before = f"; before, it pointed to {done.from_release_id}" if done.from_release_id else ""
    return f"{done.environment} now points to {done.release_id}{before}"
