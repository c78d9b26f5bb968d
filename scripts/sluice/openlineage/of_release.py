"""What became of a candidate: what its audit found, and where it was published."""

from __future__ import annotations

from sluice.core.manifest import folded
from sluice.history.kinds import StepEntry
from sluice.openlineage import checks, column_lineage, facets
from sluice.openlineage.event import Input, Output
from sluice.openlineage.gathered import Artifacts, Left
from sluice.openlineage.names import Names, candidate
from sluice.openlineage.nodes import Nodes
from sluice.store.record import Record

# The steps that point an environment to a release.
MOVES = ("publish", "promote", "rollback")


def audited(step: StepEntry, artifacts: Artifacts, left: Left, names: Names) -> list[Input]:
    """The datasets that an audit judged, with what it found."""
    environment = step.environment or (artifacts.record.environment if artifacts.record else "")
    nodes = Nodes(artifacts.manifest, names, _place(step, environment, artifacts.record, left), artifacts.record)
    found = checks.of_audit([one for one in left.checks if one.run_id == step.invocation_id], nodes)
    return [Input(nodes.datasets[name], nodes.facets(name), checks.facet_of(found[name])) for name in sorted(found)]


def _place(step: StepEntry, environment: str, record: Record | None, left: Left) -> str:
    """The environment, if the release had been published there before; else its candidate."""
    if record is None:
        return environment
    there = [one for one in left.moves if one.release_id == record.release_id and one.environment == environment]
    is_published = any(one.action in MOVES and one.tried_at < step.started_at for one in there)
    return environment if is_published else candidate(environment)


def moved(step: StepEntry, artifacts: Artifacts, names: Names) -> tuple[list[Input], list[Output]]:
    """The relations of a release that became those of an environment, and what they are copies of.

    A rollback copies nothing: the environment has had the release before.
    """
    record, environment = artifacts.record, step.environment
    if record is None or environment is None:
        return [], []
    there, before = Nodes(artifacts.manifest, names, environment, record), Nodes(artifacts.manifest, names, _from(step, record))
    reads, writes = [], []
    for relation in record.relations:
        unique_id = there.of_relations.get(folded(relation))
        if unique_id is None:
            continue
        source = before.datasets[unique_id]
        is_copy = step.step != "rollback"
        columns = [name for name, *_ in there.columns(unique_id)]
        passed_on = column_lineage.passed_on(columns, source) if is_copy else {}
        reads += [Input(source)] if is_copy else []
        statistics = facets.statistics(there.rows(unique_id))
        writes.append(Output(there.datasets[unique_id], there.facets(unique_id) | passed_on, statistics))
    return reads, writes


def _from(step: StepEntry, record: Record) -> str:
    """Where a release was before: a candidate, or the environment that it was built for."""
    return record.environment if step.environment != record.environment else candidate(record.environment)
