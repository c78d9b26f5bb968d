"""How commands print their result."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """Text for people, JSON for machines."""

    text = "text"
    json = "json"
