"""What ingest did: a run for each feed that landed something or was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sluice.history.kinds import BatchEntry, RefusalEntry, StepEntry
from sluice.openlineage import facets
from sluice.openlineage.event import Input, Job, Output, Told
from sluice.openlineage.gathered import Left
from sluice.openlineage.names import Names


def feeds(step: StepEntry, job: Job, left: Left, names: Names) -> Iterator[Told]:
    """A run of each feed of the step, with its batches added up."""
    until = step.started_at + timedelta(seconds=step.seconds)
    batches = [one for one in left.batches if step.started_at <= one.loaded_at <= until]
    refusals = [one for one in left.refusals if step.started_at <= one.refused_at <= until]
    for feed in sorted({one.feed for one in batches} | {one.feed for one in refusals}):
        own = Job(job.namespace, f"{job.name}.{feed}", names.run(job.run_id, feed), job)
        mine = [one for one in batches if one.feed == feed]
        yield _feed(own, step, feed, mine, [one for one in refusals if one.feed == feed], names)


def _feed(
    job: Job, step: StepEntry, feed: str, batches: Sequence[BatchEntry], refusals: Sequence[RefusalEntry], names: Names
) -> Told:
    times = [one.loaded_at for one in batches] + [one.refused_at for one in refusals]
    begun = min([one.loaded_at - timedelta(seconds=one.seconds) for one in batches], default=min(times))
    why = "; ".join(f"{one.file.rpartition('/')[2]}: {one.reason}" for one in refusals)
    return Told(
        job,
        max(begun, step.started_at),
        max(times),
        "FAIL" if refusals else "COMPLETE",
        inputs=[Input(names.delivered(feed))],
        outputs=list(_landed(feed, batches, names)),
        of_job={"jobType": facets.job_type("SLUICE", "FEED")},
        of_run={"errorMessage": facets.error(why, "SQL")} if why else {},
    )


def _landed(feed: str, batches: Sequence[BatchEntry], names: Names) -> Iterator[Output]:
    landed, quarantined = (sum(getattr(one, name) for one in batches) for name in ("rows_landed", "rows_quarantined"))
    kind = {"datasetType": facets.facet("DatasetTypeDatasetFacet", datasetType="TABLE", subType="DELTA")}
    if batches:
        yield Output(names.lake("raw", feed), kind, facets.statistics(landed))
    if quarantined:
        yield Output(names.lake("quarantine", feed), kind, facets.statistics(quarantined))
