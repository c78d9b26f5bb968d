"""What DuckDB's hash() is given of a value, so that unlike values have unlike hashes, but for chance.

Its own hash is the same for null, `[]` and `[null]`, for null and a struct of nulls; for 0 and -1, and for every number of 16
bytes and the one with its halves exchanged (HUGEINT, UHUGEINT, DECIMAL of more than 18 digits, UUID); for 1 day and 30 days. The
sort keys of these are unlike.
"""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"DECIMAL\((\d+),\d+\)")
_NESTED = re.compile(r".*\]|(STRUCT|MAP|UNION)\(.*", re.DOTALL)
_WIDE = {"HUGEINT", "UHUGEINT", "UUID"}
# DuckDB takes a month for 30 days and a day for 24 hours when it compares intervals.
_MICROSECONDS = (
    "((date_part('year', {0}) * 12 + date_part('month', {0})) * 30 + date_part('day', {0}))::hugeint * 86400000000"
    " + date_part('hour', {0}) * 3600000000 + date_part('minute', {0}) * 60000000 + date_part('microsecond', {0})"
)


def hashed(value: str, kind: str) -> str:
    """SQL to hash instead of `value`, which is of type `kind`, as DuckDB spells it. Equal values stay equal."""
    found = _DECIMAL.fullmatch(kind)
    if kind in _WIDE or (found and int(found[1]) > 18) or _NESTED.fullmatch(kind):
        return _key(value)
    return _key(_MICROSECONDS.format(value)) if kind == "INTERVAL" else value


def _key(value: str) -> str:
    return f"create_sort_key({value}, 'ASC NULLS FIRST')"
