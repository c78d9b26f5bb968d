"""`sluice prune`: what the policy of environments.yml lets go of."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.commands.formats import Format

if TYPE_CHECKING:
    from sluice.gate.prune import Decision, Pruned


def prune(
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without this it is only shown.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.text,
) -> None:
    """Show which releases, candidates and pull requests' environments may go, and why the others stay; --yes removes them.

    What an environment points to, what it would roll back to, and what somebody has open always stays. Exit code 1 when it
    is refused, or something could not be removed.
    """
    from sluice.environments.context import here
    from sluice.gate.prune import prune as run

    done = run(here(), yes)
    typer.echo(_json(done) if output is Format.json else _text(done))
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    if any("was not removed" in note for note in done.notes):
        raise typer.Exit(1)


def _json(done: Pruned) -> str:
    return json.dumps({**asdict(done), "bytes": sum(one.thing.bytes for one in done.going)}, default=str, indent=2)


def _text(done: Pruned) -> str:
    from sluice.core.text import size

    verb = "removed" if done.is_done else "would go"
    lines = [_line(one, "stays" if one.is_kept else verb) for one in done.decisions]
    total = f"{len(done.going)} of {len(done.decisions)} {verb}, {size(sum(one.thing.bytes for one in done.going))}"
    hint = "" if done.is_done or not done.going else "; sluice prune --yes removes them"
    return "\n".join([*lines, total + hint])


def _line(one: Decision, word: str) -> str:
    from sluice.core.text import size

    return f"{word:8} {one.thing.kind:11} {one.thing.name:24} {size(one.thing.bytes):>9}  {one.why}"
