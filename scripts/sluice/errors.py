"""The one exception a user's mistake or an unusable input becomes, and the one a guard's no becomes."""

from __future__ import annotations


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
