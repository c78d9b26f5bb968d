"""What the last run of the environment did and, where it did not publish, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from sluice.core.text import plural
from sluice.page.document import code, folded, table
from sluice.site import parts
from sluice.site.context import Site
from sluice.site.parts import Tile

Row = Mapping[str, Any]

# What a run found: the event that it wrote for each incident has the findings of that moment.
_FINDINGS = """
    select
        incident_id, owner, next_step, unnest(findings, max_depth := 2)
    from incidents
    where run_id = $run_id and event in ('opened', 'changed', 'seen')
"""
_STEPS = "from steps where run_id = $1 and coalesce(environment, $2) = $2 order by started_at"
_WHY = f"""
    select *
    from ({_FINDINGS})
    order by severity <> 'error', step, node, check_name
"""


@dataclass(frozen=True)
class LastRun:
    """The last run, its steps, and what it found: what stopped it first. `is_shown`: readers have what it made."""

    run: Row
    steps: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    refusals: list[dict[str, Any]]

    @property
    def is_done(self) -> bool:
        """Whether it came to its end."""
        return bool(self.run["outcome"] == "done")

    @property
    def stopped_at(self) -> str:
        """The step that did not succeed."""
        return str(self.run["stopped_step"] or "its beginning")

    @property
    def began_at(self) -> datetime:
        """When it began."""
        started = self.run["started_at"]
        assert isinstance(started, datetime)
        return started


def read(site: Site) -> LastRun | None:
    """The last run that was meant to publish to the environment."""
    found = site.rows("from nights order by started_at desc limit 1")
    if not found:
        return None
    run_id = found[0]["run_id"]
    return LastRun(
        found[0],
        site.rows(_STEPS, [run_id, site.environment]),
        site.rows(_WHY, {"run_id": run_id}),
        site.rows("from refusals where run_id = ? order by feed, file", [run_id]),
    )


def sentence(site: Site, run: LastRun | None) -> str:
    """The state in one sentence."""
    if run is None:
        return parts.nothing(f"No run of {site.environment} was recorded.", "sluice run")
    began = f"The run of {parts.when(run.began_at)}"
    if run.is_done:
        did = "published" if any(step["step"] == "publish" for step in run.steps) else "found nothing new"
        return f'<p class="state">{began} <strong class="good">{did}</strong>.</p>'
    since = next((row.since for row in site.environments if row.name == site.environment and row.since), None)
    kept = (
        f"{escape(site.environment)} still has the release of {parts.when(datetime.fromisoformat(since))}"
        if since
        else f"{escape(site.environment)} has no release"
    )
    word = _word(run)
    return (
        f'<p class="state">{began} was <strong class="bad">{word}</strong> at the step {code(run.stopped_at)}: {kept}. '
        f'<a href="#why">Why</a></p>'
    )


def _word(run: LastRun) -> str:
    return "refused" if run.stopped_at in ("audit", "publish") or run.run["outcome"] == "refused" else "stopped"


def tiles(site: Site, run: LastRun | None) -> list[Tile]:
    """How the last run ended."""
    if run is None:
        return []
    value = "done" if run.is_done else _word(run)
    note = f"{parts.age(run.began_at, site.made_at)}, {parts.seconds(run.run['seconds'])}"
    return [Tile("Last run", value, note, "good" if run.is_done else "bad", "" if run.is_done else "#why")]


def why(site: Site, run: LastRun | None) -> str:
    """Why the last run did not publish: what it found, the files it refused, its own words, and what may be done."""
    if run is None or run.is_done:
        return ""
    title = f"Why the last run was {_word(run)}"
    causes = [one for one in run.findings if one["severity"] == "error"]
    others = [one for one in run.findings if one["severity"] != "error"]
    said = "".join(_cause(one) for one in causes) + _files(run)
    detail = str(run.run["detail"] or "")
    if detail and not causes:
        said += parts.said(detail)
    said = said or parts.said(f"The step {run.stopped_at} did not succeed, and left no reason.")
    more = folded(f"{plural(len(others), 'warning')} of the same run", _table(others)) if others else ""
    return parts.section(title, f'<div class="card bad">{said}{_next(site, run)}</div>', more, anchor="why")


def _cause(one: Row) -> str:
    owner = f'<br><span class="quiet">asked: {escape(one["owner"])}</span>' if one["owner"] else ""
    link = f'<a href="#incident-{escape(one["incident_id"][:8], quote=True)}">incident {escape(one["incident_id"][:8])}</a>'
    return f'<p><strong class="bad">{escape(one["step"])}</strong> {escape(one["sentence"])} ({link}){owner}</p>'


def _files(run: LastRun) -> str:
    rows = [[code(one["file"]), escape(one["feed"]), escape(one["reason"])] for one in run.refusals]
    return table(["file that was refused", "feed", "why"], rows, name="Files that were refused")


def _next(site: Site, run: LastRun) -> str:
    """What the incidents say, and what compares the candidate with what readers have."""
    steps = list(dict.fromkeys(one["next_step"] for one in run.findings if one["next_step"] and one["severity"] == "error"))
    told = "".join(f"<li>{escape(one)}</li>" for one in steps)
    if run.run["release_id"] and site.shown:
        command = code(f"sluice diff {site.environment} {run.run['release_id']}")
        told += f"<li>what it would have changed: {command}</li>"
    return f"<p><strong>What to do</strong></p><ul>{told}</ul>" if told else ""


def _table(findings: list[dict[str, Any]]) -> str:
    rows = [[escape(one["sentence"]), escape(one["step"]), escape(one["owner"] or "")] for one in findings]
    return table(["what", "step", "owner"], rows, name="Warnings of the run")
