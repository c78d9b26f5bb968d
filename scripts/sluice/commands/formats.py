"""How commands print their result."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """Text for people, JSON for machines."""

    text = "text"
    json = "json"


class ReportFormat(StrEnum):
    """As Format, and Markdown for pull requests."""

    text = "text"
    json = "json"
    markdown = "markdown"
