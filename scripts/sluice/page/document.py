"""A whole page, and its parts. What is called `body` or a cell is HTML already; everything else is text and is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files

HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'


def document(title: str, body: Iterable[str]) -> str:
    """A page that needs no other file."""
    top = f'<!doctype html><html lang="en"><head>{HEAD}<title>{escape(title)}</title><style>{_style()}</style></head>'
    skip = '<a class="skip" href="#main">Skip to the content</a>'
    return "\n".join([top, f'<body>{skip}<main id="main">', *(part for part in body if part), "</main></body></html>", ""])


@cache
def _style() -> str:
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = (), name: str = "") -> str:
    """A table; nothing without rows. The first cell of a row names it, `name` the table. A wide one scrolls in its own box.

    `numbers` are the columns that are aligned to the right.
    """
    if not rows:
        return ""
    top = "".join(f'<th scope="col"{_right(at, numbers)}>{escape(cell)}</th>' for at, cell in enumerate(head))
    lines = "".join(f"<tr>{''.join(_cell(at, cell, numbers) for at, cell in enumerate(row))}</tr>" for row in rows)
    box = f' role="region" tabindex="0" aria-label="{escape(name or "table", quote=True)}"'
    return f'<div class="box"{box}><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def _right(at: int, numbers: Sequence[int]) -> str:
    return ' class="n"' if at in numbers else ""


def _cell(at: int, cell: str, numbers: Sequence[int]) -> str:
    return f"<td{_right(at, numbers)}>{cell}</td>" if at else f'<th scope="row">{cell}</th>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are, one below the other; those without a value are left out."""
    shown = "".join(f"<dt>{escape(name)}</dt><dd>{cell}</dd>" for name, cell in pairs if cell)
    return f'<dl class="facts">{shown}</dl>' if shown else ""


def folded(summary: str, body: str, *, is_open: bool = False, anchor: str = "", kind: str = "") -> str:
    """What a reader opens and closes."""
    named = f' id="{escape(anchor, quote=True)}"' if anchor else ""
    classed = f' class="{kind}"' if kind else ""
    return f"<details{named}{classed}{' open' * is_open}><summary>{summary}</summary>{body}</details>"


def code(text: str) -> str:
    """A name or a value."""
    return f"<code>{escape(text)}</code>"


def marked(text: str, kind: str) -> str:
    """A word that says how something ended: `good`, `bad`, `warn` or `quiet`."""
    return f'<span class="{kind}">{escape(text)}</span>'
