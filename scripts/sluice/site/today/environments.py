"""Where each environment is: its release or file, its age, and what was judged of it."""

from __future__ import annotations

from datetime import datetime
from html import escape

from sluice.core.text import size
from sluice.environments.listing import EnvironmentRow, ReleaseRow
from sluice.page.document import code, table
from sluice.site import parts
from sluice.site.context import Site
from sluice.site.parts import Tile


def tiles(site: Site) -> list[Tile]:
    """The release that readers of the environment have, and since when."""
    one = next((row for row in site.environments if row.name == site.environment), None)
    if one is None or not one.since:
        note = f"no release yet; run: sluice run --env {escape(site.environment)}"
        return [Tile(f"{site.environment} has", "nothing", note, "warn")]
    since = datetime.fromisoformat(one.since)
    ok = one.status.startswith("ok")
    what = _audit(site, one)
    note = f"{code(one.release_id) if one.release_id else 'a file'}{f', audit {escape(what)}' if what else ''}"
    return [
        Tile(f"{site.environment} was published", parts.age(since, site.made_at), note, "good" if ok else "bad", "releases.html"),
    ]


def _audit(site: Site, one: EnvironmentRow) -> str:
    release = _release(site, one)
    return release.audit if release else ""


def _release(site: Site, one: EnvironmentRow) -> ReleaseRow | None:
    return next((row for row in site.releases if row.release_id == one.release_id), None) if one.release_id else None


def section(site: Site) -> str:
    """Every environment that was built or published."""
    rows = [_row(site, one) for one in site.environments]
    head = ["environment", "has", "since", "age", "audit", "state", "by", "why", "size"]
    return parts.section("Environments", table(head, rows, numbers=(8,), name="Environments"), anchor="environments")


def _row(site: Site, one: EnvironmentRow) -> list[str]:
    since = datetime.fromisoformat(one.since) if one.since else None
    release = _release(site, one)
    audit = parts.verdict(release.audit) if release else ""
    state = '<span class="good">ok</span>' + escape(one.status[2:]) if one.status.startswith("ok") else escape(one.status)
    back = f'<br><span class="quiet">rolls back to {code(one.rolls_back_to)}</span>' if one.rolls_back_to else ""
    what = code(one.release_id) + back if one.release_id else ("a file" if one.since else "")
    who = one.by or (one.built.built_by if one.built else "")
    return [
        escape(one.name), what, parts.when(since), parts.age(since, site.made_at), audit, state, escape(who),
        escape(one.why or ""), size(one.bytes) if one.bytes is not None else "",
    ]  # fmt: skip
