"""The id of the run that this process belongs to: what it writes to lake/ops and to its log has it."""

from __future__ import annotations

import os
import re
import secrets
from functools import cache

from sluice.core.errors import SluiceError

VARIABLE = "SLUICE_RUN_ID"
_VALID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@cache
def run_id() -> str:
    """The environment variable SLUICE_RUN_ID, which a scheduler may set for several commands, or 16 random hexadecimal digits.

    Raises SluiceError for a variable that is longer than 64 characters or has others than letters, digits and `_.:-`.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        return secrets.token_hex(8)
    if not _VALID.fullmatch(given):
        raise SluiceError(f"{given!r} is not a run id", where=VARIABLE, hint="use up to 64 letters, digits, and the signs _.:-")
    return given
