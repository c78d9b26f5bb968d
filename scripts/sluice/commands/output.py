"""How commands are registered, and how they print: results to stdout, notes and progress to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import typer

from sluice.core import log
from sluice.core.document import document
from sluice.core.paths import in_project
from sluice.core.text import coloured


def register(
    app: typer.Typer, panel: str | None, *commands: Callable[..., None], name: str | None = None, anywhere: bool = False
) -> None:
    """Add commands to a panel of the help. They work in the project's folder; `anywhere`: also outside of a project."""
    for command in commands:
        app.command(name, rich_help_panel=panel)(_inside(command, needed=not anywhere))


def _inside(command: Callable[..., None], *, needed: bool) -> Callable[..., None]:
    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        with in_project(needed=needed):
            command(*arguments, **options)

    return run


def show(output: str, found: Any, as_text: Callable[[Any], str], **more: Any) -> None:
    """Print a result as text or JSON; `more` is added to its JSON document."""
    if output == "json":
        typer.echo(document(found, **more))
    elif text := as_text(found):
        typer.echo(coloured(text))


def note(texts: Iterable[str]) -> None:
    """Print notes on stderr."""
    for text in texts:
        log.note(text)


def end(code: int) -> None:
    """End the command with an exit code other than 0."""
    if code:
        raise typer.Exit(code)
