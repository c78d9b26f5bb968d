"""What was refused: attempts to publish, files, and rows that wait in quarantine."""

from __future__ import annotations

from html import escape

from sluice.core.errors import SluiceError
from sluice.core.text import number, plural
from sluice.environments.resolve import Located
from sluice.page.document import code, folded, table
from sluice.quarantine import catalog
from sluice.site import parts
from sluice.site.context import Site

_SHOWN = 8  # rules
_ATTEMPTS = """
    from releases
    where outcome <> 'done'
    order by tried_at desc
    limit 10
"""
_FILES = """
    from refusals
    order by refused_at desc
    limit 20
"""


def section(site: Site) -> str:
    """The three, each only where something was refused."""
    found = [_attempts(site), _files(site), _rows(site)]
    return parts.section("Refused", *(found if any(found) else [parts.said("Nothing was refused.", "good")]), anchor="refused")


def _attempts(site: Site) -> str:
    rows = [
        [
            parts.when(one["tried_at"]), escape(one["action"]), escape(one["environment"] or ""),
            code(one["release_id"]) if one["release_id"] else "", parts.verdict(one["outcome"]), escape(one["detail"] or ""),
            escape(one["actor"]),
        ]
        for one in site.rows(_ATTEMPTS)
    ]  # fmt: skip
    head = ["when", "what", "environment", "release", "ended", "why", "by"]
    return _titled("Releases", table(head, rows, name="Attempts that were refused or failed"))


def _files(site: Site) -> str:
    rows = [
        [parts.when(one["refused_at"]), escape(one["feed"]), code(one["file"]), escape(one["reason"])]
        for one in site.rows(_FILES)
    ]
    return _titled("Files", table(["when", "feed", "file", "why"], rows, name="Files that ingest refused"))


def _rows(site: Site) -> str:
    rows = [
        [
            escape(one.feed), code(one.rule), "at ingestion" if one.place == "ingestion" else "by a rule of a model",
            f"{one.rows:,}", parts.age(one.oldest, site.made_at),
            ", ".join(f"{number(part['amount'])} {escape(part['currency_code'] or '')}".strip() for part in one.amounts[:3]),
        ]
        for one in _groups(site)
    ]  # fmt: skip
    head = ["feed", "rule", "where", "rows", "oldest", "money"]
    first = table(head, rows[:_SHOWN], numbers=(3,), name="Rows in quarantine")
    others = table(head, rows[_SHOWN:], numbers=(3,), name="More rows in quarantine")
    more = folded(f"{plural(len(rows) - _SHOWN, 'more rule')}", others) if others else ""
    return _titled("Rows that wait for a decision", first + more)


def _groups(site: Site) -> list[catalog.Group]:
    shown = site.shown
    if shown is None:
        where = catalog.places(site.context.lake, _nowhere)
    else:
        where = catalog.places(site.context.lake, lambda: shown.located)
    try:
        with catalog.opened(where) as connection:
            found = catalog.groups(connection, catalog.Filter(status="open"), site.made_at)
    except SluiceError:  # its mart has not been built
        return []
    return sorted(found, key=lambda one: (-one.rows, one.feed, one.rule))


def _nowhere() -> Located:
    raise SluiceError("nothing was built")


def _titled(title: str, body: str) -> str:
    return f"<h3>{escape(title)}</h3>{body}" if body else ""
