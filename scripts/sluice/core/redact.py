"""Text for a log: without passwords, tokens, e-mail addresses, and values of rows that a library puts into its errors."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

HIDDEN = "***"
_SPEAKING = r"passw(?:or)?d|pwd|secret|token|api_?key|access_?key|credential|private_?key"
# What an environment variable of such a name holds is a secret; a shorter one would also be part of ordinary words.
_NAMES_A_SECRET = re.compile(_SPEAKING, re.IGNORECASE)
_SHORTEST = 4
# Also where somebody has taken a URL for a path, which has one slash.
_IN_URL = re.compile(r"(\w:/+)[^\s'\"]*@")
_PAIR = re.compile(
    rf"""(?P<name>\b\w*(?:{_SPEAKING})\w*["']?\s*[=:]\s*)(?:'(?:[^']|'')*'|"[^"]*"|[^\s,;)}}\]]+)""",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[^\W\d_]{2,}")
# Errors of DuckDB that quote a value of a row, or the row.
_OF_VALUES = re.compile(r"(?:Conversion|Constraint|Invalid Input|Out of Range|Serialization) Error:.*", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_ROW = re.compile(r"(?<=Original Line:)[^\n]*")


def redacted(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text with HIDDEN in place of what no log may hold.

    Values of environment variables whose names speak of a secret are hidden wherever they are.
    """
    variables = os.environ if environment is None else environment
    for secret in sorted(_secrets(variables), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _PAIR.sub(rf"\g<name>{HIDDEN}", _IN_URL.sub(rf"\g<1>{HIDDEN}@", text))
    return _EMAIL.sub(HIDDEN, _OF_VALUES.sub(_without_values, text))


def _secrets(variables: Mapping[str, str]) -> set[str]:
    return {value for name, value in variables.items() if _NAMES_A_SECRET.search(name) and len(value) >= _SHORTEST}


def _without_values(found: re.Match[str]) -> str:
    return _QUOTED.sub(HIDDEN, _ROW.sub(f" {HIDDEN}", found[0]))
