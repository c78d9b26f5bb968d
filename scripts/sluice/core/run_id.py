"""The id of the run that goes on: what is written to lake/ops and to the log has it."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache

from sluice.core.errors import SluiceError

VARIABLE = "SLUICE_RUN_ID"
_VALID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_CURRENT: ContextVar[str | None] = ContextVar("run_id", default=None)


@contextmanager
def one_run() -> Iterator[str]:
    """Within the block, `run_id` stays the same: the id of an enclosing block, that of SLUICE_RUN_ID, or else a new one.

    The command line opens a block for each command, so that commands in one process have ids of their own.
    """
    before = _CURRENT.get()
    _CURRENT.set(current := before or _new())
    try:
        yield current
    finally:
        _CURRENT.set(before)


def run_id() -> str:
    """The id of the run that goes on; outside of one, an id of this process.

    It is the environment variable SLUICE_RUN_ID, which a scheduler may set for several commands, or the time in UTC and 8
    random hexadecimal digits: such ids sort by time.
    Raises SluiceError for a variable that is longer than 64 characters or has others than letters, digits and `_.:-`.
    """
    return _CURRENT.get() or _of_process()


@cache
def _of_process() -> str:
    return _new()


def _new() -> str:
    given = os.environ.get(VARIABLE)
    if given is None:
        return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    if not _VALID.fullmatch(given):
        raise SluiceError(f"{given!r} is not a run id", where=VARIABLE, hint="use up to 64 letters, digits, and the signs _.:-")
    return given
