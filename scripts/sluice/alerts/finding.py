"""What a run found wrong, one finding for each check of a node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sluice.history.kinds import FindingRow

ERROR, WARN = "error", "warn"
# Steps that run also where nothing has to be built.
INGEST, FEEDS = "ingest", "feeds"
BEFORE_BUILDING = (FEEDS, INGEST)
# Kinds that name a cause by themselves: whatever is wrong further down may follow from them, also on a later day.
CAUSES = frozenset({"refused", "late", "model", "unit_test"})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A check of a node that does not hold.

    `node` is the unique id that dbt gives it; a feed or step that dbt does not know is `feed.<name>` or `step.<name>`. `reads`
    are the nodes that the check reads, and `columns` pairs of a node and a column that it looks at, as far as they are known.
    `sentence` is for people; it holds no values of rows. `next_step` is what to do, where the finding itself knows.
    """

    node: str
    check: str
    kind: str
    severity: str
    step: str
    sentence: str
    since: datetime
    reads: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    next_step: str | None = None

    @property
    def id(self) -> str:
        """The same for the same check of the same node, in every run."""
        return f"{self.node} {self.check}"

    @property
    def is_cause(self) -> bool:
        """Whether it names a cause by itself."""
        return self.kind in CAUSES

    def row(self) -> FindingRow:
        """The finding as the history has it."""
        return FindingRow(
            node=self.node,
            check_name=self.check,
            kind=self.kind,
            severity=self.severity,
            step=self.step,
            sentence=self.sentence,
            since_at=self.since,
        )


def of_row(row: FindingRow) -> Finding:
    """The finding that the history has."""
    return Finding(
        node=row.node,
        check=row.check_name,
        kind=row.kind,
        severity=row.severity,
        step=row.step,
        sentence=row.sentence,
        since=row.since_at,
    )


@dataclass(frozen=True)
class Evidence:
    """What one run knows: its findings, the steps that came to their end, and the ids of findings that they left unjudged.

    A finding of an earlier run is gone where its step came to its end and does not find it any more. `is_current`: nothing was
    built, because the current release is up to date; so what would have refused it is gone, and nothing is known of warnings.
    `looked` are the sources of the feeds that were read; None: all.
    """

    findings: tuple[Finding, ...] = ()
    ended: frozenset[str] = frozenset()
    unjudged: frozenset[str] = frozenset()
    is_current: bool = False
    looked: frozenset[str] | None = None

    def __add__(self, more: Evidence) -> Evidence:
        """Both of them; what one of them finds, the other has not left unjudged."""
        findings = tuple({one.id: one for one in (*self.findings, *more.findings)}.values())
        is_current = self.is_current or more.is_current
        looked = self.looked if more.looked is None else more.looked
        return Evidence(findings, self.ended | more.ended, self.unjudged | more.unjudged, is_current, looked)

    def is_gone(self, finding: Finding) -> bool:
        """Whether something that an earlier run found is not there any more, as far as this run has looked."""
        if any(one.id == finding.id for one in self.findings):
            return False
        if self.is_current and finding.severity == ERROR and finding.step not in BEFORE_BUILDING:
            return True
        if finding.step == INGEST and self.looked is not None and finding.node not in self.looked:
            return False
        return finding.step in self.ended and finding.id not in self.unjudged


def worst(findings: Iterable[Finding]) -> str:
    """The severity of several findings."""
    return ERROR if any(one.severity == ERROR for one in findings) else WARN
