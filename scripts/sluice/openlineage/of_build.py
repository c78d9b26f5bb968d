"""What a build did: a run of each node that dbt ran, and one for its data tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sluice.core import dbt
from sluice.core.dbt import Ending
from sluice.core.manifest import BUILT, relation_of
from sluice.history.kinds import StepEntry
from sluice.lineage.edges import Lineage
from sluice.openlineage import checks, column_lineage, facets
from sluice.openlineage.event import Input, Job, Output, Told
from sluice.openlineage.gathered import Artifacts
from sluice.openlineage.lineage_of import lineage_of
from sluice.openlineage.names import Names, candidate
from sluice.openlineage.nodes import Nodes
from sluice.openlineage.source_code import Code
from sluice.quality import dbt_results
from sluice.quality.dbt_results import Ended


@dataclass(frozen=True)
class _Build:
    """A build: its nodes, the lineage of their columns, the code, and the dbt that ran it."""

    step: StepEntry
    job: Job
    nodes: Nodes
    lineage: Lineage
    code: Code
    engine: facets.Facet


def models(step: StepEntry, job: Job, artifacts: Artifacts, names: Names, code: Code) -> Iterator[Told]:
    """A run of each model, seed and snapshot that was not skipped, and one of the data tests."""
    if artifacts.results is None or step.environment is None:
        return
    place = candidate(step.environment) if artifacts.record else step.environment
    nodes = Nodes(artifacts.manifest, names, place, artifacts.record)
    version = str(artifacts.manifest["metadata"].get("dbt_version") or "unknown")
    engine = facets.facet("ProcessingEngineRunFacet", name="dbt", version=version)
    build = _Build(step, job, nodes, lineage_of(artifacts), code, engine)
    ended = dbt_results.ended(artifacts.results, artifacts.manifest)
    for one in ended:
        if one.kind in BUILT and one.unique_id in nodes.datasets and dbt.ending(one.status) is not Ending.skipped:
            yield _node(one, build)
    tests = [one for one in ended if one.kind in dbt_results.KINDS.values() and dbt.ending(one.status) is not Ending.skipped]
    if tests:
        yield _tests(tests, build)


def _node(one: Ended, build: _Build) -> Told:
    node = build.nodes.node(one.unique_id)
    name = f"{build.job.name}.{relation_of(node)}"
    is_good = dbt.ending(one.status) is not Ending.failed
    reads = [build.nodes.datasets[parent] for parent in _read(one.unique_id, build)]
    is_own = node.get("package_name") == build.nodes.manifest["metadata"].get("project_name")
    return Told(
        Job(build.job.namespace, name, build.nodes.names.run(build.job.run_id, one.unique_id), build.job),
        max(one.started_at or build.step.started_at, build.step.started_at),
        one.ended_at,
        "COMPLETE" if is_good else "FAIL",
        inputs=[Input(dataset) for dataset in reads],
        outputs=[_output(one, build)] if is_good else [Output(build.nodes.datasets[one.unique_id])],
        of_job={
            "jobType": facets.job_type("DBT", one.kind.upper()),
            **facets.described(node.get("description"), of_job=True),
            **facets.owned(build.nodes.owner(one.unique_id), of_job=True),
            **build.code.of_node(node, is_own=is_own),
        },
        of_run={
            "processing_engine": build.engine,
            **({} if is_good else {"errorMessage": facets.error(one.personal.message(one.message), "SQL")}),
        },
    )


def _read(unique_id: str, build: _Build) -> list[str]:
    """What a node reads, through ephemeral models, without itself."""
    node = build.nodes.node(unique_id)
    waiting, found = list((node.get("depends_on") or {}).get("nodes") or []), dict[str, None]()
    seen = {unique_id}
    while waiting:
        parent = waiting.pop(0)
        if parent in seen or parent not in build.nodes.datasets:
            continue
        seen.add(parent)
        node = build.nodes.node(parent)
        if (node.get("config") or {}).get("materialized") == "ephemeral":
            waiting += (node.get("depends_on") or {}).get("nodes") or []
        else:
            found[parent] = None
    return list(found)


def _output(one: Ended, build: _Build) -> Output:
    nodes, unique_id = build.nodes, one.unique_id
    known = nodes.facets(unique_id) | column_lineage.facet_of(build.lineage, unique_id, nodes)
    return Output(nodes.datasets[unique_id], known, facets.statistics(nodes.rows(unique_id)))


def _tests(tests: Sequence[Ended], build: _Build) -> Told:
    """The data tests of a build as one run, whose inputs say what was found."""
    found = checks.of_dbt(tests, build.nodes)
    failed = [one.name for one in tests if dbt.ending(one.status) is Ending.failed]
    why = facets.error(f"{len(failed)} of {len(tests)} tests failed: {', '.join(failed[:5])}", "SQL")
    times: list[datetime] = [one.started_at for one in tests if one.started_at]
    return Told(
        Job(build.job.namespace, f"{build.job.name}.tests", build.nodes.names.run(build.job.run_id, "tests"), build.job),
        max(min(times, default=build.step.started_at), build.step.started_at),
        max(one.ended_at for one in tests),
        "FAIL" if failed else "COMPLETE",
        inputs=[Input(build.nodes.datasets[name], checks=checks.facet_of(found[name])) for name in sorted(found)],
        of_job={"jobType": facets.job_type("DBT", "TEST")},
        of_run={"processing_engine": build.engine, **({"errorMessage": why} if failed else {})},
    )
