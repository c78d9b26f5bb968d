"""A diff in the format that was asked for."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from sluice.diff.html import as_html
from sluice.diff.markdown import as_markdown
from sluice.diff.result import Diff
from sluice.diff.text import as_text


def write(diff: Diff, format: str) -> str:
    """`format` is text, markdown, json or html."""
    return {"text": as_text, "markdown": as_markdown, "json": as_json, "html": as_html}[format](diff)


def as_json(diff: Diff) -> str:
    """Everything, for machines. Decimals are text, so that no digit is lost; a number that JSON can't write, too."""
    return json.dumps(_plain({"schema_version": 1, **asdict(diff)}), indent=2, allow_nan=False)


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _plain(part) for name, part in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(part) for part in found]
    if isinstance(found, Decimal) or (isinstance(found, float) and not math.isfinite(found)):
        return str(found)
    return found
