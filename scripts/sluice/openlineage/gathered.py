"""What a command has left in the lake and in dbt's artifacts: everything that its events are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from sluice.core import dbt
from sluice.core.duck import connect
from sluice.environments.resolve import locate_if_any
from sluice.history import ledger
from sluice.history.kinds import BatchEntry, CheckEntry, Entry, RefusalEntry, ReleaseEntry, RunEntry, StepEntry
from sluice.store.record import Record

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Artifacts:
    """What dbt has left of what a step worked on; `record` where that is a release or candidate.

    `compiled` is the SQL of models by unique id where incremental ones do not read themselves.
    """

    manifest: Mapping[str, Any]
    results: Mapping[str, Any] | None = None
    record: Record | None = None
    compiled: Mapping[str, str] | None = None

    @property
    def invocation_id(self) -> str | None:
        """Which invocation of dbt the results are of."""
        return self.results["metadata"]["invocation_id"] if self.results else None


@dataclass(frozen=True)
class Left:
    """What a command has left; `artifacts` has those of each step by its place in `steps`, `moves` what was published when."""

    runs: Sequence[RunEntry] = ()
    steps: Sequence[StepEntry] = ()
    batches: Sequence[BatchEntry] = ()
    refusals: Sequence[RefusalEntry] = ()
    checks: Sequence[CheckEntry] = ()
    moves: Sequence[ReleaseEntry] = ()
    artifacts: Mapping[int, Artifacts] = field(default_factory=dict)

    def command_of(self, step: StepEntry) -> RunEntry | None:
        """The command that a step was a part of."""
        return next((one for one in reversed(self.runs) if one.started_at <= step.started_at), None)


def left_by(lake: Path, run: str, since: datetime) -> Left:
    """What the command that began at `since`, with this run id, has left. Raises SluiceError for a damaged table."""
    with _opened(lake) as found:
        mine = {"run": run, "since": since}
        steps = found.rows(StepEntry, "where run_id = $run and started_at >= $since order by started_at", mine)
        if not steps:
            return Left()
        invocations = [one.invocation_id for one in steps if one.invocation_id]
        releases = list({one.release_id for one in steps if one.release_id})
        return Left(
            found.rows(RunEntry, "where run_id = $run and started_at >= $since order by started_at", mine),
            steps,
            found.rows(BatchEntry, "where run_id = $run and loaded_at >= $since order by loaded_at", mine),
            found.rows(RefusalEntry, "where run_id = $run and refused_at >= $since order by refused_at", mine),
            found.rows(CheckEntry, "where list_contains($ids, run_id) order by model, check_name", {"ids": invocations}),
            found.rows(
                ReleaseEntry, "where outcome = 'done' and list_contains($ids, release_id) order by tried_at", {"ids": releases}
            ),
            {number: one for number, step in enumerate(steps) if (one := _artifacts(step)) is not None},
        )


@dataclass(frozen=True)
class _Lake:
    path: Path
    connection: duckdb.DuckDBPyConnection

    def rows(self, kind: type[E], rest: str, values: Mapping[str, Any]) -> list[E]:
        """The rows of a table of the history, as far as events need them."""
        names = [one.name for one in fields(kind)]
        found = self.connection.execute(f"select {', '.join(names)} from ({ledger.query(self.path, kind)}) {rest}", dict(values))
        return [kind(**dict(zip(names, row, strict=True))) for row in found.fetchall()]


@contextmanager
def _opened(lake: Path) -> Iterator[_Lake]:
    with connect(extensions=["delta"]) as connection:
        yield _Lake(lake, connection)


def _artifacts(step: StepEntry) -> Artifacts | None:
    """Those of the release or environment that a step worked on; None where they are not there, or cannot be read."""
    name = step.release_id or step.environment
    located = locate_if_any(name) if name else None
    folder = located.artifacts if located else None
    manifest = dbt.artifact_if_any(folder, "manifest.json") if folder else None
    if located is None or folder is None or manifest is None:
        return None
    return Artifacts(
        manifest, dbt.artifact_if_any(folder, "run_results.json"), located.record, dbt.artifact_if_any(folder, "compiled.json")
    )
