"""The one exception a user's mistake or an unusable input becomes."""

from __future__ import annotations


class SluiceError(Exception):
    """What happened, where, and what to do next. The command line prints it without a traceback."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
