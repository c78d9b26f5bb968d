"""YAML as this project writes it: one line in flow style where that fits, else a block."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 118
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ .%/()-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"}


def flow(value: Any) -> str:
    """A value in flow style; text is in quotes only where it must be."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(part) for part in value) + "]"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and value == value.strip()
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    return str(value)


def item(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    """A mapping as an item of a list, `indent` blanks in: on one line where it fits."""
    line = " " * indent + "- " + flow(value)
    if len(line) <= WIDTH:
        yield line
        return
    for number, (key, part) in enumerate(value.items()):
        start = " " * indent + ("- " if number == 0 else "  ") + f"{flow(key)}:"
        if isinstance(part, Mapping) and len(f"{start} {flow(part)}") > WIDTH:
            yield start
            yield from (f"{' ' * (indent + 4)}{flow(name)}: {flow(inner)}" for name, inner in part.items())
        else:
            yield f"{start} {flow(part)}"


def comment(text: str, indent: int, mark: str = "#") -> Iterator[str]:
    """A comment, in as many lines as it needs."""
    from textwrap import wrap

    start = " " * indent + mark + " "
    yield from (start + line for line in wrap(text, WIDTH - len(start), break_long_words=False, break_on_hyphens=False))
