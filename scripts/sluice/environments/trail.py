"""The audit trail: every try to change an environment, the refused ones too, in lake/ops/releases.

The history beside a pointer is what rollbacks rest on; the trail is for those who ask later. A move that the trail lacks,
because its command died or the lake was lost, is written into it by the next command.
"""

from __future__ import annotations

import fcntl
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sluice.core.errors import RefusedError, SluiceError
from sluice.store.moves import Move

ACTIONS = ("build", "audit", "publish", "promote", "rollback", "prune", "drop", "verify", "rebuild", "clean")
OUTCOMES = ("done", "refused", "failed")


@dataclass(frozen=True)
class Event:
    """One row of lake/ops/releases; `tried_at` is UTC."""

    event_id: str
    tried_at: datetime
    action: str
    environment: str | None
    release_id: str | None
    from_release_id: str | None
    actor: str
    outcome: str
    why: str | None
    detail: str | None
    seconds: float | None


@dataclass
class Attempt:
    """A try that is under way: what is learnt of it on the way goes into its row."""

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


def append(lake: Path, event: Event) -> None:
    """Write an event; the same event twice is one row, also from two processes at once."""
    from sluice.lake import ops

    (lake / "ops").mkdir(parents=True, exist_ok=True)
    with (lake / "ops" / ".releases.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ops.append(lake, "releases", [asdict(event)], transaction=event.event_id)


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
    """Write down how the block ends: done, refused (RefusedError) or failed (anything else, which goes on its way).

    A trail that cannot be written is reported on stderr and changes nothing: what was done is done.
    """
    tried = Attempt(action, actor, environment, release_id, why=why)
    started = time.perf_counter()
    outcome = "failed"
    try:
        yield tried
        outcome = "failed" if tried.is_failed else "done"
    except RefusedError as error:
        outcome, tried.detail = "refused", "; ".join(error.reasons)
        raise
    except BaseException as error:
        tried.detail = tried.detail or _said(error)
        raise
    finally:
        _write(lake, _event(tried, outcome, time.perf_counter() - started))


def _said(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return error.what if isinstance(error, SluiceError) else f"{type(error).__name__}: {error}".rstrip(": ")


def _event(tried: Attempt, outcome: str, seconds: float) -> Event:
    return Event(
        tried.event_id or secrets.token_hex(8),
        datetime.now(UTC).replace(tzinfo=None),
        tried.action,
        tried.environment,
        tried.release_id,
        tried.from_release_id,
        tried.actor,
        outcome,
        tried.why,
        tried.detail,
        round(seconds, 4),
    )


def settle(lake: Path, environment: str, moves: Sequence[Move]) -> int:
    """Write the moves that the trail lacks, newest ones first looked for; how many that were."""
    from sluice.lake import ops

    missing: list[Move] = []
    for move in reversed(moves):
        if ops.has(lake, "releases", move.move_id):
            break
        missing.append(move)
    for move in reversed(missing):
        _write(lake, _settled(environment, move))
    return len(missing)


def _settled(environment: str, move: Move) -> Event:
    at = datetime.fromisoformat(move.at).astimezone(UTC).replace(tzinfo=None)
    detail = "written from the pointer's history by a later command"
    return Event(
        move.move_id,
        at,
        move.action,
        environment,
        move.release_id,
        move.from_release_id,
        move.actor,
        "done",
        move.why,
        detail,
        None,
    )


def _write(lake: Path, event: Event) -> None:
    try:
        append(lake, event)
    except Exception as error:  # noqa: BLE001  # whatever a lake may say: it must not undo or hide what was done
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        print(f"note: the audit trail in {lake} could not be written: {said}", file=sys.stderr)
