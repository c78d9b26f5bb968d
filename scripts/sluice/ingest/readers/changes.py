"""What of a table or collection is new to the lake: rows read again are left out, rows that are gone become tombstones.

The rows that were read are judged by SQL of the reader, with __position, __file, __refusal and, of refused rows, __text. Those
to land are put in the temporary table `fresh`, and the images of rows that are gone in `tombstones`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sluice.core.duck import identifier, literal
from sluice.ingest.landing import Work
from sluice.ingest.rows import as_json
from sluice.lake import raw
from sluice.lake.contracts import Contract

DELETED = "_deleted"
# A run that would mark this many rows, or all because it saw none, has probably not seen the table.
DOUBTFUL_ROWS = 10
# SQL of the newest version among the rows of a key.
_NEWEST = "(_loaded_at, _position)"


@dataclass(frozen=True)
class Fetched:
    """What was read: SQL of the rows, judged; SQL of every column as it lands; names of those that are not promised."""

    contract: Contract
    judged: str
    values: Mapping[str, str]
    new: tuple[str, ...]
    cursor: str
    deletes: bool

    @property
    def key(self) -> str:
        """SQL of a row's key; null without one."""
        return _digest(self.contract.key, self.values)


def _digest(names: Sequence[str], values: Mapping[str, str]) -> str:
    return f"md5({as_json(names, values)})" if names else "null::varchar"


def is_empty(work: Work) -> bool:
    """Whether the raw table and its quarantine have no rows, so that nothing can be known."""
    return not work.table.open().file_uris() and not raw.quarantine_of(work.table).file_uris()


def take_all(work: Work, fetched: Fetched) -> None:
    """Make `fresh` of all rows that were read."""
    work.connection.execute(f"create or replace temp table fresh as {fetched.judged}")


def leave_out_known(work: Work, fetched: Fetched, window: str) -> None:
    """Make `fresh` of the rows that are not in the lake yet, as landed or in quarantine.

    Versions are compared by content, and counted, as a log without a key may hold equal rows: of three equal rows, two of
    which have landed, one is new. `window` is SQL of the landed rows that they may equal. The content of a row whose cursor
    is null (and of any row, where deletes are read) is compared with the newest version of its key instead: it may have
    been something else in between.
    """
    landed = _landed_values(work, fetched)
    by_key = "true" if fetched.deletes else f"{identifier(fetched.cursor)} is null"
    by_key = f"({by_key})" if fetched.contract.key else "false"
    table = f"delta_scan({literal(str(work.table.path))})"
    content, key = _digest(list(fetched.values), landed), _digest(fetched.contract.key, landed)
    work.connection.execute(f"""
        create or replace temp table judged as
        select *, {fetched.key} as __key, {_digest(list(fetched.values), fetched.values)} as __content,
            md5(__text) as __original
        from ({fetched.judged});
        create or replace temp table landed as
        select {content} as content, count(*) as n from {table} where {window} group by all;
        create or replace temp table quarantined as
        select md5(original_text) as original, count(*) as n
        from delta_scan({literal(str(work.table.quarantine_path))}) where original_text is not null group by all;
        create or replace temp table newest as
        select {key} as key, arg_max({content}, {_NEWEST}) as content
        from {table} where {key} in (select __key from judged where {by_key}) group by all;
        create or replace temp table fresh as
        with counted as (
            select *, count(*) over (partition by __key) = 1 and {by_key} as __alike,
                row_number() over (partition by __refusal is null, if(__refusal is null, __content, __original)) as __copy
            from judged
        )
        select counted.* exclude (__key, __content, __original, __copy, __alike)
        from counted
        left join landed on counted.__content = landed.content
        left join newest on counted.__key = newest.key
        left join quarantined on counted.__original = quarantined.original
        where case
            when __refusal is not null then __copy > coalesce(quarantined.n, 0)
            when __alike then newest.content is distinct from __content and quarantined.n is null
            else __copy > coalesce(landed.n, 0) + coalesce(quarantined.n, 0)
        end
        order by __position;
        drop table judged
    """)


def _landed_values(work: Work, fetched: Fetched) -> dict[str, str]:
    """SQL of the same columns in the raw table, as `Fetched.values` gives them."""
    present = {field.name for field in work.table.open().schema().fields}
    promised = {column.name: f"{identifier(column.name)}::{column.type}" for column in work.contract.columns}
    if fetched.deletes:
        promised[DELETED] = f"coalesce({identifier(DELETED)}, false)"
    new = {name: f"{identifier(name)}::varchar" if name in present else "null::varchar" for name in fetched.new}
    return promised | new


@dataclass(frozen=True)
class Gone:
    """How many rows of the lake are no longer in the table, of how many; `doubt` says why they are not marked."""

    rows: int
    of: int
    doubt: str


def find_deleted(work: Work, fetched: Fetched, limit: float, after: str = "0") -> Gone:
    """Make `tombstones` of the newest versions of the keys that are in the lake and not in the table `present` (of __key).

    Their positions come after that of the SQL `after`.
    """
    landed = _landed_values(work, fetched)
    key = _digest(fetched.contract.key, landed)
    image = ", ".join(f"{'true' if name == DELETED else value} as {identifier(name)}" for name, value in landed.items())
    table = f"delta_scan({literal(str(work.table.path))})"
    work.connection.execute(f"""
        create or replace temp table living as
        select key from (
            select {key} as key, arg_max({landed[DELETED]}, {_NEWEST}) as is_deleted from {table} group by all
        ) where not is_deleted;
        create or replace temp table gone as select key from living where key not in (select __key from present);
        create or replace temp table tombstones as
        select {image}, {after} + row_number() over () as __position, 0 as __file
        from (
            select * from {table} where {key} in (select key from gone)
            qualify row_number() over (partition by {key} order by _loaded_at desc, _position desc) = 1
        )
    """)
    gone, living, present = _counts(work.connection)
    return Gone(gone, living, _doubt(gone, living, present, limit, work.contract.name))


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    row = connection.execute(
        "select (select count(*) from gone), (select count(*) from living), (select count(*) from present)"
    ).fetchone()
    assert row is not None
    return row


def _doubt(gone: int, living: int, present: int, limit: float, name: str) -> str:
    is_doubtful = gone >= DOUBTFUL_ROWS and gone > limit * living
    if limit >= 1 or not (is_doubtful or (gone and not present)):
        return ""
    return (
        f"{gone:,} of the {living:,} rows of {name} in the lake are no longer in the table, which has {present:,}: no deletion"
        " is landed. If that is right, run it once with `deletes_limit: 1`"
    )
