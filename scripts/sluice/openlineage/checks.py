"""The facet of checks: which a dataset passed, and which not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sluice.core import dbt
from sluice.core.dbt import Ending
from sluice.history.kinds import CheckEntry
from sluice.openlineage import facets
from sluice.openlineage.facets import Facet
from sluice.openlineage.nodes import Nodes
from sluice.quality.dbt_results import Ended

# Checks that had nothing to look at.
_UNJUDGED = ("skipped", "not_run")
Found = Mapping[str, list[dict[str, Any]]]


def facet_of(assertions: list[dict[str, Any]]) -> dict[str, Facet]:
    """The facet of some checks by its key."""
    return {"dataQualityAssertions": facets.facet("DataQualityAssertionsDatasetFacet", assertions=assertions)}


def of_dbt(ended: Iterable[Ended], nodes: Nodes) -> Found:
    """The data tests of a run that came to an end, by the unique id of what they test."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in ended:
        ending = dbt.ending(one.status)
        if one.kind != "data_test" or ending is Ending.skipped:
            continue
        for unique_id in _tested(one, nodes):
            found[unique_id].append(_of_test(one, ending, nodes))
    return found


def _tested(test: Ended, nodes: Nodes) -> list[str]:
    node = nodes.manifest["nodes"].get(test.unique_id, {})
    attached = node.get("attached_node")
    names = [attached] if attached else (node.get("depends_on") or {}).get("nodes", [])
    return [name for name in names if name in nodes.datasets]


def _of_test(test: Ended, ending: Ending, nodes: Nodes) -> dict[str, Any]:
    node = nodes.manifest["nodes"].get(test.unique_id, {})
    kind = (node.get("test_metadata") or {}).get("name") or "custom_sql"
    return facets.assertion(
        kind,
        test.name,
        success=ending is Ending.good,
        column=test.column,
        severity=test.severity,
        expected="0",
        actual=None if test.failures is None else str(test.failures),
    )


def of_audit(checks: Iterable[CheckEntry], nodes: Nodes) -> Found:
    """Expectations and control charts of an audit, by the unique id of their model. What was not judged did not pass."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in checks:
        unique_id = nodes.called(one.model)
        if unique_id is None or one.kind not in ("expectation", "control_chart") or one.status in _UNJUDGED:
            continue
        found[unique_id].append(
            facets.assertion(
                one.kind,
                one.check_name,
                success=one.status == "pass",
                column=one.column_name,
                severity=one.severity,
                expected=one.expected,
                actual=one.observed,
            )
        )
    return found
