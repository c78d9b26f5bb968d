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


def in_one_line(error: BaseException) -> str:
    """What went wrong, where a command goes on without what failed. Delta Lake also panics, which is not an Exception.

    Raises the error again where it is not to be caught, as Ctrl-C.
    """
    if is_interrupt(error) or not (isinstance(error, Exception) or type(error).__name__ == "PanicException"):
        raise error
    if isinstance(error, SluiceError):
        return f"{error.what} ({error.where})" if error.where else error.what
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def is_interrupt(error: BaseException) -> bool:
    """Whether Ctrl-C caused it: DuckDB turns a KeyboardInterrupt during a query into a RuntimeError."""
    return isinstance(error, KeyboardInterrupt) or (error.__cause__ is not None and is_interrupt(error.__cause__))
