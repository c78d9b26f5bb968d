"""The kinds of entries: the fields of a class are the columns of its table under lake/ops, and each instance is a row.

To add a column, add a field with a default: tables of older lakes gain it, and their rows hold null. To add a kind, add
a class, and name it in KINDS. A field never changes its type and is never removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What every kind has: the name of its table. Times are UTC, without a zone."""

    TABLE: ClassVar[str]


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """How many records of a batch were rejected for a reason."""

    reason: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class FileCount:
    """One file of a batch, and what became of its records."""

    file: str
    digest: str
    rows_read: int
    rows_landed: int
    rows_quarantined: int


@dataclass(frozen=True, kw_only=True)
class BatchEntry(Entry):
    """A batch that was landed."""

    TABLE = "batches"
    batch_id: str
    run_id: str
    feed: str
    loaded_at: datetime
    rows_read: int
    rows_landed: int
    rows_quarantined: int
    bytes_read: int
    seconds: float
    reasons: tuple[ReasonCount, ...]
    files: tuple[FileCount, ...]
    new_columns: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RefusalEntry(Entry):
    """A file, or a table of a database, that ingest refused as a whole."""

    TABLE = "refusals"
    refused_at: datetime
    run_id: str
    feed: str
    file: str
    digest: str | None = None
    reason: str


@dataclass(frozen=True, kw_only=True)
class CheckEntry(Entry):
    """How a data test, a unit test or an expectation ended; `observed` and `expected` are JSON."""

    TABLE = "checks"
    run_id: str
    checked_at: datetime
    warehouse: str
    kind: str
    model: str
    column_name: str | None
    check_name: str
    severity: str
    status: str
    failures: int | None
    observed: str | None
    expected: str | None
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class DecisionEntry(Entry):
    """What somebody decided about a row in quarantine. The newest decision about a row counts."""

    TABLE = "decisions"
    decision_id: str
    decided_at: datetime
    decision: str
    quarantine_id: str
    place: str
    feed: str
    entity: str | None
    rule: str | None
    row_key: str | None
    batch_id: str
    source_file: str
    source_position: int | None
    decided_by: str
    why: str | None
    until_at: datetime | None = None
    correction_batch_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReleaseEntry(Entry):
    """An attempt to change an environment: done, refused or failed."""

    TABLE = "releases"
    event_id: str
    tried_at: datetime
    action: str
    environment: str | None
    release_id: str | None
    from_release_id: str | None
    actor: str
    outcome: str
    why: str | None
    detail: str | None
    seconds: float | None


KINDS: tuple[type[Entry], ...] = (BatchEntry, RefusalEntry, CheckEntry, DecisionEntry, ReleaseEntry)
