"""Errors that are shown to users: SluiceError for bad input, RefusedError when a guard denies an action."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# Exit codes of every command; 0 is success.
FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130


class SluiceError(Exception):
    """What happened, where, and what to do next. The command line prints it without a traceback."""

    code = UNUSABLE
    word = "error"

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint


class RefusedError(SluiceError):
    """A guard denied the action: nothing is broken and nothing was changed. The exit code is 1, not 2."""

    code = FAILED
    word = "refused"

    def __init__(self, what: str, *, reasons: tuple[str, ...] = (), where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.reasons = reasons or (what,)


class StoppedError(SluiceError):
    """The user pressed Ctrl-C."""

    code = INTERRUPTED
    word = "interrupted"


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint that names what `name` resembles among `known`; where it resembles nothing, `otherwise`."""
    close = get_close_matches(name, list(known), n=3)
    return f"did you mean {' or '.join(close)}?" + (f" {otherwise}" if otherwise else "") if close else otherwise


def is_interrupt(error: BaseException) -> bool:
    """Whether Ctrl-C caused it: DuckDB turns a KeyboardInterrupt during a query into a RuntimeError."""
    return isinstance(error, KeyboardInterrupt) or (error.__cause__ is not None and is_interrupt(error.__cause__))
