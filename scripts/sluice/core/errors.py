"""Errors that users see: SluiceError for a mistake or unusable input, RefusedError where a guard denies an action."""

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
    """A guard denies the action: nothing is broken, and nothing was changed. The exit code is 1, not 2."""

    def __init__(self, what: str, *, reasons: tuple[str, ...] = (), where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.reasons = reasons or (what,)


def explain(error: SluiceError) -> int:
    """Print it on stderr in up to three short lines, and return the exit code: 1 for RefusedError, else 2."""
    is_refused = isinstance(error, RefusedError)
    print(f"{'refused' if is_refused else 'error'}: {error.what}", file=sys.stderr)
    if error.where:
        print(f"where: {error.where}", file=sys.stderr)
    if error.hint:
        print(f"what to do: {error.hint}", file=sys.stderr)
    return 1 if is_refused else 2
