"""What a run has left, as evidence: its steps and refusals in the lake, the artifacts of its candidate, the audit of that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sluice.alerts import of_audit, of_dbt, of_feeds, of_steps
from sluice.alerts.finding import INGEST, Evidence
from sluice.alerts.of_feeds import Delivered
from sluice.alerts.of_steps import came_to_its_end
from sluice.alerts.opened import OpenLake
from sluice.core import dbt
from sluice.environments.resolve import locate_if_any
from sluice.history.kinds import BatchEntry, RefusalEntry, StepEntry


@dataclass(frozen=True)
class Artifacts:
    """What dbt and the audit have left of a release or candidate; None where it is not there. `built_at` is when it was begun."""

    manifest: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    audit: Mapping[str, Any] | None = None
    acknowledged: frozenset[str] = frozenset()
    begun_at: datetime | None = None


@dataclass(frozen=True)
class Left:
    """Everything that a run has left, and what the lake knows of deliveries. `looked` names the feeds that it read; None: all."""

    steps: tuple[StepEntry, ...]
    refusals: tuple[RefusalEntry, ...]
    delivered: tuple[Delivered, ...]
    artifacts: Artifacts
    looked: frozenset[str] | None = None

    def step(self, name: str) -> StepEntry | None:
        """The last time that a step ran."""
        return next((one for one in reversed(self.steps) if one.step == name), None)


def left_by(lake: OpenLake, run: str, environment: str, looked: Collection[str] | None = None) -> Left:
    """What a run has left for an environment: of each step, how it ended the last time.

    Raises SluiceError for a damaged table.
    """
    mine = {"run": run, "environment": environment}
    rows = lake.table(
        StepEntry,
        "where run_id = $run and (environment is null or environment = $environment)"
        " qualify row_number() over (partition by step order by started_at desc) = 1 order by started_at",
        mine,
    )
    steps = tuple(StepEntry(**row) for row in rows)
    release_id = next((one.release_id for one in reversed(steps) if one.release_id), None)
    begun = next((one.started_at for one in steps if one.step == INGEST), None)
    refusals = lake.table(RefusalEntry, "where run_id = $run and refused_at >= $begun", {"run": run, "begun": begun})
    return Left(
        steps,
        tuple(RefusalEntry(**row) for row in refusals),
        tuple(Delivered(**row) for row in lake.rows("deliveries", BatchEntry)),
        artifacts(environment, release_id),
        None if looked is None else frozenset(looked),
    )


def evidence(left: Left, now: datetime) -> Evidence:
    """Everything that a run has found."""
    made, ingest, build, audit = left.artifacts, left.step(INGEST), left.step("build"), left.step("audit")
    found = of_feeds.late(left.delivered, made.manifest, now)
    if ingest and came_to_its_end(ingest):
        found += of_feeds.refused(left.refusals, made.manifest, left.looked, now)
    if build and made.begun_at and made.begun_at < build.started_at:  # it is older: nothing was built
        found += Evidence(is_current=build.outcome == of_steps.DONE)
    elif build and made.results and made.manifest:
        found += of_dbt.evidence(made.results, made.manifest, made.acknowledged)
    if audit and made.audit and made.manifest and made.audit["run_id"] == audit.invocation_id:
        found += of_audit.evidence(made.audit, made.manifest, made.acknowledged)
    return found + of_steps.evidence(left.steps, found, now)


def artifacts(environment: str, release_id: str | None) -> Artifacts:
    """Those of a candidate or release; without one, the manifest of what the environment is now."""
    found = locate_if_any(release_id or environment)
    if found is None or found.artifacts is None:
        return Artifacts()
    manifest = dbt.artifact_if_any(found.artifacts, "manifest.json")
    if release_id is None or found.record is None:
        return Artifacts(manifest)
    results = dbt.artifact_if_any(found.artifacts, "run_results.json")
    audit = dbt.artifact_if_any(found.artifacts / "audit", "audit.json")
    begun = datetime.fromisoformat(found.record.started_at).astimezone(UTC).replace(tzinfo=None)
    return Artifacts(manifest, results, audit, found.record.answered, begun)
