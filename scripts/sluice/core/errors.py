"""The one exception a user's mistake or an unusable input becomes, and the one a guard's no becomes."""

from __future__ import annotations

import sys


class SluiceError(Exception):
    """What happened, where, and what to do next. The command line prints it without a traceback."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint


class RefusedError(SluiceError):
    """A guard said no: nothing is broken, and nothing was changed. The command line ends in 1, not in 2."""

    def __init__(self, what: str, *, reasons: tuple[str, ...] = (), where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.reasons = reasons or (what,)


def explain(error: SluiceError) -> int:
    """Print it in up to three short lines on stderr; gives the exit code, 1 for a guard's no, else 2."""
    is_refused = isinstance(error, RefusedError)
    print(f"{'refused' if is_refused else 'error'}: {error.what}", file=sys.stderr)
    if error.where:
        print(f"where: {error.where}", file=sys.stderr)
    if error.hint:
        print(f"what to do: {error.hint}", file=sys.stderr)
    return 1 if is_refused else 2


def is_interrupt(error: BaseException) -> bool:
    """Whether Ctrl-C caused it: DuckDB turns a KeyboardInterrupt during a query into a RuntimeError."""
    return isinstance(error, KeyboardInterrupt) or (error.__cause__ is not None and is_interrupt(error.__cause__))
