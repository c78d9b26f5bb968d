"""What all kinds of entries have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What every kind has: the name of its table. Times are UTC, without a zone."""

    TABLE: ClassVar[str]
