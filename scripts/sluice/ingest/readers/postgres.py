"""Tables of a PostgreSQL server, read onwards from the last value of a cursor column."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.ingest.feeds import Feed
from sluice.ingest.parquet_reader import Columns, new_columns, refused_sql, typed_casts
from sluice.ingest.rows import StagedRows, refusal
from sluice.lake.contracts import Contract

_NUMBERS = {"tinyint", "smallint", "integer", "bigint"}
_TIMES = {"timestamp", "timestamp with time zone", "date"}


@dataclass(frozen=True)
class Reach:
    """How far a cursor has been read: its value as a whole number (microseconds since 1970 for times), None for never."""

    position: int | None


def read(
    connection: duckdb.DuckDBPyConnection, contract: Contract, feed: Feed, reach: Reach, raw: Path, held: Path
) -> StagedRows:
    """Stage the rows that are new since `reach` and give them; `raw` and `held` are the lake's tables of the feed.

    Rows at the last value itself (and `lookback` before it) are read again, as more may have been committed since, and
    those that are in the lake already are left out. Raises SluiceError where the server or the table cannot be read.
    """
    _stage(connection, feed, reach)
    found = _shape(connection)
    _check_cursor(contract, feed, found)
    _drop_known(connection, contract, feed, found, reach, raw, held)
    connection.execute("create or replace temp table numbered as select *, rowid + 1 as __position, 0 as __file from fetched")
    fresh = new_columns(contract, [found])
    casts = typed_casts(contract, found)
    values = [f"{cast.value} as {identifier(name)}" for name, cast, _ in casts]
    values += [f"{identifier(name)}::varchar as {identifier(name)}" for name in fresh]
    good = f"""
        select {", ".join(values)}, __file, __position from numbered
        where ({refusal(contract, casts)}) is null
    """
    return StagedRows(good, refused_sql(contract, found, "numbered"), fresh)


def furthest(connection: duckdb.DuckDBPyConnection, feed: Feed) -> int | None:
    """The greatest cursor value among the staged rows, as `Reach` counts; None where there are none."""
    column, kind = identifier(feed.cursor), dict(_shape(connection))[feed.cursor].lower()
    value = f"epoch_us({column}::timestamp)" if kind in _TIMES else f"{column}::bigint"
    row = connection.execute(f"select max({value}) from numbered").fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _stage(connection: duckdb.DuckDBPyConnection, feed: Feed, reach: Reach) -> None:
    where = "true"
    try:
        connection.execute(f"attach {literal(feed.connection)} as pg (type postgres, read_only)")
        if reach.position is not None:
            where = f"{_from(connection, feed, reach.position)} or {identifier(feed.cursor)} is null"
        connection.execute(f"create or replace temp table fetched as select * from {_relation(feed)} where {where}")
    except duckdb.Error as error:
        raise SluiceError(
            f"cannot be read: {_without_secret(str(error).splitlines()[0], feed)}",
            where=f"PostgreSQL table {feed.relation}",
            hint="check `connection`, `relation` and `cursor` in the feeds file",
        ) from None
    finally:
        connection.execute("detach database if exists pg")


def _relation(feed: Feed) -> str:
    return ".".join(["pg", *(identifier(part) for part in feed.relation.split("."))])


def _without_secret(message: str, feed: Feed) -> str:
    return message.replace(feed.connection, "<connection>")


def _from(connection: duckdb.DuckDBPyConnection, feed: Feed, position: int) -> str:
    """SQL of the condition that keeps rows at or after the last value less the lookback."""
    column = identifier(feed.cursor)
    found = connection.execute(f"describe select {column} from {_relation(feed)}").fetchall()
    kind = str(found[0][1]).lower()
    if kind in _NUMBERS:
        return f"{column} >= {position - feed.lookback}"
    row = connection.execute("select make_timestamp($1)::varchar", [position - feed.lookback * 1_000_000]).fetchone()
    assert row is not None
    return f"{column} >= {literal(str(row[0]))}::{kind}"


def _shape(connection: duckdb.DuckDBPyConnection) -> Columns:
    return tuple((str(name), str(kind)) for name, kind, *_ in connection.execute("describe fetched").fetchall())


def _check_cursor(contract: Contract, feed: Feed, found: Columns) -> None:
    kind = dict(found).get(feed.cursor, "").lower()
    if kind not in _NUMBERS | _TIMES:
        raise SluiceError(
            f"the cursor {feed.cursor} is {kind or 'not a column'}; it must be a whole number or a time",
            where=f"PostgreSQL table {feed.relation}",
        )
    if contract.column(feed.cursor) is None:
        raise SluiceError(f"the cursor {feed.cursor} is not in the contract {contract.name}", hint="promise it there")


def _drop_known(
    connection: duckdb.DuckDBPyConnection, contract: Contract, feed: Feed, found: Columns, reach: Reach, raw: Path, held: Path
) -> None:
    """Leave out what was read again: rows that are in the lake, as landed or in quarantine, to the last value."""
    if reach.position is None:
        return
    names = [column.name for column in contract.columns]
    casts = {name: cast.value for name, cast, _ in typed_casts(contract, found)}
    image = ", ".join(f"{identifier(name)} := {casts[name]}" for name in names)
    known = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in names)
    packed = ", ".join(f"{identifier(name)} := {identifier(name)}" for name, _ in found)
    start = f"make_timestamp({reach.position - feed.lookback * 1_000_000})"
    kind = dict(found)[feed.cursor].lower()
    since = f"{identifier(feed.cursor)} >= " + (start if kind in _TIMES else str(reach.position - feed.lookback))
    connection.execute(f"""
        create or replace temp table fetched as
        select * from fetched
        where md5(to_json(struct_pack({image}))::varchar) not in (
            select md5(to_json(struct_pack({known}))::varchar) from delta_scan({literal(str(raw))}) where {since}
        ) and to_json(struct_pack({packed}))::varchar not in (
            select original_text from delta_scan({literal(str(held))}) where original_text is not null
        )
    """)
