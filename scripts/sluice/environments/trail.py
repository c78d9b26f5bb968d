"""The audit trail: every attempt to change an environment, also the refused ones, in lake/ops/releases.

Rollbacks rest on the history beside a pointer; the trail answers questions. A move that is missing from the trail, because
its command was interrupted or the lake was lost, is added by the next command.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sluice.core import log
from sluice.core.errors import RefusedError, SluiceError, is_interrupt
from sluice.history.kinds import ReleaseEntry
from sluice.store.moves import Move


@dataclass
class Attempt:
    """An attempt in progress: what is learned on the way goes into its row."""

    action: str
    actor: str
    environment: str | None = None
    release_id: str | None = None
    from_release_id: str | None = None
    why: str | None = None
    detail: str | None = None
    event_id: str = ""
    is_failed: bool = False

    def fail(self, detail: str) -> None:
        """It came to its end, but not as it should: a check failed."""
        self.is_failed, self.detail = True, detail


def append(lake: Path, event: ReleaseEntry) -> None:
    """Append an event; the same event twice is one row, also from two processes at once."""
    from sluice.history import ledger

    ledger.append(lake, [event], transaction=event.event_id)


@contextmanager
def attempt(
    lake: Path,
    actor: str,
    action: str,
    *,
    environment: str | None = None,
    release_id: str | None = None,
    why: str | None = None,
) -> Iterator[Attempt]:
    """Record how the block ends: done, refused (RefusedError) or failed (any other exception); exceptions are raised again.

    A trail that cannot be written is reported on stderr and changes nothing else.
    """
    tried = Attempt(action, actor, environment, release_id, why=why)
    started = time.perf_counter()
    outcome, is_denied = "failed", False
    try:
        yield tried
        outcome = "failed" if tried.is_failed else "done"
    except RefusedError as error:
        outcome, tried.detail = "refused", "; ".join(error.reasons)
        raise
    except BaseException as error:
        tried.detail = tried.detail or _said(error)
        is_denied = isinstance(error, OSError) or isinstance(error.__cause__, OSError)
        raise
    finally:
        trouble = _trouble(lake, _event(tried, outcome, time.perf_counter() - started))
        # A command that may do nothing here says that, and not that it may not record it either.
        if trouble and not is_denied:
            log.note(f"the audit trail in {lake} could not be written: {trouble}")


def _said(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return error.what if isinstance(error, SluiceError) else f"{type(error).__name__}: {error}".rstrip(": ")


def _event(tried: Attempt, outcome: str, seconds: float) -> ReleaseEntry:
    known = {name: value for name, value in vars(tried).items() if name not in ("event_id", "is_failed")}
    event_id, now = tried.event_id or secrets.token_hex(8), datetime.now(UTC).replace(tzinfo=None)
    return ReleaseEntry(event_id=event_id, tried_at=now, outcome=outcome, seconds=round(seconds, 4), **known)


def settle(lake: Path, environment: str, moves: Sequence[Move]) -> int:
    """Append the moves that are missing from the trail, and return their number: fewer where it cannot be read or written.

    That is said when the command's own attempt is written; the next command tries again.
    """
    from sluice.history import ledger

    missing: list[Move] = []
    for move in reversed(moves):
        try:
            if ledger.has(lake, ReleaseEntry, move.move_id):
                break
        except Exception:  # noqa: BLE001  # a pointer moves in whatever state the lake is
            return 0
        missing.append(move)
    for number, move in enumerate(reversed(missing)):
        if _trouble(lake, _settled(environment, move)):
            return number
    return len(missing)


def _settled(environment: str, move: Move) -> ReleaseEntry:
    known = {name: value for name, value in vars(move).items() if name not in ("move_id", "at")}
    return ReleaseEntry(
        event_id=move.move_id,
        tried_at=datetime.fromisoformat(move.at).astimezone(UTC).replace(tzinfo=None),
        environment=environment,
        outcome="done",
        detail="written from the pointer's history by a later command",
        seconds=None,
        **known,
    )


def _trouble(lake: Path, event: ReleaseEntry) -> str:
    """Append an event; what went wrong, if anything: it must not hide what was done. Delta Lake also panics."""
    try:
        append(lake, event)
    except BaseException as error:
        if is_interrupt(error) or not (isinstance(error, Exception) or type(error).__name__ == "PanicException"):
            raise
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return ""
