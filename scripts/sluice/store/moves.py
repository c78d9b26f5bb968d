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
        found = Move(**(json.loads(line) if isinstance(line, str) else line))
        datetime.fromisoformat(found.at)
        if not all(isinstance(text, str) for text in (found.move_id, found.action, found.release_id, found.actor)):
            raise TypeError("a field that has to be text is not")
        return found
    except (ValueError, TypeError) as error:
        hint = "remove this line; the pointer itself does not change"
        raise SluiceError(f"the history of the pointer is damaged: {error}", where=where, hint=hint) from error


def read(text: bytes, where: str) -> tuple[list[Move | None], tuple[str, ...]]:
    """The moves in a history, a line each; None for a line that is damaged, and what is wrong with each of those.

    A partial last line counts for nothing: its writer was interrupted.
    """
    found: list[Move | None] = []
    damaged: list[str] = []
    for number, line in enumerate(text[: text.rfind(b"\n") + 1].split(b"\n")[:-1], 1):
        if not line.strip():
            continue
        try:
            found.append(parse(line.decode(), f"{where}, line {number}"))
        except (SluiceError, UnicodeDecodeError) as error:
            found.append(None)
            damaged.append(f"line {number} of {where} is left out ({error}): restore the line, or remove it")
    return found, tuple(damaged)


def listed(entries: Sequence[dict[str, str | None]], where: str) -> tuple[tuple[Move, ...], tuple[str, ...]]:
    """The moves in a list, and what is wrong with the entries that are damaged: the next move is written without these."""
    found, damaged = list[Move](), list[str]()
    for number, entry in enumerate(entries, 1):
        try:
            found.append(parse(entry, where))
        except SluiceError as error:
            damaged.append(f"entry {number} of the history in {where} is left out ({error})")
    return tuple(found), tuple(damaged)


def split(begun: Sequence[Move | None], current: str | None) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """The moves that took effect, and those that did not because their process was interrupted.

    A move is written down before it happens. It did not happen if the pointer was then still where it started from: that is
    what the next move started from or, after the last one, where the pointer is now. A pointer that was lost (a move from
    nowhere), one that leads to a third release (it was moved by hand), and a damaged line (None) say nothing against the move
    before them.
    """
    happened: list[Move] = []
    void: list[Move] = []
    starts = [*(move and move.from_release_id for move in begun[1:]), current][: len(begun)]
    for move, then in zip(begun, starts, strict=True):
        if move is not None:
            is_void = then is not None and then == move.from_release_id != move.release_id
            (void if is_void else happened).append(move)
    return tuple(happened), tuple(void)


def stack(moves: Sequence[Move]) -> list[str]:
    """The releases that rollbacks go through, the current one last.

    Publish and promote push a release. A rollback pops down to the one that it leads to, so that a second rollback goes
    further back and not forward again. A rollback to a release that is no longer in the stack pushes it.
    """
    releases: list[str] = []
    for move in moves:
        # Where an earlier move is lost, this one still says where it started from.
        if move.from_release_id and releases[-1:] != [move.from_release_id]:
            releases.append(move.from_release_id)
        if move.action == "rollback" and move.release_id in releases:
            while releases[-1] != move.release_id:
                releases.pop()
        elif not releases or releases[-1] != move.release_id:
            releases.append(move.release_id)
    return releases


def previous(moves: Sequence[Move], current: str | None) -> str | None:
    """Where a rollback without a release leads: one down; to the top if the pointer is lost, or is not where it leads."""
    releases = stack(moves)
    if releases and releases[-1] != current:
        return releases[-1]
    return releases[-2] if len(releases) > 1 else None
