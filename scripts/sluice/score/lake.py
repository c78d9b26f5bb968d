"""Scores in the lake: each commit holds scores, the messages that have none, and how far the topic was read.

So after a kill the scores of a message are there once, whatever was scored and not committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from sluice.core.duck import connect, identifier, literal, parse_type
from sluice.core.errors import SluiceError
from sluice.core.progress import silent
from sluice.history import ledger
from sluice.history.entry import Entry
from sluice.ingest.casts import fields
from sluice.ingest.landing import Batch, Work, land, write_streamed_records
from sluice.ingest.readers.kafka.topic import TopicSettings
from sluice.ingest.rows import StagedRows, Tally, tally
from sluice.lake import raw
from sluice.lake.compaction import compact
from sluice.lake.contracts import Contract
from sluice.lake.lock import streaming, writing
from sluice.lake.opening import damaged
from sluice.score.messages import Refused
from sluice.score.serving import Score
from sluice.score.topic import vars_of

_REASON = pa.struct([("feature", pa.string()), ("words", pa.string()), ("value", pa.float64()), ("contribution", pa.float64())])
_TIME = pa.timestamp("us")
_PATIENCE = 60.0
# Batches after which their files are made one.
COMPACTED_EVERY = 50
# Columns that a table of scores may have, beside the key and the time of what is scored.
_KNOWN: Mapping[str, pa.DataType] = {
    "scored_at": _TIME, "produced_at": _TIME, "model": pa.string(), "model_version": pa.string(), "release_id": pa.string(),
    "role": pa.string(), "score": pa.float64(), "threshold": pa.float64(), "is_alert": pa.bool_(), "origin": pa.string(),
    "reasons": pa.list_(_REASON), "topic": pa.string(), "topic_partition": pa.int64(), "topic_offset": pa.int64(),
}  # fmt: skip


@dataclass
class Pending:
    """What was scored and is not in the lake: scores with the time at which each was made, refusals, and the next offsets."""

    scores: list[tuple[int, Score]] = attribute(default_factory=list)
    refused: list[Refused] = attribute(default_factory=list)
    nexts: dict[int, int] = attribute(default_factory=dict)


class ScoreTable:
    """The raw table that scores land in. `reached` is how far each partition is scored, as the lake says."""

    def __init__(self, contract: Contract, lake: Path, topic: TopicSettings, key: str, at: str, run_id: str) -> None:
        """Make the table ready. Raises SluiceError where its contract has a column that a score does not."""
        self._known = {key: pa.string(), at: _TIME, **_KNOWN}
        strange = [name for name in contract.names if name not in self._known]
        if strange:
            what = f"a score has no {', '.join(strange)}"
            raise SluiceError(what, where=f"source {contract.name}", hint=f"a table of scores may have: {', '.join(self._known)}")
        self._table, self._topic, self._key, self._at, self._run_id = raw.RawTable(contract, lake), topic, key, at, run_id
        with writing(lake, _PATIENCE):
            raw.ensure(self._table)
            self._table.incoming.mkdir(parents=True, exist_ok=True)
            raw.undo_half_batch(self._table)
        self.reached: dict[int, int] = {}
        self._compacted = self._table.open().transaction_version(raw.STREAM) or 0

    def read_marks(self, partitions: Sequence[int]) -> dict[int, int]:
        """How far each partition is scored; one that never was is not among them."""
        delta = self._table.open()
        marks = {partition: delta.transaction_version(self._topic.mark(partition)) for partition in partitions}
        self.reached = {partition: mark for partition, mark in marks.items() if mark is not None}
        return dict(self.reached)

    def scored_since(self, model: str, since: int) -> dict[str, int]:
        """The time of everything that a model has scored since a time, by key: all that lies in the lake."""
        table = f"delta_scan({literal(str(self._table.path))})"
        columns = f"{identifier(self._key)}, epoch_us({identifier(self._at)})"
        condition = f"model = $model and {identifier(self._at)} >= make_timestamp($since)"
        with connect(extensions=["delta"]) as connection:
            found = connection.execute(f"select {columns} from {table} where {condition}", {"model": model, "since": since})
            return dict(found.fetchall())

    def commit(self, pending: Pending, patience: float = 1.0) -> bool:
        """Commit what is pending; False where another command holds the lake for longer than that.

        Raises OutrunError (of `sluice.lake.raw`) where another process has committed scores of these messages, and SluiceError
        where the table cannot be written.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(streaming(self._table.lake, patience))
            except SluiceError:
                return False
            try:
                self._commit(pending)
            except DeltaError as error:
                raise damaged(error, self._table.path) from error
        return True

    def record(self, entry: Entry) -> None:
        """Append an entry and the records of the batches to lake/ops, and make small files one.

        What fails here, the next one does. Raises SluiceError where the lake is held by another command, or cannot be written.
        """
        with streaming(self._table.lake, _PATIENCE):
            write_streamed_records(self._table)
            ledger.append(self._table.lake, [entry])
            number = self._table.open().transaction_version(raw.STREAM) or 0
            if number - self._compacted >= COMPACTED_EVERY:
                compact(self._table)
                self._compacted = number

    def _commit(self, pending: Pending) -> None:
        partitions = sorted(pending.nexts)
        places = {partition: place for place, partition in enumerate(partitions)}
        delta = self._table.open()
        number = delta.transaction_version(raw.STREAM)
        with connect() as connection:
            connection.register("scores", self._scores(pending, places))
            connection.register("refusals", _refusals(pending, places))
            rows = self._staged()
            tallies: list[Tally] = tally(connection, rows)
            work = Work(self._table, connection, self._run_id, silent)
            land(work, self._batch(pending, partitions, number), rows, tallies)
        self.reached |= pending.nexts

    def _batch(self, pending: Pending, partitions: Sequence[int], number: int | None) -> Batch:
        marks = {self._topic.mark(partition): pending.nexts[partition] for partition in partitions}
        expected = {self._topic.mark(partition): self.reached.get(partition) for partition in partitions}
        starts = {partition: self.reached.get(partition, 0) for partition in partitions}
        return Batch(
            raw.streamed_batch(self._table.contract.name, (number or 0) + 1),
            tuple(f"{self._topic.topic}/{partition}" for partition in partitions),
            tuple(f"{starts[partition]}-{pending.nexts[partition]}" for partition in partitions),
            0,
            {**marks, raw.STREAM: (number or 0) + 1},
            expected={**expected, raw.STREAM: number},
        )

    def _staged(self) -> StagedRows:
        columns = []
        for column in self._table.contract.columns:
            columns.append(f"{_value(column.name, column.type)} as {identifier(column.name)}")
        good = f"select {', '.join(columns)}, __file, __position from scores"
        refused = "select __file, __position, reason, column_name, detail, original_text from refusals"
        return StagedRows(good, refused, ())

    def _scores(self, pending: Pending, places: Mapping[int, int]) -> pa.Table:
        rows = [self._row(scored_at, score) for scored_at, score in pending.scores]
        columns = {name: pa.array([row[name] for row in rows], kind) for name, kind in self._known.items()}
        return pa.table(
            {
                **columns,
                "__file": pa.array([places[score.partition] for _, score in pending.scores], pa.int64()),
                "__position": pa.array([score.offset for _, score in pending.scores], pa.int64()),
            }
        )

    def _row(self, scored_at: int, score: Score) -> dict[str, Any]:
        return {
            self._key: score.key,
            self._at: score.at,
            "scored_at": scored_at,
            "produced_at": score.produced_at,
            "model": score.model,
            "model_version": score.version,
            "release_id": score.release_id,
            "role": score.role,
            "score": score.score,
            "threshold": score.threshold,
            "is_alert": score.is_alert,
            "origin": "live",
            "reasons": [vars_of(reason) for reason in score.reasons],
            "topic": self._topic.topic,
            "topic_partition": score.partition,
            "topic_offset": score.offset,
        }


def landed(table: raw.RawTable, topic: TopicSettings, partitions: Sequence[int], version: int | None = None) -> dict[int, int]:
    """How far each partition is in the raw table of the events, now or at a version; empty where the topic does not land."""
    try:
        delta = DeltaTable(str(table.path), version=version)
    except TableNotFoundError:
        return {}
    marks = {partition: delta.transaction_version(topic.mark(partition)) for partition in partitions}
    return {partition: mark for partition, mark in marks.items() if mark is not None}


def _refusals(pending: Pending, places: Mapping[int, int]) -> pa.Table:
    found = pending.refused
    return pa.table(
        {
            "__file": pa.array([places[one.message.partition] for one in found], pa.int64()),
            "__position": pa.array([one.message.offset for one in found], pa.int64()),
            "reason": pa.array([one.reason for one in found], pa.string()),
            "column_name": pa.array([one.column for one in found], pa.string()),
            "detail": pa.array([one.detail for one in found], pa.string()),
            "original_text": pa.array([one.message.line for one in found], pa.string()),
        }
    )


def _value(name: str, kind: str) -> str:
    """SQL of a column of a score, as the contract's type."""
    if name != "reasons":
        return f"{identifier(name)}::{kind}"
    target = parse_type(kind)
    if target.id != "list":
        return f"to_json(reasons)::{kind}"
    ((_, inside),) = fields(target)
    packed = ", ".join(f"{identifier(name)} := r.{identifier(name)}" for name, _ in fields(inside))
    return f"list_transform(reasons, lambda r: struct_pack({packed}))::{kind}"
