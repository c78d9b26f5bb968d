"""The audit's part of a trial: the engines of `sluice audit`, run on the slot's warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lab.faults.verdict import SeenCheck
from sluice.core.dbt import artifact
from sluice.core.document import plain
from sluice.core.errors import SluiceError

if TYPE_CHECKING:
    from sluice.alerts.finding import Finding
    from sluice.quality.charts.result import ChartFindings
    from sluice.quality.expectations.result import AuditReport


@dataclass(frozen=True)
class Audited:
    """Expectations and series that did not pass, and what an alert would be made of, dbt's failed tests included."""

    checks: tuple[SeenCheck, ...]
    findings: tuple[Finding, ...]


def import_great_expectations() -> None:
    """Import it here, so that forks of this process do not have to."""
    from sluice.quality.expectations.quiet import quiet_gx

    with quiet_gx():
        import sluice.quality.expectations.evaluate  # noqa: F401  (for its imports)


def audited(file: Path, target: Path, points: Path, day: date) -> Audited:
    """Audit the warehouse file, as of the night after a day.

    `points` has the points of the charts of the release before, if there is one, and gets those of this one. Raises SluiceError
    for an expectation that could not be evaluated.
    """
    from sluice.alerts import of_audit, of_dbt
    from sluice.quality.expectations.audit import audit, of_dbt_alone
    from sluice.quality.expectations.report import as_fields

    manifest = artifact(target, "manifest.json")
    found = _charts(file, target, points, day)
    if _are_declared(target):
        report = audit(file, target, memory_limit="1GB", charts=found)
    else:
        report = of_dbt_alone(file, target, "", charts=found)
    kept = plain(as_fields(report))  # as audit.json has it
    evidence = of_dbt.evidence(artifact(target, "run_results.json"), manifest) + of_audit.evidence(kept, manifest)
    checks = [SeenCheck("chart", one.metric, one.status == "fail") for one in found.series if one.status in ("fail", "warn")]
    return Audited((*_expectations(report, file), *checks), evidence.findings)


def _expectations(report: AuditReport, file: Path) -> list[SeenCheck]:
    # A check that had nothing to look at has caught nothing.
    found = [check for model in report.models for check in model.checks if check.status not in ("pass", "not_run")]
    broken = [check.name for check in found if check.status == "error"]
    if broken:
        raise SluiceError(
            f"expectations that cannot be evaluated: {', '.join(broken)}", where=str(file), hint="run: sluice audit"
        )
    return [SeenCheck("expectation", check.name, check.status == "fail") for check in found]


def _charts(file: Path, target: Path, points: Path, day: date) -> ChartFindings:
    from sluice.quality.charts.declared import declared
    from sluice.quality.charts.judged import Wish, judge

    models = declared(artifact(target, "manifest.json"))
    known = points if points.is_file() else None
    return judge(Wish(file, models, day + timedelta(days=1), known=known, keep=points, memory_limit="1GB"))


def _are_declared(target: Path) -> bool:
    nodes = artifact(target, "manifest.json")["nodes"].values()
    return any((node["config"].get("meta") or {}).get("expectations") for node in nodes)
