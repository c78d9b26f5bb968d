"""The page Releases: what each release changed, who published it and why, and where a rollback leads."""

from __future__ import annotations

from datetime import datetime
from html import escape

from sluice.core.text import number, plural, size
from sluice.page.document import code, facts, folded, table
from sluice.site import parts
from sluice.site.context import Page, Site
from sluice.site.parts import Tile
from sluice.site.releases.moves import Change, Step, Trail, read

LEAD = "What each release changed against the one before it, who published it and why, and where a rollback leads."
_OPEN = 2  # steps that are open


def page(site: Site) -> Page:
    """The page. It needs no script."""
    trails = read(site)
    if not trails:
        body = [parts.nothing("No environment points to a release.", f"sluice run --env {site.environment}")]
        return Page(slug="releases", title="Releases", lead=LEAD, body=body)
    body = [parts.tiles(_tiles(site, trails[0])), *(_section(site, trail) for trail in trails), _waiting(site)]
    return Page(slug="releases", title="Releases", lead=LEAD, body=body)


def _tiles(site: Site, trail: Trail) -> list[Tile]:
    newest = trail.steps[0]
    rolled = sum(step.move.action == "rollback" for step in trail.steps)
    back = trail.back[0] if trail.back else None
    return [
        Tile(
            f"{trail.environment} moved",
            parts.age(newest.at, site.made_at),
            escape(f"{newest.move.action} by {newest.move.actor}"),
        ),
        Tile("A rollback leads to", code(back) if back else "nothing", plural(len(trail.back), "release") + " to go back to"),
        Tile("Moves shown", str(len(trail.steps)), plural(rolled, "rollback") if rolled else "no rollback"),
    ]


def _section(site: Site, trail: Trail) -> str:
    steps = "".join(_step(trail, step, is_open=n < _OPEN) for n, step in enumerate(trail.steps))
    return parts.section(trail.environment, _back(site, trail), steps, anchor=f"releases-{trail.environment}")


def _back(site: Site, trail: Trail) -> str:
    if not trail.back:
        return parts.said("No release is kept that a rollback could lead to.")
    known = {row.release_id: row for row in site.releases}
    rows = [
        [
            code(name),
            parts.when(_moment(known[name].built_at)) if name in known else "",
            escape(known[name].audit) if name in known else "",
        ]
        for name in trail.back
    ]
    listed = table(["release", "built", "audit"], rows, name=f"Rollback points of {trail.environment}")
    command = parts.copied(f'sluice rollback {trail.environment} --why "..."')
    return folded(f"rollback points: {len(trail.back)}, the next first", listed + command)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _step(trail: Trail, step: Step, *, is_open: bool) -> str:
    move = step.move
    is_current = move.release_id == trail.current and step is trail.steps[0]
    here = ' <span class="good">readers have it</span>' if is_current else ""
    kind = "warn" if move.action == "rollback" else "quiet"
    head = f'{parts.when(step.at)} <span class="{kind}">{escape(move.action)}</span> {code(move.release_id)}{here} {_brief(step)}'
    body = facts(_facts(step)) + _commits(step) + _changes(step) + _command(step)
    return folded(head, body, is_open=is_open, anchor=f"releases-{trail.environment}-{move.move_id}", kind="part")


def _brief(step: Step) -> str:
    said = []
    if step.changes is not None:
        said.append(f"{plural(len(step.changes), 'relation')} changed" if step.changes else "the same data")
    said += [plural(len(step.commits), "commit")] if step.commits else []
    return f'<span class="quiet">{escape(", ".join(said))}</span>' if said else ""


def _facts(step: Step) -> list[tuple[str, str]]:
    record, move = step.record, step.move
    known = [
        ("by", escape(move.actor)),
        ("why", escape(move.why or "")),
        ("before it", code(move.from_release_id or "") if move.from_release_id else ""),
    ]
    if record is None:
        return [*known, ("record", "the release is no longer kept")]
    audit = record.audit
    told = f"{audit.status}: {audit.checks} checks, {audit.failed} failed, {audit.warned} warned" if audit else "none"
    commit = (record.code.commit or "")[:12]
    return [
        *known,
        ("built", f"{parts.when(_moment(record.built_at))} by {escape(record.built_by)}"),
        ("code", (code(commit) if commit else "no commit") + (" with uncommitted changes" if record.code.is_dirty else "")),
        ("audit", escape(told)),
        ("let pass", "<br>".join(escape(f"{one.check}: {one.why} ({one.by})") for one in record.acknowledged)),
        ("size", size(record.file.bytes) if record.file else ""),
    ]


def _commits(step: Step) -> str:
    rows = [
        [
            code(str(one["code_commit"])[:10]), escape(one["subject"]), escape(one["author"]), parts.when(one["authored_at"]),
            f"#{one['pull_request']}" if one["pull_request"] else "",
        ]
        for one in step.commits
    ]  # fmt: skip
    listed = table(["commit", "what", "author", "when", "pull request"], rows, name="Commits that it brought")
    return f"<h3>Commits</h3>{listed}" if listed else ""


def _changes(step: Step) -> str:
    if step.changes is None:
        return (
            parts.said("What changed is not known: the record of one of the two releases is gone.", "quiet")
            if step.move.from_release_id
            else ""
        )
    if not step.changes:
        return parts.said(f"All {step.unchanged} relations are the same.")
    rows = [[code(one.relation), *_rows(one), escape(", ".join(one.columns))] for one in step.changes]
    listed = table(
        ["relation", "rows before", "after", "change", "columns"], rows, numbers=(1, 2, 3), name="Relations that changed"
    )
    return f"<h3>Data</h3>{listed}" + parts.said(f"{plural(step.unchanged, 'relation')} the same.", "quiet")


def _rows(one: Change) -> list[str]:
    before, after = (number(count) if count is not None else "" for count in (one.before, one.after))
    if one.before is None or one.after is None:
        return [before, after, "added" if one.before is None else "removed"]
    grown = one.after - one.before
    return [before, after, number(grown, signed=True) if grown else "other values"]


def _command(step: Step) -> str:
    if not step.move.from_release_id or step.record is None:
        return ""
    return parts.copied(f"sluice diff {step.move.from_release_id} {step.move.release_id}")


def _waiting(site: Site) -> str:
    """Candidates that were not published."""
    rows = [
        [
            code(row.release_id),
            parts.when(_moment(row.built_at)),
            escape(row.environment),
            parts.verdict(row.audit),
            escape(row.built_by),
        ]
        for row in site.releases
        if row.kind == "candidate"
    ]
    head = ["candidate", "built", "for", "audit", "by"]
    return parts.section("Candidates that readers do not have", table(head, rows, name="Candidates"), anchor="candidates")
