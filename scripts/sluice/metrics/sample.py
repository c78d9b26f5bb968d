"""What a look at the state gives: the rows of each part, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """Rows by part, at a moment; `troubles` says of the parts that are missing, or cut off, what is wrong with them."""

    at: datetime
    rows: Mapping[str, list[dict[str, Any]]]
    troubles: Mapping[str, str]

    @property
    def exit_code(self) -> int:
        """2 where a part could not be read as a whole."""
        return 2 if self.troubles else 0
