"""A diff in the format that was asked for."""

from __future__ import annotations

from sluice.core.document import document
from sluice.diff.html import as_html
from sluice.diff.markdown import as_markdown
from sluice.diff.result import Diff
from sluice.diff.text import as_text


def write(diff: Diff, format: str) -> str:
    """`format` is text, markdown, json or html."""
    return {"text": as_text, "markdown": as_markdown, "json": as_json, "html": as_html}[format](diff)


def as_json(diff: Diff) -> str:
    """Everything, for programs."""
    return document(diff)
