"""Charts of an audit: judges what the models of a file follow, against the release that it follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sluice.core.dbt import artifact
from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell
from sluice.environments.context import Context
from sluice.environments.resolve import Located, whole
from sluice.history import ledger
from sluice.history.kinds import PhaseEntry
from sluice.quality.charts.declared import FollowedModel, declared
from sluice.quality.charts.result import NO_CHARTS, POINTS, ChartFindings
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
    models = declared(artifact(artifacts, "manifest.json", hint="run: sluice build"), select)
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
        memory_limit=memory_limit,
    )
    return judge(wish)


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
