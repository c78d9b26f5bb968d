"""Markdown for comments on pull requests: text of others made harmless, and never longer than a comment may be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sluice.core.text import plural

# GitHub refuses longer comments; in bytes, which is never fewer than its characters. Some are left for who embeds it.
LIMIT = 60_000


def fitted(head: str, blocks: Sequence[str], limit: int, word: str, hint: str) -> str:
    """The head and as many blocks as fit into `limit` bytes, with a sentence about those that don't."""
    room = limit - 400
    text = _cut(head, room)
    kept = 0
    for block in blocks:
        if len(f"{text}\n{block}".encode()) > room:
            break
        text, kept = f"{text}\n{block}", kept + 1
    left = len(blocks) - kept
    return f"{text}\n\n_Cut to fit a comment: the details of {plural(left, word)} are left out. {hint}_" if left else text


def _cut(text: str, limit: int) -> str:
    if len(text.encode()) <= limit:
        return text
    lines, size = [], 0
    for line in text.splitlines():
        size += len(line.encode()) + 1
        if size > limit - 100:
            break
        lines.append(line)
    return "\n".join([*lines, "", "_Cut to fit a comment._"])


def plain(text: str) -> str:
    """Text of others as text: no markup, no mention of a person, no cell's end."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text.replace("\n", " "))


def code(text: str) -> str:
    """A name or a value."""
    return f"`{text}`" if _SIMPLE.fullmatch(text) else f"<code>{plain(text)}</code>"


_SIMPLE = re.compile(r"[\w.:/+,-]+( [\w.:/+,-]+)*", re.ASCII)
# Everything but letters, digits and harmless signs; an underscore is harmless inside a word only.
_MARKUP = re.compile(r"[^\w\s.,;:+()%/=>→…⏎'-]|(?<![^\W_])_|_(?![^\W_])")
