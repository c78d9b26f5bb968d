"""Tables of a PostgreSQL server, read onwards from the last value of a cursor column.

How far the cursor was read is a whole number: microseconds since 1970 for times. None means never.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

import duckdb
from pydantic import Field, StrictInt

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers import typed
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.rows import StagedRows, as_json, tally
from sluice.lake import raw

_NUMBERS = {"tinyint", "smallint", "integer", "bigint"}
_TIMES = {"timestamp", "timestamp with time zone", "date"}


@dataclass(frozen=True, kw_only=True)
class PostgresFeed(Feed):
    """A feed of one table of a PostgreSQL server."""

    extensions = ("delta", "postgres_scanner")

    connection: Annotated[str, Field(min_length=1, description="connection string")]
    relation: Annotated[str, Field(min_length=1, description="schema.table")]
    cursor: Annotated[str, Field(min_length=1, description="column that grows with every change: a number or a time")]
    lookback: Annotated[StrictInt, Field(description="seconds (numbers: units) before the last value to read again")] = 0

    @property
    def origin(self) -> str:
        return self.relation

    def ingest(self, work: Work) -> FeedReport:
        delta = work.table.open()
        reached = raw.reached(delta, self.cursor)
        work.tell("reading", 0.3)
        rows, furthest = self._read(work, reached)
        tallies = tally(work.connection, rows)
        if not tallies:
            return FeedReport(self.name)
        if tallies[0].misshapen:
            raise SluiceError(tallies[0].misshapen, where=self.relation)
        identity = hashlib.sha256(f"{self.name}\n{reached}\n{furthest}\n{delta.version()}".encode()).hexdigest()[:20]
        marks = {} if furthest is None else {f"cursor:{self.cursor}": furthest}
        return land(work, Batch(identity, (self.relation,), (identity,), 0, marks), rows, tallies)

    def _read(self, work: Work, reached: int | None) -> tuple[StagedRows, int | None]:
        """Stage the rows that are new since `reached`; how far they reach.

        Rows at the last value itself (and `lookback` before it) are read again, as more may have been committed since, and
        those that are in the lake already are left out.
        """
        self._fetch(work.connection, reached)
        found = typed.describe(work.connection, "fetched")
        kind = self._cursor_type(work, found)
        if reached is not None:
            self._leave_out_known(work, found, self._start(work.connection, kind, reached))
        work.connection.execute(
            "create or replace temp table numbered as select *, rowid + 1 as __position, 0 as __file from fetched"
        )
        fresh = work.contract.unknown(name for name, _ in found)
        good = typed.good_sql(work.contract, found, fresh, "numbered")
        rows = StagedRows(good, typed.refused_sql(work.contract, found, "numbered"), fresh)
        return rows, self._furthest(work.connection, kind, reached)

    def _fetch(self, connection: duckdb.DuckDBPyConnection, reached: int | None) -> None:
        where, column = "true", identifier(self.cursor)
        relation = ".".join(["pg", *(identifier(part) for part in self.relation.split("."))])
        try:
            connection.execute(f"attach {literal(self.connection)} as pg (type postgres, read_only)")
            if reached is not None:
                ((_, kind),) = typed.describe(connection, f"(select {column} from {relation})")
                where = f"{column} >= {self._start(connection, kind.lower(), reached)} or {column} is null"
            connection.execute(f"create or replace temp table fetched as select * from {relation} where {where}")
        except duckdb.Error as error:
            raise SluiceError(
                f"cannot be read: {str(error).splitlines()[0].replace(self.connection, '<connection>')}",
                where=f"PostgreSQL table {self.relation}",
                hint="check `connection`, `relation` and `cursor` in the feeds file",
            ) from None
        finally:
            connection.execute("detach database if exists pg")

    def _start(self, connection: duckdb.DuckDBPyConnection, kind: str, reached: int) -> str:
        """SQL of the value from which rows are read again."""
        if kind in _NUMBERS:
            return str(reached - self.lookback)
        # A literal, which the server can look up in an index.
        row = connection.execute("select make_timestamp($1)::varchar", [reached - self.lookback * 1_000_000]).fetchone()
        assert row is not None
        return f"{literal(str(row[0]))}::{kind}"

    def _cursor_type(self, work: Work, found: typed.Columns) -> str:
        kind = dict(found).get(self.cursor, "").lower()
        if kind not in _NUMBERS | _TIMES:
            raise SluiceError(
                f"the cursor {self.cursor} is {kind or 'not a column'}; it must be a whole number or a time",
                where=f"PostgreSQL table {self.relation}",
            )
        if self.cursor not in work.contract.names:
            raise SluiceError(f"the cursor {self.cursor} is not in the contract {self.name}", hint="promise it there")
        return kind

    def _leave_out_known(self, work: Work, found: typed.Columns, start: str) -> None:
        """Leave out what was read again: rows from `start` that are in the lake, as landed or in quarantine."""
        landed, quarantined = (literal(str(path)) for path in (work.table.path, work.table.quarantine_path))
        values = {name: cast.value for name, cast, _ in typed.casts(work.contract, found)}
        work.connection.execute(f"""
            create or replace temp table fetched as
            select * from fetched
            where md5({as_json(work.contract.names, values)}) not in (
                select md5({as_json(work.contract.names)}) from delta_scan({landed}) where {identifier(self.cursor)} >= {start}
            ) and {as_json([name for name, _ in found])} not in (
                select original_text from delta_scan({quarantined}) where original_text is not null
            )
        """)

    def _furthest(self, connection: duckdb.DuckDBPyConnection, kind: str, reached: int | None) -> int | None:
        column = identifier(self.cursor)
        value = f"epoch_us({column}::timestamp)" if kind in _TIMES else f"{column}::bigint"
        row = connection.execute(f"select greatest(max({value}), $1::bigint) from numbered", [reached]).fetchone()
        return None if row is None or row[0] is None else int(row[0])
