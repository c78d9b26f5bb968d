"""The kinds of entries: the fields of a class are the columns of its table under lake/ops, and each instance is a row.

To add a column, add a field with a default: tables of older lakes gain it, and their rows hold null. To add a kind, add
a class, and name it in KINDS. A field never changes its type and is never removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.history.entry import Entry as Entry
from sluice.history.kinds_of_code import CommitEntry as CommitEntry
from sluice.history.kinds_of_code import DeploymentEntry as DeploymentEntry
from sluice.history.kinds_of_scores import ScoreDecisionEntry as ScoreDecisionEntry
from sluice.history.kinds_of_scoring import ScoringEntry as ScoringEntry
from sluice.history.kinds_of_streams import StreamEntry as StreamEntry


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


@dataclass(frozen=True, kw_only=True)
class RunEntry(Entry):
    """A command that changed something, or tried to: `sluice run`, or a step on its own; `outcome` is done, failed or refused.

    Steps, checks, profiles and signals of the run have its `run_id`.
    """

    TABLE = "runs"
    run_id: str
    command: str
    environment: str | None
    release_id: str | None
    started_at: datetime
    seconds: float
    outcome: str
    exit_code: int
    detail: str | None
    actor: str
    code_commit: str | None
    is_dirty: bool | None
    sluice_version: str


@dataclass(frozen=True, kw_only=True)
class StepEntry(Entry):
    """A step of a run: ingest, build, audit, publish, and others by the verbs of their commands.

    `invocation_id` is dbt's, or that of the audit: rows of lake/ops/checks have it as their `run_id`.
    """

    TABLE = "steps"
    run_id: str
    step: str
    invocation_id: str | None
    environment: str | None
    release_id: str | None
    started_at: datetime
    seconds: float
    outcome: str
    exit_code: int
    detail: str | None


@dataclass(frozen=True, kw_only=True)
class NodeEntry(Entry):
    """A node of dbt in a build, and how it ended; `status` is dbt's word."""

    TABLE = "nodes"
    run_id: str
    invocation_id: str
    environment: str
    release_id: str | None
    unique_id: str
    kind: str
    name: str
    relation: str | None
    status: str
    started_at: datetime | None
    seconds: float
    failures: int | None


@dataclass(frozen=True, kw_only=True)
class ValueCount:
    """A frequent value and the number of its rows."""

    value: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class ProfileEntry(Entry):
    """What a table, or a column of it, held when a candidate had been built. A table's own row has no `column_name`.

    Values are text, so that every type fits. `quantiles` are the values at 0, 0.1, ... 1 of a number or time (in seconds since
    1970), `frequent` the most frequent values of a column that has few. Of columns with personal data, only counts are kept.
    `parent_release_id` is the release that the candidate was built from.
    """

    TABLE = "profiles"
    run_id: str
    environment: str
    release_id: str
    measured_at: datetime
    relation: str
    column_name: str | None
    data_type: str | None
    row_count: int
    bytes: int | None = None
    newest_at: datetime | None = None
    null_count: int | None = None
    distinct_count: int | None = None
    least: str | None = None
    greatest: str | None = None
    mean: float | None = None
    total: float | None = None
    quantiles: tuple[float, ...] = ()
    frequent: tuple[ValueCount, ...] = ()
    parent_release_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignalEntry(Entry):
    """A point of a control chart that signalled in an audit.

    `metric` is `relation.measure{dimension=value}`; `level` is 1 to look at or 2 beyond the blocking limit; `is_new` says that
    no earlier audit of the environment has judged this point with this value; `blocks` that it stopped the release.
    """

    TABLE = "signals"
    run_id: str
    environment: str
    release_id: str | None
    judged_at: datetime
    metric: str
    relation: str
    measure: str
    dimension: str | None
    point_at: datetime
    value: float
    centre: float | None
    lower: float | None
    upper: float | None
    level: int
    strength: float
    rules: tuple[str, ...]
    severity: str
    owner: str | None
    is_new: bool
    blocks: bool


@dataclass(frozen=True, kw_only=True)
class PhaseEntry(Entry):
    """From `since_at` on, a metric is judged by new points only: somebody said why it changed, or a deployment changed it."""

    TABLE = "phases"
    metric: str
    since_at: datetime
    reason: str
    marked_by: str
    marked_at: datetime


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """Something that a run found wrong: a check of a node, and why in a sentence; `step` is the step that judges it."""

    node: str
    check_name: str
    kind: str
    severity: str
    step: str
    sentence: str
    since_at: datetime


@dataclass(frozen=True, kw_only=True)
class IncidentEntry(Entry):
    """What happened to an incident: it was opened, changed, seen (again), resolved, acknowledged or closed.

    The first four are written by runs and have the findings of that moment, the last two by people and have `by_actor`, `why`
    and, where they know, `bad_from_at`: the time of the first row that is wrong. `name` is what people call the node, `tags`
    are its tags. An incident has the same `incident_id` on every machine; after it was resolved or closed, the next event
    opens it again.
    """

    TABLE = "incidents"
    event_id: str
    incident_id: str
    happened_at: datetime
    event: str
    run_id: str
    environment: str
    node: str
    family: str
    title: str
    severity: str
    owner: str | None
    since_at: datetime
    findings: tuple[FindingRow, ...] = ()
    touches: tuple[str, ...] = ()
    next_step: str | None = None
    link: str | None = None
    release_id: str | None = None
    name: str = ""
    tags: tuple[str, ...] = ()
    by_actor: str | None = None
    why: str | None = None
    bad_from_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AlertEntry(Entry):
    """What happened to an alert, which is one message about an incident to one channel: queued, sent, failed or dropped.

    It is queued, with its `body` (JSON), before it is first tried; until it is sent or dropped, every later command tries again.
    `action` is trigger, update, acknowledge or resolve.
    """

    TABLE = "alerts"
    alert_id: str
    happened_at: datetime
    event: str
    run_id: str
    channel: str
    kind: str
    incident_id: str
    action: str
    due_at: datetime
    attempt: int = 0
    seconds: float | None = None
    detail: str | None = None
    body: str | None = None


@dataclass(frozen=True, kw_only=True)
class SilenceEntry(Entry):
    """A silence that somebody added or ended: what matches its patterns is not sent until `until_at`; null matches all."""

    TABLE = "silences"
    silence_id: str
    happened_at: datetime
    event: str
    environment: str | None
    node: str | None
    check_name: str | None
    owner: str | None
    until_at: datetime
    by_actor: str
    why: str


KINDS: tuple[type[Entry], ...] = (
    BatchEntry,
    RefusalEntry,
    CheckEntry,
    DecisionEntry,
    ReleaseEntry,
    RunEntry,
    StepEntry,
    NodeEntry,
    ProfileEntry,
    CommitEntry,
    DeploymentEntry,
    SignalEntry,
    PhaseEntry,
    IncidentEntry,
    AlertEntry,
    SilenceEntry,
    StreamEntry,
    ScoreDecisionEntry,
    ScoringEntry,
)
