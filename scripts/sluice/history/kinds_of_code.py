"""The kinds of entries that say which code a release brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.history.entry import Entry


@dataclass(frozen=True, kw_only=True)
class CommitEntry(Entry):
    """A commit that a release was the first to contain in its environment.

    `parents` is the number of its parents; `incidents` are the ids after `Incident:` in its message, `reverts` the commit that
    its message says it reverts. Null: an older version has written the row.
    """

    TABLE = "commits"
    run_id: str
    environment: str
    release_id: str
    code_commit: str
    author: str
    authored_at: datetime
    committed_at: datetime
    subject: str
    pull_request: int | None
    parents: int | None = None
    incidents: tuple[str, ...] | None = None
    reverts: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeploymentEntry(Entry):
    """What of the code a publish or a promotion brought to an environment, beside the release that it pointed to before.

    `changed` are dbt's ids of the models, seeds and snapshots that differ, as far as it can change rows; null: not known.
    """

    TABLE = "deployments"
    run_id: str
    environment: str
    release_id: str
    from_release_id: str | None
    code_commit: str | None
    from_code_commit: str | None
    changed: tuple[str, ...] | None
