"""Results and errors as JSON documents; docs/schemas has a schema of each."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any

from sluice.core.errors import RefusedError, SluiceError

# Rises when a key is renamed or removed, or changes its meaning; a new key does not change it.
SCHEMA_VERSION = 1


def document(found: Any = None, **more: Any) -> str:
    """A dataclass or a mapping, and what is added to it, as one JSON object with `schema_version`.

    Decimals and numbers that JSON cannot write are text, so that no digit is lost; times are in ISO 8601.
    """
    return json.dumps(plain({"schema_version": SCHEMA_VERSION, **fields(found), **more}), indent=2, allow_nan=False)


def fields(found: Any) -> Mapping[str, Any]:
    """The fields of a dataclass, or a mapping as it is."""
    return found if isinstance(found, Mapping) else asdict(found) if found is not None else {}


def plain(value: Any) -> Any:
    """A value in JSON's own types."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def error_fields(error: SluiceError) -> dict[str, Any]:
    """An error as its document has it; of a refusal also every reason."""
    refused = {"outcome": "refused", "reasons": error.reasons} if isinstance(error, RefusedError) else {}
    told = {"what": error.what, "where": error.where, "hint": error.hint, "code": error.code}
    return {**refused, "error": told}
