"""What a run has left on disk, as evidence: the artifacts of its candidate, its audit, the deliveries in the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sluice.alerts import of_audit, of_dbt, of_feeds, of_steps
from sluice.alerts.finding import Evidence
from sluice.alerts.of_feeds import Delivered, Refused
from sluice.alerts.of_steps import DONE, StepOutcome
from sluice.alerts.opened import OpenLake
from sluice.core import dbt
from sluice.core.errors import SluiceError
from sluice.environments.resolve import Located, locate
from sluice.history.kinds import BatchEntry


@dataclass(frozen=True)
class Artifacts:
    """What dbt and the audit have left of a release or candidate; None where it is not there."""

    manifest: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    audit: Mapping[str, Any] | None = None
    acknowledged: frozenset[str] = frozenset()


def evidence(
    steps: Sequence[StepOutcome], refused: Sequence[Refused], delivered: Sequence[Delivered], left: Artifacts, now: datetime
) -> Evidence:
    """Everything that a run has found; `left` is of the candidate that it made, or of the current release."""
    ran = {one.step: one for one in steps}
    found = of_feeds.late(delivered, left.manifest, now)
    if "ingest" in ran and ran["ingest"].could_run:
        found += of_feeds.refused(refused, left.manifest, now)
    if "build" in ran and left.results and left.manifest:
        found += of_dbt.evidence(left.results, left.manifest, left.acknowledged)
    if "audit" in ran and left.audit and left.manifest:
        found += of_audit.evidence(left.audit, left.manifest, left.acknowledged)
    if ran.get("publish", StepOutcome("", "")).outcome == DONE:
        found += Evidence(ended=frozenset({"publish"}))
    found += Evidence(is_current=any(one.is_current for one in steps))
    return found + of_steps.evidence(steps, found, now)


def artifacts(environment: str, release_id: str | None) -> Artifacts:
    """Those of a candidate or release; without one, the manifest of what the environment is now."""
    found = _located(release_id or environment)
    if found is None or found.artifacts is None:
        return Artifacts()
    manifest = _artifact(found.artifacts, "manifest.json")
    if release_id is None:
        return Artifacts(manifest)
    results, audit = _artifact(found.artifacts, "run_results.json"), _artifact(found.artifacts / "audit", "audit.json")
    return Artifacts(manifest, results, audit, found.record.answered if found.record else frozenset())


def _located(name: str) -> Located | None:
    try:
        return locate(name)
    except SluiceError:
        return None


def _artifact(folder: Path, name: str) -> dict[str, Any] | None:
    try:
        return dbt.artifact(folder, name)
    except SluiceError:
        return None


def deliveries(lake: OpenLake) -> list[Delivered]:
    """When each feed delivered last, and how regularly. Raises SluiceError for a damaged table."""
    return [Delivered(**row) for row in lake.rows("deliveries", BatchEntry)]
