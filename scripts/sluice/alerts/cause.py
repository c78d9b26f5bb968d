"""Which findings of a run have one cause: the fewest nodes that explain them all, by lineage.

A finding can be explained by its own node, and by the nodes upstream that the columns which its check looks at are made of. A
finding that names a cause by itself (a refused or late delivery, a model that cannot be built, a unit test) explains what it can;
of what is left, the node that explains the most findings is taken first, of several the one nearest to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sluice.alerts.finding import ERROR, Finding
from sluice.alerts.kin import Kin


@dataclass(frozen=True)
class Cause:
    """A node, and the findings that it explains: what names a cause by itself comes first, then errors, then the node's own."""

    root: str
    findings: tuple[Finding, ...]


def causes(findings: Sequence[Finding], kin: Kin) -> list[Cause]:
    """The causes of findings, those nearest to the sources first; every finding is in one of them."""
    if len(findings) == 1:  # nothing to relate: most runs need no graph
        return [Cause(findings[0].node, tuple(findings))]
    roots = _named([one.node for one in findings if one.is_cause], kin)
    taken: dict[str, list[Finding]] = {root: [] for root in roots}
    left: list[Finding] = []
    for finding in findings:
        root = explained_by(finding, roots, kin)
        (taken[root] if root else left).append(finding)
    made = [_cause(root, found, kin) for root, found in [*taken.items(), *_fewest(left, kin)]]
    return sorted(made, key=lambda cause: (kin.order.get(cause.root, len(kin.order)), cause.root))


def explained_by(finding: Finding, roots: Sequence[str], kin: Kin) -> str | None:
    """The first of the nodes, nearest to the sources, that a finding follows from; None if it follows from none of them."""
    possible = {finding.node, *kin.above(finding.node)} if finding.is_cause else kin.origins(finding)
    found = [root for root in roots if root in possible]
    return kin.first(found) if found else None


def _named(nodes: Sequence[str], kin: Kin) -> list[str]:
    """The nodes that have none of the others upstream."""
    return [node for node in dict.fromkeys(nodes) if not kin.above(node) & set(nodes)]


def _fewest(findings: Sequence[Finding], kin: Kin) -> Iterator[tuple[str, list[Finding]]]:
    """Nodes that together explain all findings, and what each of them explains."""
    origins = {finding.id: kin.origins(finding) for finding in findings}
    left = list(findings)
    while left:
        counts = Counter(node for finding in left for node in origins[finding.id])
        root = max(counts, key=lambda node: (counts[node], kin.order.get(node, -1), node))
        yield root, [finding for finding in left if root in origins[finding.id]]
        left = [finding for finding in left if root not in origins[finding.id]]


def _cause(root: str, findings: Sequence[Finding], kin: Kin) -> Cause:
    ranked = sorted(
        findings,
        key=lambda one: (not one.is_cause, one.severity != ERROR, one.node != root, kin.order.get(one.node, -1), one.id),
    )
    return Cause(root, tuple(ranked))
