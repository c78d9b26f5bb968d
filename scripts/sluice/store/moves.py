"""Where an environment has pointed: moves in their order, kept beside the pointer; and where a rollback leads.

The order is that of the list, never that of the times: clocks jump.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sluice.core.errors import SluiceError

ACTIONS = ("publish", "promote", "rollback")


@dataclass(frozen=True)
class Move:
    """One move of a pointer: `from_release_id` is where it pointed before, None where it pointed nowhere."""

    move_id: str
    at: str
    action: str
    release_id: str
    from_release_id: str | None
    actor: str
    why: str | None = None

    def as_line(self) -> str:
        """The move as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True) + "\n"


def new(action: str, release_id: str, from_release_id: str | None, actor: str, why: str | None = None) -> Move:
    """A move that begins now."""
    return Move(secrets.token_hex(8), moment(), action, release_id, from_release_id, actor, why)


def moment() -> str:
    """Now, UTC, ISO 8601 with Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(line: str | dict[str, str | None], where: str) -> Move:
    """A move from its line. Raises SluiceError if it is not valid."""
    try:
        fields = json.loads(line) if isinstance(line, str) else line
        return Move(**fields)
    except (ValueError, TypeError) as error:
        hint = "remove this line; the pointer itself does not change"
        raise SluiceError(f"the history of the pointer is damaged: {error}", where=where, hint=hint) from error


def split(begun: Sequence[Move], current: str | None) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """The moves that took effect, and those that did not because their process was interrupted.

    A move is written down before it happens. It happened if the pointer was then where it led: that is what the next move
    started from or, after the last one, where the pointer is now. A pointer that was lost (a move from nowhere) is no
    evidence against the move before it.
    """
    happened: list[Move] = []
    void: list[Move] = []
    starts = [*(move.from_release_id for move in begun[1:]), current][: len(begun)]
    for move, then in zip(begun, starts, strict=True):
        (happened if then in (move.release_id, None) else void).append(move)
    return tuple(happened), tuple(void)


def stack(moves: Sequence[Move]) -> list[str]:
    """The releases that rollbacks go through, the current one last.

    Publish and promote push a release. A rollback pops down to the one that it leads to, so that a second rollback goes
    further back and not forward again. A rollback to a release that is no longer in the stack pushes it.
    """
    releases: list[str] = []
    for move in moves:
        if move.action == "rollback" and move.release_id in releases:
            while releases[-1] != move.release_id:
                releases.pop()
        elif not releases or releases[-1] != move.release_id:
            releases.append(move.release_id)
    return releases


def previous(moves: Sequence[Move], current: str | None) -> str | None:
    """Where a rollback without a release leads: one down; to the top if the pointer itself is lost."""
    releases = stack(moves)
    if current is None:
        return releases[-1] if releases else None
    return releases[-2] if len(releases) > 1 else None
