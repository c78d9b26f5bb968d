"""The result of a diff, as data. Counts are of rows; values of samples are text for people, or None for null."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.core.text import Number
from sluice.lineage.downstream import Downstream
from sluice.store.record import Acknowledgement


@dataclass(frozen=True)
class SchemaChange:
    """`kind`: relation added or removed; column added, removed, retyped, moved; required, not required; key."""

    kind: str
    name: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Figures:
    """Figures of one column on one side. `distinct` is an estimate (within 1 or 2 %) if the table is large; see RelationDiff."""

    nulls: int
    distinct: int | None = None
    sum: Number | None = None
    mean: Number | None = None
    least: str | None = None
    most: str | None = None


@dataclass(frozen=True)
class Metric:
    """A column's figures before and after; None if the column or the relation does not exist."""

    column: str
    type: str
    before: Figures | None
    after: Figures | None


@dataclass(frozen=True)
class Pair:
    """The number of rows that had `before` and have `after`."""

    before: str | None
    after: str | None
    rows: int


@dataclass(frozen=True)
class ColumnChange:
    """How the values of one column changed, over the rows that both sides have.

    `filled` were null, `emptied` are null now; `up` and `down` (numbers, times) increased and decreased, numbers by
    `total` in all, between `least` and `most`. `pairs` are the most frequent changes of other columns.
    """

    column: str
    type: str
    changed: int
    filled: int
    emptied: int
    up: int | None = None
    down: int | None = None
    total: Number | None = None
    least: Number | None = None
    most: Number | None = None
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class SampleRow:
    """One row: its key, and values as (column, before, after). `kind`: changed, added, removed."""

    kind: str
    key: tuple[tuple[str, str | None], ...]
    values: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True)
class RowChanges:
    """Rows added, removed and changed; `compared_by`: key, or whole rows (then none counts as changed)."""

    compared_by: str
    before: int
    after: int
    added: int
    removed: int
    changed: int
    columns: tuple[ColumnChange, ...] = ()
    samples: tuple[SampleRow, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bin:
    """Rows whose value is from `low` (None: whatever is less) to below `high` (None: whatever is more).

    Numbers are doubles; times are text, in UTC.
    """

    low: float | str | None
    high: float | str | None
    before: int
    after: int


@dataclass(frozen=True)
class Top:
    """Rows that have one of the most frequent values."""

    value: str
    before: int
    after: int


@dataclass(frozen=True)
class Distribution:
    """How the values of a column are distributed, before and after: bins of numbers and times, the top values of others.

    `others` is the number of further values. Pairs are of rows before and after: null, and NaN or infinite.
    """

    column: str
    type: str
    bins: tuple[Bin, ...] = ()
    values: tuple[Top, ...] = ()
    others: int = 0
    nulls: tuple[int, int] = (0, 0)
    not_finite: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class RelationDiff:
    """One relation on two sides. `told_by`: digest (no row was read), rows, file, or base (it was not built).

    `status`: same, changed, added, removed, missing (neither file has it), unreadable (a view on something outside).
    """

    relation: str
    model: str
    owner: str | None
    status: str
    told_by: str
    key: tuple[str, ...]
    key_source: str | None
    schema: tuple[SchemaChange, ...] = ()
    rows: RowChanges | None = None
    metrics: tuple[Metric, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    is_distinct_near: bool = False
    detail: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class SideInfo:
    """What is compared: how it was named, its file, and what its record says of it, with the checks that may fail in it.

    A file without a record was built when it was last written; `base` is the release that a pull request's file builds on.
    """

    name: str
    file: str
    commit: str | None
    built_at: str | None
    acknowledged: tuple[Acknowledgement, ...] = ()
    base: str | None = None


@dataclass(frozen=True)
class Diff:
    """Everything that a diff says."""

    a: SideInfo
    b: SideInfo
    relations: tuple[RelationDiff, ...]
    downstream: Downstream
    seconds: float

    def with_status(self, *statuses: str) -> tuple[RelationDiff, ...]:
        """The relations that ended so."""
        return tuple(found for found in self.relations if found.status in statuses)
