"""Tables and views of a PostgreSQL server, read onwards from the last value of a cursor column.

How far the cursor was read is a whole number: microseconds since 1970 for times. None means never. A run reads in one
transaction of the server, so all it sees is of one moment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import Annotated

import duckdb
from pydantic import AfterValidator, Field, StrictBool, StrictInt

from sluice.core.duck import connect, identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.text import plural
from sluice.ingest.casts import Cast
from sluice.ingest.connection_string import mistake, scrubbed, with_defaults
from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers import changes
from sluice.ingest.readers.postgres.columns import SETTINGS, TIMES, WHOLE_NUMBERS, PgColumn, ask, asked, casts, columns_of
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.rows import StagedRows, as_json, columns_sql, refusal, refused_rows, tally
from sluice.lake import raw
from sluice.lake.contracts import Contract

# What is read again before the last value, for transactions that commit late: seconds; of a number, units.
LOOKBACK_SECONDS, LOOKBACK_UNITS = 3600, 1000
# libpq waits without end for a server that does not answer, and for hours for one that has gone.
_PATIENCE = {"connect_timeout": 10, "keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 6}
CANCEL_SECONDS = 10
_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


def _relation(text: str) -> str:
    if not re.fullmatch(rf"(?:{_PART.pattern})(?:\.(?:{_PART.pattern}))?", text):
        raise ValueError('it must be schema.table; put double quotes around a name with a dot in it: public."a.b"')
    return text


@dataclass(frozen=True)
class _Start:
    """From where on rows are read: the server's time, how far the cursor was read, and the value to begin with."""

    now: int
    reached: int | None
    value: int | None
    was_ahead: bool


@dataclass(frozen=True, kw_only=True)
class PostgresFeed(Feed):
    """A feed of one table or view of a PostgreSQL server."""

    extensions = ("delta", "postgres_scanner")

    connection: Annotated[str, Field(min_length=1, description="connection string")] = field(repr=False)
    relation: Annotated[str, AfterValidator(_relation), Field(min_length=1, description="schema.table, of a table or a view")]
    cursor: Annotated[str, Field(min_length=1, description="column that grows with every change: a number or a time")]
    lookback: Annotated[
        StrictInt | None,
        Field(ge=0, description="seconds (numbers: units) before the last value to read again; 3600 (1000) if not given"),
    ] = None
    deletes: Annotated[StrictBool, Field(description="compare all keys, and land a row with _deleted for each one gone")] = False
    deletes_limit: Annotated[
        float, Field(ge=0, le=1, description="land no deletions if more than this share of the rows is gone; 1 for any")
    ] = 0.5

    @property
    def origin(self) -> str:
        return self.relation

    def shown(self, text: str) -> str:
        return scrubbed(text, self.connection)

    def ingest(self, work: Work) -> FeedReport:
        work.tell("reading", 0.3)
        with self._server(work.connection):
            columns = columns_of_table(work.connection, self._name, self.relation)
            kind = self._cursor_kind(work, columns)
            fetched = self._promised(work, columns)
            start = self._start(work, kind)
            self._fetch(work, columns, kind, start)
            if self.deletes:
                self._fetch_keys(work, columns, fetched)
        rows, gone = self._stage(work, fetched, start)
        warnings = self._warnings(work.connection, start)
        refused = ((self.relation, gone.doubt),) if gone.doubt else ()
        tallies = tally(work.connection, rows)
        if not tallies:
            return FeedReport(self.name, refused=refused, warnings=warnings)
        if tallies[0].misshapen:
            raise SluiceError(tallies[0].misshapen, where=self.relation)
        batch = self._batch(work, start, warnings)
        report = land(work, batch, rows, tallies)
        return replace(report, refused=refused, rows_deleted=0 if gone.doubt else gone.rows)

    @property
    def _name(self) -> str:
        """The relation, quoted."""
        return ".".join(identifier(part[0].replace('""', '"') or part[1]) for part in _PART.findall(self.relation))

    @property
    def _where(self) -> str:
        return f"PostgreSQL table {self.relation}"

    def _attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        place = literal(with_defaults(self.connection, _PATIENCE))
        connection.execute(f"attach {place} as pg (type postgres, read_only)")

    def _wait(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        """Run a query that waits for the server. Ctrl-C ends it, which DuckDB does not notice while it reads from a socket."""
        ((server_process,),) = ask(connection, "select pg_backend_pid() as p")
        ended = _in_thread(lambda: connection.execute(query))
        try:
            ended.result()
        except KeyboardInterrupt:
            connection.interrupt()
            with suppress(duckdb.Error), connect(extensions=["postgres_scanner"]) as other:
                self._attach(other)
                ask(other, f"select pg_cancel_backend({server_process}) as was_there")
            with suppress(TimeoutError):
                ended.exception(CANCEL_SECONDS)
            raise

    @contextmanager
    def _server(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """The server, attached as pg, in one transaction whose texts are the same on every server."""
        if wrong := mistake(self.connection):
            raise SluiceError(wrong, where=self._where, hint="correct `connection` in the feeds file")
        try:
            self._attach(connection)
            connection.execute("begin")
            ask(connection, SETTINGS)
            yield
            connection.execute("commit")
        except duckdb.Error as error:
            raise SluiceError(
                f"cannot be read: {self.shown(_reason(str(error)))}",
                where=self._where,
                hint="check `connection`, `relation` and `cursor` in the feeds file",
            ) from None
        finally:
            with suppress(duckdb.Error):  # there is none where it was committed, or not begun
                connection.execute("rollback")
            with suppress(duckdb.Error):
                connection.execute("detach database if exists pg")

    def _cursor_kind(self, work: Work, columns: tuple[PgColumn, ...]) -> str:
        found = {column.name: column for column in columns}.get(self.cursor)
        if found is None or found.base not in WHOLE_NUMBERS | TIMES:
            raise SluiceError(
                f"the cursor {self.cursor} is {found.kind if found else 'not a column'}; it must be a whole number or a time",
                where=self._where,
            )
        if self.cursor not in work.contract.names:
            raise SluiceError(f"the cursor {self.cursor} is not in the contract {self.name}", hint="promise it there")
        return found.base

    def _promised(self, work: Work, columns: tuple[PgColumn, ...]) -> changes.Fetched:
        contract, names = work.contract, [column.name for column in columns]
        if not self.deletes:
            return self._fetched(contract, casts(contract, columns), names)
        types = {column.name: column.type.lower() for column in contract.columns}
        if not contract.key or types.get(changes.DELETED) != "boolean":
            raise SluiceError(
                f"`deletes` needs a key and a boolean column {changes.DELETED} in the contract {self.name}",
                where=self._where,
                hint=f"add `key` to its meta and the column {{name: {changes.DELETED}, data_type: boolean}}",
            )
        if changes.DELETED in names:
            raise SluiceError(f"`deletes` writes {changes.DELETED}, and the table has such a column itself", where=self._where)
        found = casts(contract, (*columns, PgColumn(changes.DELETED, "boolean", "bool", is_nested=False)))
        return self._fetched(contract, found, names)

    def _fetched(self, contract: Contract, found: Sequence[tuple[str, Cast, str]], names: Sequence[str]) -> changes.Fetched:
        """Of the rows in the temporary table `fetched`: why they are refused, and what the refused ones are."""
        new = contract.unknown(names)
        values = {name: cast.value for name, cast, _ in found} | {name: f"{identifier(name)}::varchar" for name in new}
        judged = f"""
            select *, rowid + 1 as __position, 0 as __file, {refusal(contract, found)} as __refusal,
                case when __refusal is not null then {as_json(names)} end as __text
            from fetched
        """
        return changes.Fetched(contract, judged, values, new, self.cursor, self.deletes)

    def _start(self, work: Work, kind: str) -> _Start:
        """Where to begin. A cursor ahead of the server's clock, which an older version wrote, is looked up in the lake."""
        ((now,),) = ask(work.connection, "select (extract(epoch from now()) * 1000000)::bigint as now")
        reached, is_time = raw.reached(work.table.open(), self.cursor), kind in TIMES
        was_ahead = is_time and reached is not None and reached > now
        if was_ahead:
            table, column = literal(str(work.table.path)), f"{identifier(self.cursor)}::timestamp"
            row = work.connection.execute(
                f"select epoch_us(max({column})) from delta_scan({table}) where {column} <= make_timestamp({now})"
            ).fetchone()
            reached = row[0] if row else None
        back = self.lookback if self.lookback is not None else LOOKBACK_SECONDS if is_time else LOOKBACK_UNITS
        value = None if reached is None else reached - back * (1_000_000 if is_time else 1)
        return _Start(now, reached, value, was_ahead)

    def _fetch(self, work: Work, columns: tuple[PgColumn, ...], kind: str, start: _Start) -> None:
        """Make `fetched` of the rows from the start on, and those whose cursor says nothing."""
        types, column = work.contract.types, identifier(self.cursor)
        selected = [f"{one.selected(types.get(one.name))} as {identifier(one.name)}" for one in columns]
        now, where, reaches, ahead = _moment(kind, start.now), "true", f"{column}::bigint", "false"
        if kind in TIMES:
            # A value ahead of the clock does not move the cursor: ordinary ones come after it.
            reaches = (
                f"case when isfinite({column}) and {column} <= {now} then (extract(epoch from {column}) * 1000000)::bigint end"
            )
            ahead = f"coalesce({column} > {now} + interval '1 day', false)"
        if start.value is not None:
            first = _moment(kind, start.value) if kind in TIMES else str(start.value)
            where = f"{column} >= {first} or {column} is null" + (f" or {column} = '-infinity'" if kind in TIMES else "")
        query = f"select {', '.join(selected)}, {reaches} as __cursor, {ahead} as __ahead from {self._name} where {where}"
        deleted = f", false as {identifier(changes.DELETED)}" if self.deletes else ""
        self._wait(
            work.connection,
            f"""
            create or replace temp table fetched as
            select *{deleted} from {asked(query)}
        """,
        )

    def _fetch_keys(self, work: Work, columns: tuple[PgColumn, ...], fetched: changes.Fetched) -> None:
        """Make `present` of the keys of all rows of the table."""
        types, keys = work.contract.types, [column for column in columns if column.name in work.contract.key]
        selected = ", ".join(f"{one.selected(types[one.name])} as {identifier(one.name)}" for one in keys)
        query = asked(f"select {selected} from {self._name}")
        self._wait(work.connection, f"create or replace temp table present as select {fetched.key} as __key from {query}")

    def _stage(self, work: Work, fetched: changes.Fetched, start: _Start) -> tuple[StagedRows, changes.Gone]:
        """The rows that are new, and tombstones of those that are gone."""
        if changes.is_empty(work):
            changes.take_all(work, fetched)
        else:
            changes.leave_out_known(work, fetched, self._window(work, start))
        values = ", ".join(f"{value} as {identifier(name)}" for name, value in fetched.values.items())
        good = f"select {values}, __file, __position from fresh where __refusal is null"
        after = "(select count(*) from fetched)"
        gone = changes.find_deleted(work, fetched, self.deletes_limit, after) if self.deletes else changes.Gone(0, 0, "")
        if gone.rows and not gone.doubt:
            good += f" union all select {columns_sql(list(fetched.values))}, __file, __position from tombstones"
        return StagedRows(good, refused_rows("fresh", "__text"), fetched.new), gone

    def _window(self, work: Work, start: _Start) -> str:
        """SQL of the landed rows that rows read again may equal."""
        target, column = work.contract.types[self.cursor].id, identifier(self.cursor)
        if start.value is None or target not in ("timestamp", "date", "smallint", "integer", "bigint", "decimal"):
            return "true"
        first = f"make_timestamp({start.value})" if target in ("timestamp", "date") else str(start.value)
        return f"{column} >= {first} or {column} is null"

    def _warnings(self, connection: duckdb.DuckDBPyConnection, start: _Start) -> tuple[str, ...]:
        column = identifier(self.cursor)
        row = connection.execute(f"select count(*), max({column})::varchar from fetched where __ahead").fetchone()
        said = []
        if row and row[0]:
            said.append(
                f"{plural(row[0], 'row')} of {self.relation} with a {self.cursor} in the future, up to {row[1]}: they do not move"
                " the cursor and are read again in every run; correct them in the source"
            )
        if start.was_ahead:
            said.append(f"the cursor {self.cursor} was in the future; reading goes on from the newest row in the lake before now")
        return tuple(said)

    def _batch(self, work: Work, start: _Start, warnings: tuple[str, ...]) -> Batch:
        row = work.connection.execute("select greatest(max(__cursor), $1::bigint) from fetched", [start.reached]).fetchone()
        furthest = row[0] if row else None
        version = work.table.open().version()
        identity = hashlib.sha256(f"{self.name}\n{start.reached}\n{furthest}\n{version}".encode()).hexdigest()[:20]
        marks = {} if furthest is None else {f"cursor:{self.cursor}": int(furthest)}
        return Batch(identity, (self.relation,), (identity,), 0, marks, warnings=warnings)


def _in_thread(work: Callable[[], object]) -> Future[object]:
    """What `work` returns or raises, from a thread of its own, so that this one hears Ctrl-C."""
    future: Future[object] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  (it is raised where the result is asked for)
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def columns_of_table(connection: duckdb.DuckDBPyConnection, name: str, relation: str) -> tuple[PgColumn, ...]:
    """The columns of a relation. Raises SluiceError where the server does not show one of that name."""
    columns = columns_of(connection, name)
    if not columns:
        raise SluiceError(
            "the table or view does not exist, or this user may not see it",
            where=f"PostgreSQL table {relation}",
            hint="write `relation` as schema.table, in the case that the server has",
        )
    return columns


def _moment(kind: str, microseconds: int) -> str:
    """SQL of the server for a moment, which an index can find, in the type of a column of times."""
    return f"({'timestamptz' if kind == 'timestamptz' else 'timestamp'} 'epoch' + interval '{microseconds} microseconds')"


def _reason(text: str) -> str:
    """What the server or libpq says, without DuckDB's words around it, in which the connection and the query are."""
    for mark in ("ERROR:", "FATAL:", '": '):
        if mark in text:
            text = text.partition(mark)[2]
            break
    return text.strip().splitlines()[0]
