"""Charts of an audit: judges what the models of a file follow, against the release that it follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sluice.change.modified import Modified, modified
from sluice.core import log
from sluice.core.dbt import artifact
from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.core.manifest import is_relation, owners_of_groups, relation_of
from sluice.core.progress import Tell
from sluice.environments.context import Context
from sluice.environments.resolve import Located, whole
from sluice.history import ledger
from sluice.history.drift import runs_series
from sluice.history.kinds import PhaseEntry
from sluice.quality.charts.declared import FollowedModel, declared
from sluice.quality.charts.result import NO_CHARTS, POINTS, ChartFindings, SeriesResult
from sluice.store.record import Record


def charts(
    context: Context,
    located: Located,
    artifacts: Path,
    select: Sequence[str],
    *,
    base: str | None,
    keep: Path | None,
    memory_limit: str,
    tell: Tell,
) -> ChartFindings:
    """The charts of a file. `base` is the release that it follows; all points are kept in `keep`.

    Without anything to follow, nothing is opened. Raises SluiceError where a declaration is not valid or cannot be measured.
    """
    manifest = artifact(artifacts, "manifest.json", hint="run: sluice build")
    models = declared(manifest, select)
    if not models:
        return NO_CHARTS
    from sluice.quality.charts.judged import Wish, judge

    tell("charts", 0)
    wish = Wish(
        file=whole(located, tell) or located.file,
        models=models,
        today=_today(located.record),
        known=known_points(context, base),
        phases=phases(context.lake),
        keep=keep,
        # What a run did is known of candidates; the profile of this one is in the history since it was built.
        runs=_runs(context.lake, located.record.environment) if keep and located.record else "",
        owners=_owners(manifest),
        memory_limit=memory_limit,
    )
    found = judge(wish)
    return explained(found, manifest, _manifest_of(context, base), located.record) if _alarms(found) else found


def _runs(lake: Path, environment: str) -> str:
    try:
        return runs_series(lake, environment)
    except SluiceError as error:
        log.note(f"series of runs are left out: {error.what} ({error.where})")
        return ""


def _owners(manifest: Mapping[str, Any]) -> dict[str, str | None]:
    """The owner of each relation whose model is in a group."""
    groups = owners_of_groups(manifest)
    nodes = [node for node in manifest["nodes"].values() if is_relation(node)]
    return {relation_of(node): groups[node["group"]] for node in nodes if node.get("group") in groups}


def _alarms(found: ChartFindings) -> bool:
    return any(one.status in ("fail", "warn") for one in found.series)


def explained(
    found: ChartFindings, manifest: Mapping[str, Any], before: Mapping[str, Any] | None, record: Record | None
) -> ChartFindings:
    """The findings; what alarms says which code has changed since the release `before`, and whether all was built again."""
    if before is None:
        return found
    changed = {one.unique_id: one.name for one in modified(before, manifest) if one.touches_data and _is_rewritten(one)}
    ids = {relation_of(node): key for key, node in manifest["nodes"].items() if is_relation(node)}
    again = "everything was built from nothing" if record and record.full_refresh else ""

    def remark(one: SeriesResult) -> str:
        made_from = _made_from(ids[one.relation], manifest) if one.relation in ids else ()
        names = sorted(name for key, name in changed.items() if key in made_from)
        code = f"this release changes the code of {', '.join(names[:3])}{' and others' * (len(names) > 3)}" if names else ""
        return "; ".join(filter(None, [code, again]))

    return replace(
        found,
        series=tuple(replace(one, remark=remark(one)) if one.status in ("fail", "warn") else one for one in found.series),
    )


def _is_rewritten(one: Modified) -> bool:
    """Whether more differs than compiled SQL: that of an incremental model differs from night to night by what it looks for."""
    return any(reason.touches_data and reason.kind != "sql" for reason in one.reasons)


def _made_from(unique_id: str, manifest: Mapping[str, Any]) -> set[str]:
    """A node, and everything that it is made from."""
    found, waiting = set[str](), [unique_id]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += (manifest["nodes"].get(name, {}).get("depends_on") or {}).get("nodes") or []
    return found


def _manifest_of(context: Context, release_id: str | None) -> Mapping[str, Any] | None:
    if release_id is None:
        return None
    try:
        return artifact(context.store.fetch(release_id), "manifest.json")
    except SluiceError:
        return None


def followed(artifacts: Path) -> list[FollowedModel]:
    """The models of a project that follow something."""
    return declared(artifact(artifacts, "manifest.json", hint="run: sluice build"))


def _today(record: Record | None) -> date:
    """The day on which the file was built, in UTC: what was delivered by then is in it."""
    return date.fromisoformat(record.started_at[:10]) if record else datetime.now(UTC).date()


def known_points(context: Context, release_id: str | None) -> Path | None:
    """The points of a release's charts; None if it is gone, or older than its charts."""
    if release_id is None:
        return None
    try:
        file = context.store.fetch(release_id) / "audit" / POINTS
    except SluiceError:  # whoever needs the release itself says what is wrong with it
        return None
    return file if file.is_file() else None


def phases(lake: Path) -> list[tuple[str, datetime]]:
    """The phases that were marked: the metric, and since when it is another thing."""
    query = ledger.query(lake, PhaseEntry)
    if "delta_scan" not in query:
        return []
    with connect(extensions=["delta"]) as connection:
        return connection.execute(f"select distinct metric, since_at from ({query})").fetchall()
