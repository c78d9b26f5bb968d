"""Collections of MongoDB, read onwards from the last value of a cursor field, in batches of bounded size.

A run reads once, in the order of the cursor. The commit of each batch carries how far the cursor was read (see
`cursor`), and the largest value that has landed: documents after that one cannot be in the lake yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

import duckdb
import pyarrow as pa
from pydantic import Field, StrictBool, StrictInt

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.text import plural
from sluice.ingest.connection_string import scrubbed
from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers import changes
from sluice.ingest.readers.json import read_documents
from sluice.ingest.readers.mongodb import bson_lines
from sluice.ingest.readers.mongodb.collection import Collection, opened
from sluice.ingest.readers.mongodb.cursor import CursorKind, kind_of
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.rows import NOTHING, REFUSAL, StagedRows, columns_sql, refused_rows, tally
from sluice.lake import raw
from sluice.lake.contracts import Contract

# What is read again before the last value, for writes that come late: seconds; of a number, units.
LOOKBACK_SECONDS, LOOKBACK_UNITS = 3600, 1000
# A batch ends at this many bytes of documents: the unit of work that a kill costs, and what a run needs of memory.
BATCH_BYTES = 32 << 20
_DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (pymongo gives UTC without a zone)
_UNREADABLE = "not valid BSON, such as a text that is not UTF-8"


@dataclass(frozen=True)
class _Start:
    """From where on documents are read, in the units of the cursor, and what the lake had when the run began.

    `now` is None for numbers, `first` for all documents. `furthest` is the largest value that has landed, None if not known.
    """

    kind: CursorKind
    now: int | None
    reached: int | None
    furthest: int | None
    first: int | None
    was_empty: bool

    def is_late(self, reach: int, seconds: int = 0) -> bool:
        """Whether a value is ahead of the server's clock, by more than this."""
        return self.now is not None and reach > self.now + seconds * (self.kind.per_second or 0)


@dataclass
class _Arrived:
    """Documents of one batch, whose lines are in the temporary table `lines`."""

    batches: list[bytes] = field(default_factory=list)
    reaches: list[int | None] = field(default_factory=list)
    size: int = 0

    @property
    def known(self) -> list[int]:
        """How far the cursor is in each document that has one."""
        return [reach for reach in self.reaches if reach is not None]

    def documents(self) -> list[bytes]:
        """Each document as it was sent."""
        return [document for batch in self.batches for document in bson_lines.split(batch)]


@dataclass(frozen=True, kw_only=True)
class MongodbFeed(Feed):
    """A feed of one collection or view of a server that speaks MongoDB's protocol."""

    connection: Annotated[str, Field(min_length=1, description="connection string, mongodb:// or mongodb+srv://")] = field(
        repr=False
    )
    database: Annotated[
        str | None, Field(min_length=1, description="database of the collection; that of the connection string if not given")
    ] = None
    collection: Annotated[str, Field(min_length=1, description="name of the collection or view")]
    cursor: Annotated[
        str, Field(min_length=1, description="field that grows with every change: a date, a whole number or an ObjectId")
    ]
    lookback: Annotated[
        StrictInt | None,
        Field(ge=0, description="seconds (numbers: units) before the last value to read again; 3600 (1000) if not given"),
    ] = None
    deletes: Annotated[StrictBool, Field(description="compare all keys, and land a row with _deleted for each one gone")] = False
    deletes_limit: Annotated[
        float, Field(ge=0, le=1, description="land no deletions if more than this share of the rows is gone; 1 for any")
    ] = 0.5

    extensions = ("delta",)

    @property
    def origin(self) -> str:
        return f"{bson_lines.ORIGIN}{self.database + '.' if self.database else ''}{self.collection}"

    def shown(self, text: str) -> str:
        return scrubbed(text, self.connection)

    def ingest(self, work: Work) -> FeedReport:
        kind = self._cursor_kind(work.contract)
        self._check_deletes(work.contract)
        report = FeedReport(self.name)
        try:
            with opened(self.connection, self.database, self.collection, self.shown) as collection:
                for more in self._parts(work, collection, kind):
                    report += more
        except SluiceError as error:
            if not report.batches:
                raise
            # What has landed before stays, and is reported beside the error.
            report += FeedReport(self.name, refused=((self.origin, error.what),))
        return report

    def _parts(self, work: Work, collection: Collection, kind: CursorKind) -> Iterator[FeedReport]:
        start = self._start(work, collection, kind)
        if start is not None:
            work.tell("reading", 0.3)
            yield self._advice(collection)
            reached, furthest = start.reached, start.furthest
            first = None if start.first is None else kind.value(start.first)
            for arrived in self._arrivals(work, collection.read(self.cursor, kind.bson_type, first), kind):
                on_time = [reach for reach in arrived.known if not start.is_late(reach)]
                reached, furthest = _largest(reached, on_time), _largest(furthest, arrived.known)
                reach = {f"cursor:{self.cursor}": reached, f"furthest:{self.cursor}": furthest}
                marks = {name: mark for name, mark in reach.items() if mark is not None}
                yield self._land(work, arrived, start, marks)
        if self.deletes:
            yield self._land_deletions(work, collection)

    def _cursor_kind(self, contract: Contract) -> CursorKind:
        if self.cursor not in contract.names:
            raise SluiceError(f"the cursor {self.cursor} is not in the contract {self.name}; promise it there")
        promised = contract.types[self.cursor]
        kind = kind_of(promised.id)
        if kind is None:
            what = f"the cursor {self.cursor} is promised as {promised}".lower()
            raise SluiceError(f"{what}; it must be a timestamp, a date, a number, or varchar for an ObjectId")
        return kind

    def _check_deletes(self, contract: Contract) -> None:
        types = {column.name: column.type.lower() for column in contract.columns}
        if self.deletes and (not contract.key or types.get(changes.DELETED) != "boolean"):
            raise SluiceError(
                f"`deletes` needs a key and a boolean column {changes.DELETED} in the contract {self.name}; add `key` to its"
                f" meta and the column {{name: {changes.DELETED}, data_type: boolean}}"
            )

    def _start(self, work: Work, collection: Collection, kind: CursorKind) -> _Start | None:
        """Where to begin; None for a collection without documents. Raises SluiceError where no document has such a cursor."""
        found = collection.example(self.cursor, kind.bson_type) or collection.example(self.cursor)
        if not found:
            return None
        if kind.reach(found[0]) is None:
            has = "nothing" if found[0] is None else type(found[0]).__name__
            what = f"in no document of {self.origin} is the cursor {self.cursor} {kind.name}"
            raise SluiceError(f"{what}, as the contract promises; one has {has}")
        delta = work.table.open()
        reached = raw.reached(delta, self.cursor)
        back = self.lookback
        if back is None:
            back = LOOKBACK_SECONDS if kind.per_second else LOOKBACK_UNITS
        now = int((collection.now() - _EPOCH).total_seconds() * kind.per_second) if kind.per_second else None
        first = None if reached is None else reached - back * (kind.per_second or 1)
        return _Start(kind, now, reached, raw.furthest(delta, self.cursor), first, changes.is_empty(work))

    def _advice(self, collection: Collection) -> FeedReport:
        if not collection.is_slow_to_sort(self.cursor):
            return FeedReport(self.name)
        advice = (
            f"no index of {self.origin} begins with {self.cursor}, so the server reads and sorts all of it in every run; create"
            f" one: db.{self.collection}.createIndex({{{self.cursor}: 1}})"
        )
        return FeedReport(self.name, warnings=(advice,))

    def _arrivals(self, work: Work, batches: Iterator[bytes], kind: CursorKind) -> Iterator[_Arrived]:
        """The documents in parts of about `BATCH_BYTES`."""
        arrived = _Arrived()
        for batch in batches:
            lines, values = bson_lines.read(batch, self.cursor)
            _add_lines(work.connection, lines, is_first=not arrived.batches)
            arrived.batches.append(batch)
            arrived.reaches += kind.reaches(values)
            arrived.size += len(batch)
            if arrived.size >= BATCH_BYTES:
                yield arrived
                arrived = _Arrived()
        if arrived.reaches:
            yield arrived

    def _land(self, work: Work, arrived: _Arrived, start: _Start, marks: dict[str, int]) -> FeedReport:
        fetched = self._staged(work, arrived)
        window = self._window(arrived, start)
        if window is None:
            changes.take_all(work, fetched)
        else:
            changes.leave_out_known(work, fetched, window)
        good = f"select {columns_sql(list(fetched.values))}, __file, __position from fresh where __refusal is null"
        rows = StagedRows(good, refused_rows("fresh", "__text"), fetched.new)
        warnings = self._warnings(arrived, start)
        return self._committed(work, rows, marks, arrived.size, warnings)

    def _committed(
        self, work: Work, rows: StagedRows, marks: dict[str, int], size: int, warnings: tuple[str, ...] = ()
    ) -> FeedReport:
        tallies = tally(work.connection, rows)
        if not tallies:
            return FeedReport(self.name, warnings=warnings)
        # Documents whose cursor is of another type come together, so that they may be most of a batch.
        if tallies[0].misshapen and not tallies[0].worst.endswith(f" {self.cursor}"):
            raise SluiceError(f"{tallies[0].misshapen}; nothing of this batch is landed", where=self.origin)
        identity = f"{self.name}\n{sorted(marks.items())}\n{work.table.open().version()}"
        digest = hashlib.sha256(identity.encode()).hexdigest()[:20]
        return land(work, Batch(digest, (self.origin,), (digest,), size, marks, warnings=warnings), rows, tallies)

    def _staged(self, work: Work, arrived: _Arrived) -> changes.Fetched:
        """Cast the lines into the table `staged`, and give those that are refused their original text."""
        own = (changes.DELETED,) if self.deletes else ()
        read = replace(work.contract, columns=tuple(column for column in work.contract.columns if column.name not in own))
        rows = read_documents(work.connection, read, raw.columns(work.table), own)
        _show_refused(work.connection, arrived)
        deleted = "".join(f", false as {identifier(name)}" for name in own)
        values = {name: identifier(name) for name in (*work.contract.names, *rows.new_columns)}
        judged = f"select *{deleted} from staged"
        return changes.Fetched(work.contract, judged, values, rows.new_columns, self.cursor, self.deletes)

    def _window(self, arrived: _Arrived, start: _Start) -> str | None:
        """SQL of the landed rows that documents of this batch may equal; None where there can be none."""
        known = arrived.known
        if start.was_empty:
            return None
        if len(known) < len(arrived.reaches):
            return "true"
        if start.furthest is not None and min(known) > start.furthest:
            return None
        return start.kind.window(identifier(self.cursor), min(known), max(known))

    def _warnings(self, arrived: _Arrived, start: _Start) -> tuple[str, ...]:
        ahead = [reach for reach in arrived.known if start.is_late(reach, _DAY_SECONDS)]
        if not ahead:
            return ()
        last = start.kind.value(max(ahead))
        found = f"{plural(len(ahead), 'document')} of {self.origin} with {self.cursor} in the future, up to {last}"
        return (f"{found}: they do not move the cursor and are read again in every run; correct them in the source",)

    def _land_deletions(self, work: Work, collection: Collection) -> FeedReport:
        """Read all keys, and land a tombstone of each one that the lake has and the collection does not."""
        work.tell("looking for deletions", 0.8)
        contract = work.contract
        columns = tuple(replace(column, required=False) for column in contract.columns if column.name in contract.key)
        values = {name: identifier(name) for name in contract.names}
        new = contract.unknown(set(raw.columns(work.table)) - set(raw.ORIGIN))
        values |= {name: identifier(name) for name in new}
        fetched = changes.Fetched(contract, "", values, new, self.cursor, deletes=True)
        work.connection.execute("create or replace temp table present (__key varchar)")
        for batch in collection.keys(contract.key):
            lines, _ = bson_lines.read(batch, self.cursor)
            _add_lines(work.connection, lines, is_first=True)
            read_documents(work.connection, replace(contract, columns=columns), ())
            work.connection.execute(f"insert into present select {fetched.key} from staged")
        gone = changes.find_deleted(work, fetched, self.deletes_limit)
        if gone.doubt:
            return FeedReport(self.name, refused=((self.origin, gone.doubt),))
        good = f"select {columns_sql(list(values))}, __file, __position from tombstones"
        report = self._committed(work, StagedRows(good, NOTHING, new), {}, 0)
        return replace(report, rows_deleted=gone.rows)


def _largest(before: int | None, reaches: Sequence[int]) -> int | None:
    return max([*reaches, *([] if before is None else [before])], default=None)


def _add_lines(connection: duckdb.DuckDBPyConnection, lines: Sequence[str], *, is_first: bool) -> None:
    """Add the lines to the temporary table `lines`."""
    if is_first:
        connection.execute("create or replace temp table lines (line varchar, __file bigint)")
    connection.register("arrived", pa.table({"line": pa.array(lines, pa.large_string())}))
    connection.execute("insert into lines select line, 0 from arrived")
    connection.unregister("arrived")


def _show_refused(connection: duckdb.DuckDBPyConnection, arrived: _Arrived) -> None:
    """Put the extended JSON of refused documents into `staged`, which tells their types."""
    found = connection.execute("select __position from staged where __refusal is not null order by all").fetchall()
    if not found:
        return
    documents, positions = arrived.documents(), [position for (position,) in found]
    texts = [bson_lines.extended(documents[position - 1]) for position in positions]
    connection.register("originals", pa.table({"place": positions, "said": pa.array(texts, pa.large_string())}))
    unreadable = f"struct_pack(reason := 'malformed', column_name := null::varchar, detail := {literal(_UNREADABLE)})::{REFUSAL}"
    connection.execute(f"""
        update staged set __text = said,
            __refusal = case when __refusal.detail = 'not a JSON object' then {unreadable} else __refusal end
        from originals where __position = place
    """)
    connection.unregister("originals")
