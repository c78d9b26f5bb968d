"""The audit's part of a trial: the engines of `sluice audit`, run on the slot's warehouse."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from lab.faults.verdict import SeenCheck
from sluice.core.dbt import artifact
from sluice.core.errors import SluiceError


def import_great_expectations() -> None:
    """Import it here, so that forks of this process do not have to."""
    from sluice.quality.expectations.quiet import quiet_gx

    with quiet_gx():
        import sluice.quality.expectations.evaluate  # noqa: F401  (for its imports)


def expectations(file: Path, target: Path) -> tuple[SeenCheck, ...]:
    """Expectations that the warehouse file does not meet. Raises SluiceError for one that could not be evaluated."""
    if not _are_declared(target):
        return ()
    from sluice.quality.expectations.audit import audit

    report = audit(file, target, memory_limit="1GB")
    # A check that had nothing to look at has caught nothing.
    found = [check for model in report.models for check in model.checks if check.status not in ("pass", "not_run")]
    broken = [check.name for check in found if check.status == "error"]
    if broken:
        raise SluiceError(
            f"expectations that cannot be evaluated: {', '.join(broken)}", where=str(file), hint="run: sluice audit"
        )
    return tuple(SeenCheck("expectation", check.name, check.status == "fail") for check in found)


def charts(file: Path, target: Path, points: Path, day: date) -> tuple[SeenCheck, ...]:
    """Series of the warehouse file that signal in a direction that hurts, as of the night after a day.

    `points` has the points of the release before, if there is one, and gets those of this one.
    """
    from sluice.quality.charts.declared import declared
    from sluice.quality.charts.judged import Wish, judge

    models = declared(artifact(target, "manifest.json"))
    known = points if points.is_file() else None
    found = judge(Wish(file, models, day + timedelta(days=1), known=known, keep=points, memory_limit="1GB"))
    return tuple(SeenCheck("chart", one.metric, one.status == "fail") for one in found.series if one.status in ("fail", "warn"))


def _are_declared(target: Path) -> bool:
    nodes = artifact(target, "manifest.json")["nodes"].values()
    return any((node["config"].get("meta") or {}).get("expectations") for node in nodes)
