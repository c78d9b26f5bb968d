"""An event: a run of a job that begins or ends, with what it read and wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sluice.openlineage import facets
from sluice.openlineage.facets import Facet
from sluice.openlineage.names import Dataset, is_uuid

Event = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A run of a job: its name and id, the one that started it, and the first of all."""

    namespace: str
    name: str
    run_id: str
    parent: Job | None = None

    @property
    def root(self) -> Job:
        """The one that was not started by another."""
        return self.parent.root if self.parent else self

    @property
    def named(self) -> dict[str, Any]:
        """As the facet of a parent has it."""
        return {"run": {"runId": self.run_id}, "job": {"namespace": self.namespace, "name": self.name}}


def outer(variables: Mapping[str, str]) -> Job | None:
    """The run that a scheduler names as the parent of a command: OPENLINEAGE_PARENT_ID, `namespace/job/run id`."""
    namespace, _, rest = variables.get("OPENLINEAGE_PARENT_ID", "").partition("/")
    name, _, run = rest.rpartition("/")
    return Job(namespace, name, run) if namespace and name and is_uuid(run) else None


@dataclass(frozen=True)
class Output:
    """A dataset that was written; `statistics` are facets of the writing, `facets` those of the dataset."""

    dataset: Dataset
    facets: Mapping[str, Facet] = field(default_factory=dict)
    statistics: Mapping[str, Facet] = field(default_factory=dict)


@dataclass(frozen=True)
class Input:
    """A dataset that was read; `checks` are facets of what was found when it was."""

    dataset: Dataset
    facets: Mapping[str, Facet] = field(default_factory=dict)
    checks: Mapping[str, Facet] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """A run that has ended: `state` is COMPLETE, FAIL or ABORT. Times are UTC, without a zone."""

    job: Job
    started_at: datetime
    ended_at: datetime
    state: str = "COMPLETE"
    inputs: Sequence[Input] = ()
    outputs: Sequence[Output] = ()
    of_job: Mapping[str, Facet] = field(default_factory=dict)
    of_run: Mapping[str, Facet] = field(default_factory=dict)

    def events(self) -> tuple[Event, Event]:
        """Its START, and its end with everything that is known then."""
        reads = [_dataset(one.dataset, one.facets, "inputFacets", one.checks) for one in self.inputs]
        writes = [_dataset(one.dataset, one.facets, "outputFacets", one.statistics) for one in self.outputs]
        begun = self._event("START", self.started_at, {}, [], [])
        return begun, self._event(self.state, max(self.ended_at, self.started_at), self.of_run, reads, writes)

    def _event(
        self, state: str, at: datetime, more: Mapping[str, Facet], reads: list[dict[str, Any]], writes: list[dict[str, Any]]
    ) -> Event:
        job = self.job
        parent = {"parent": facets.facet("ParentRunFacet", **job.parent.named, root=job.root.named)} if job.parent else {}
        return {
            "eventTime": f"{at.replace(tzinfo=UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}",
            "eventType": state,
            "producer": facets.PRODUCER,
            "schemaURL": facets.SCHEMA,
            "run": {"runId": job.run_id, "facets": {**parent, **more}},
            "job": {"namespace": job.namespace, "name": job.name, "facets": dict(self.of_job)},
            "inputs": reads,
            "outputs": writes,
        }


def _dataset(dataset: Dataset, known: Mapping[str, Facet], key: str, more: Mapping[str, Facet]) -> dict[str, Any]:
    return {**dataset.fields, "facets": dict(known), key: dict(more)}


def in_order(told: Sequence[Told]) -> list[Event]:
    """The events of runs by their time; what starts another comes before it, and ends after it."""
    begun, ended = zip(*(one.events() for one in told), strict=True) if told else ((), ())
    depth = {one.job.run_id: _depth(one.job) for one in told}
    ranked = [(event["eventTime"], 0, depth[event["run"]["runId"]], event) for event in begun]
    ranked += [(event["eventTime"], 1, -depth[event["run"]["runId"]], event) for event in ended]
    return [event for *_, event in sorted(ranked, key=lambda one: one[:3])]


def _depth(job: Job) -> int:
    return 0 if job.parent is None else 1 + _depth(job.parent)
