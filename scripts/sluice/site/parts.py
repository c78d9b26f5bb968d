"""Parts that several pages have. `body`, `drawn` and the cells of tables are HTML already; other text is escaped here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from sluice.core.text import ago, moment
from sluice.page.document import folded, table

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def when(at: datetime | None) -> str:
    """A time, which the page's script shows in the reader's zone; nothing for None."""
    if at is None:
        return ""
    at = _utc(at)
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{escape(moment(at))}</time>'


def since(at: datetime | None) -> str:
    """A time, or where it is midnight in UTC the day alone: a day of the data is the same in every zone."""
    if at is None or (at.hour, at.minute, at.second) != (0, 0, 0):
        return when(at)
    return f'<span class="day">{escape(moment(at).partition(",")[0])}</span>'


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, which the page's script counts on; nothing for None."""
    if at is None:
        return ""
    at = _utc(at)
    told = f"{ago(at, _utc(now))} ago"
    return f'<time class="age" datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{escape(moment(at), quote=True)}">{told}</time>'


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def seconds(count: float | None) -> str:
    """A length of time in its two largest units: `3 min 2 s`, `1.4 s`; nothing for None."""
    if count is None or not math.isfinite(count):
        return ""
    if count < 10:
        return f"{count:.1f} s"
    whole = round(count)
    for size, unit, smaller, less in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size:,} {unit}" + (f" {rest} {less}" if rest else "")
    return f"{whole} s"


def section(title: str, *body: str, anchor: str = "") -> str:
    """A heading and what follows; nothing where nothing follows."""
    shown = "".join(part for part in body if part)
    named = f' id="{escape(anchor, quote=True)}"' if anchor else ""
    return f"<section{named}><h2>{escape(title)}</h2>{shown}</section>" if shown else ""


def said(text: str, kind: str = "") -> str:
    """A paragraph of text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def nothing(what: str, how: str = "") -> str:
    """A sentence in place of data that is missing; `how` is the command that makes some."""
    hint = f" It is filled by <code>{escape(how)}</code>." if how else ""
    return f'<p class="quiet">{escape(what)}{hint}</p>'


@dataclass(frozen=True)
class Tile:
    """A figure on top of a page, with what it is. `kind` is good, bad, warn or nothing; `value` and `note` are HTML."""

    label: str
    value: str
    note: str = ""
    kind: str = ""
    href: str = ""


def tiles(given: Sequence[Tile]) -> str:
    """Figures side by side."""
    return f'<ul class="tiles">{"".join(map(_tile, given))}</ul>' if given else ""


def _tile(one: Tile) -> str:
    label = f'<a href="{escape(one.href, quote=True)}">{escape(one.label)}</a>' if one.href else escape(one.label)
    kind = f" {one.kind}" if one.kind else ""
    note = f'<span class="note">{one.note}</span>' if one.note else ""
    return f'<li class="tile{kind}"><span class="label">{label}</span><span class="value">{one.value}</span>{note}</li>'


def figure(
    caption: str, drawn: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, about: str = "", numbers: Sequence[int] = ()
) -> str:
    """A chart with its caption, and its numbers as a table beneath, which a reader opens."""
    listed = table(head, rows, numbers=numbers, name=caption)
    beneath = folded("as a table", listed) if listed else ""
    note = f"<span>{escape(about)}</span>" if about else ""
    return f"<figure><figcaption><b>{escape(caption)}</b>{note}</figcaption>{drawn}{beneath}</figure>"


def copied(text: str, label: str = "Copy") -> str:
    """A command or a query, with a button that copies it where the browser can."""
    button = f'<button type="button" class="copy" hidden>{escape(label)}</button>'
    return f'<div class="copied"><pre tabindex="0">{escape(text)}</pre>{button}</div>'


def verdict(outcome: str) -> str:
    """A word for how something ended, marked: never by its colour alone."""
    kinds = {"done": "good", "pass": "good", "ok": "good", "refused": "bad", "failed": "bad", "fail": "bad", "warn": "warn"}
    return f'<span class="{kinds.get(outcome, "quiet")}">{escape(outcome)}</span>'
