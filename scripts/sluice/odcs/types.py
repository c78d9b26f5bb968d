"""Types of DuckDB as the logical types of ODCS."""

from __future__ import annotations

import re

# By the beginning of a type's name; a type that is not here has no logical type.
_LOGICAL = (
    (r".*\[\d*\]|list|array", "array"),
    (r"struct|map|union|json|variant", "object"),
    (r"timestamp|datetime", "timestamp"),
    (r"date", "date"),
    (r"time", "time"),
    (r"bool", "boolean"),
    (r"u?(tiny|small|big|huge)?int(eger)?\d*\b|long|short|signed|oid", "integer"),
    (r"decimal|numeric|double|float|real", "number"),
    (r"varchar|char|text|string|bpchar|uuid|enum", "string"),
)


def logical(kind: str | None) -> str | None:
    """The logical type of a DuckDB type; None where ODCS has none for it."""
    if not kind:
        return None
    return next((name for pattern, name in _LOGICAL if re.match(pattern, kind.strip(), re.IGNORECASE)), None)
