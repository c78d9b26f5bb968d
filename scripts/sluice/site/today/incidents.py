"""The incidents that are open: cause, owner, what to do, who reads what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from sluice.core.text import plural
from sluice.page.document import code, facts, folded, table
from sluice.site import parts
from sluice.site.context import Site
from sluice.site.parts import Tile

Row = dict[str, Any]

_OPEN = """
    from incidents_now
    where is_latest and state in ('open', 'acknowledged')
    order by severity, opened_at, incident_id
"""
_OVER = """
    from incidents_now
    where state in ('resolved', 'closed')
    order by ended_at desc
    limit 20
"""


def read(site: Site) -> list[Row]:
    """Those that are open, the worst first."""
    return site.rows(_OPEN)


def tile(opened: list[Row]) -> Tile:
    """How many there are."""
    if not opened:
        return Tile("Open incidents", "none", "", "good")
    worst = "bad" if any(one["severity"] == "error" for one in opened) else "warn"
    errors = sum(one["severity"] == "error" for one in opened)
    warns = len(opened) - errors
    note = ", ".join([plural(errors, "error")] * bool(errors) + [plural(warns, "warning")] * bool(warns))
    return Tile("Open incidents", str(len(opened)), note, worst, "#incidents")


def section(site: Site, opened: list[Row]) -> str:
    """A card for each, and those that are over."""
    cards = "".join(_card(site, one) for one in opened) or parts.said("No incident is open.", "good")
    over = [
        [
            escape(one["title"]), escape(one["environment"]), parts.when(one["opened_at"]), parts.when(one["ended_at"]),
            parts.seconds((one["ended_at"] - one["opened_at"]).total_seconds()), escape(one["state"]), escape(one["why"] or ""),
        ]
        for one in site.rows(_OVER)
    ]  # fmt: skip
    head = ["what", "environment", "opened", "over", "lasted", "how", "why"]
    ended = folded(f"{plural(len(over), 'incident')} that are over", table(head, over, name="Over")) if over else ""
    return parts.section("Incidents", cards, ended, anchor="incidents")


def _card(site: Site, one: Row) -> str:
    kind = "bad" if one["severity"] == "error" else "warn"
    short = escape(one["incident_id"][:8], quote=True)
    word = f'<span class="{kind}">{escape(one["severity"])}</span>'
    known = [
        ("since", f"{parts.since(one['since_at'])}; opened {parts.age(one['opened_at'], site.made_at)}, seen by {_runs(one)}"),
        ("root", f"{code(one['name'] or one['node'])} in {escape(one['environment'])}"),
        ("owner", escape(one["owner"] or "nobody is named: give the model a group with an owner")),
        ("what to do", escape(one["next_step"] or "")),
        ("state", _state(one)),
    ]
    findings = folded(plural(len(one["findings"] or ()), "finding"), _findings(one["findings"] or ()))
    touches = one["touches"] or []
    reads = folded(f"read by {len(touches)}", "<ul>" + "".join(f"<li>{escape(name)}</li>" for name in touches) + "</ul>")
    title = f"<h3>{word} {escape(one['title'])}</h3>"
    return f'<div class="card {kind}" id="incident-{short}">{title}{facts(known)}{findings}{reads if touches else ""}</div>'


def _runs(one: Row) -> str:
    return plural(int(one["seen"]), "run")


def _state(one: Row) -> str:
    who = f" by {one['by_actor']}" if one["by_actor"] else ""
    return escape(f"{one['state']}{who}{': ' + one['why'] if one['why'] else ''}")


def _findings(found: Sequence[Row]) -> str:
    rows = [
        [escape(one["sentence"]), escape(one["severity"]), escape(one["step"]), parts.since(one["since_at"])] for one in found
    ]
    return table(["what", "severity", "step", "since"], rows, name="Findings")
