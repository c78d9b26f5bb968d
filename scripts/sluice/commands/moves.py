"""How commands that move a pointer print what they did."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from sluice.commands.formats import Format
from sluice.core.errors import RefusedError

if TYPE_CHECKING:
    from sluice.gate.publish import MoveResult


def show(carry_out: Callable[[], MoveResult], output: Format) -> None:
    """Carry it out and print what became of it; in JSON a refusal is a result, too."""
    try:
        done = carry_out()
    except RefusedError as error:
        if output is Format.json:
            typer.echo(json.dumps({"outcome": "refused", "reasons": list(error.reasons)}, indent=2))
        raise
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(json.dumps({"outcome": "done", **asdict(done)}, indent=2) if output is Format.json else _text(done))


def _text(done: MoveResult) -> str:
    if not done.is_moved:
        return f"{done.environment} points to {done.release_id} already"
    before = f", before that to {done.from_release_id}" if done.from_release_id else ""
    return f"{done.environment} points to {done.release_id} now{before}"
