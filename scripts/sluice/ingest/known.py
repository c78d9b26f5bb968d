"""What of the rows that were read is new to the lake, for sources that give the same rows again and again.

Pages of a server overlap, change while they are read, and are read again from before the last value of a cursor. So rows are
compared with the lake by content: each version of a row lands once, however often it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sluice.core.duck import identifier, literal
from sluice.ingest.landing import Work
from sluice.ingest.rows import StagedRows, as_json, columns_sql
from sluice.lake import raw

# SQL of the newest version among the landed rows of a key.
_NEWEST = "(_loaded_at, _position)"


def leave_out_known(work: Work, rows: StagedRows, cursor: str = "") -> StagedRows:
    """The rows that the lake does not have, as landed or in quarantine; their positions have to grow over all files.

    Content tells: of equal rows in one file all are rows of their own, a row that another file repeats is the same one. But a
    row whose cursor is null, or that has none, may go back to what it was before; if the contract has a key, it is compared
    with the version of its key before it instead. The rows are in the temporary tables `fresh` and `fresh_refused`.
    """
    _find_fresh(work, rows, cursor)
    _find_fresh_refused(work, rows)
    good = f"select {columns_sql([*work.contract.names, *rows.new_columns])}, __file, __position from fresh"
    return StagedRows(good, "select * from fresh_refused", rows.new_columns)


def _find_fresh(work: Work, rows: StagedRows, cursor: str) -> None:
    given = _given(work, rows)
    by_key = (f"{identifier(cursor)} is null" if cursor else "true") if work.contract.key else "false"
    work.connection.execute(f"""
        create or replace temp table judged as
        with given as (
            select *, {_digest(list(given), given)} as __content, {_digest(work.contract.key, given)} as __key,
                {by_key} as __alike
            from ({rows.good})
        )
        select *, row_number() over (partition by __file, __content order by __position) as __copy from given
    """)
    _find_landed(work, given, cursor)
    work.connection.execute("""
        create or replace temp table fresh as
        with placed as (
            select *, row_number() over (partition by __content, __copy order by __position) as __first,
                lag(__content) over (partition by __key order by __position) as __latest
            from judged
        )
        select placed.* exclude (__content, __key, __alike, __copy, __first, __latest)
        from placed
        left join landed on placed.__content = landed.content
        left join newest on placed.__key = newest.key
        where case
            when __alike then __content is distinct from coalesce(__latest, newest.content)
            else __first = 1 and __copy > coalesce(landed.n, 0)
        end
        order by __position;
        drop table judged
    """)


def _find_landed(work: Work, given: Mapping[str, str], cursor: str) -> None:
    """Fill `landed` with the content of rows that those in `judged` may equal, `newest` with that of the last one of each key."""
    values = _landed(work, list(given))
    content, key = _digest(list(values), values), _digest(work.contract.key, values)
    column = identifier(cursor)
    window = f"({column} is null or {column} >= (select min({column}) from judged))" if cursor else "true"
    table = f"delta_scan({literal(str(work.table.path))})"
    is_empty = not work.table.open().file_uris()
    source = f"(select * from {table} limit 0)" if is_empty else table
    work.connection.execute(f"""
        create or replace temp table landed as
        select {content} as content, count(*) as n from {source}
        where {window} and content in (select __content from judged where not __alike) group by all;
        create or replace temp table newest as
        select {key} as key, arg_max({content}, {_NEWEST}) as content from {source}
        where {key} in (select __key from judged where __alike) group by all
    """)


def _find_fresh_refused(work: Work, rows: StagedRows) -> None:
    work.connection.execute(f"""
        create or replace temp table fresh_refused as
        with refused as (
            select *, md5(original_text) as __original from ({rows.refused})
        ),
        copied as (
            select *, row_number() over (partition by __file, __original order by __position) as __copy from refused
        ),
        placed as (
            select *, row_number() over (partition by __original, __copy order by __position) as __first from copied
        ),
        quarantined as (
            select md5(original_text) as original, count(*) as n
            from delta_scan({literal(str(work.table.quarantine_path))}) where original_text is not null group by all
        )
        select placed.* exclude (__original, __copy, __first)
        from placed left join quarantined on placed.__original = quarantined.original
        where __first = 1 and __copy > coalesce(quarantined.n, 0) order by __position
    """)


def _given(work: Work, rows: StagedRows) -> dict[str, str]:
    """SQL of every column that the rows or the lake have, as it is in the rows that were read."""
    known = {*work.contract.names, *rows.new_columns}
    further = [name for name in raw.columns(work.table) if name not in known and name not in raw.ORIGIN]
    names = [*work.contract.names, *sorted([*rows.new_columns, *further])]
    return {name: identifier(name) if name in known else "null::varchar" for name in names}


def _landed(work: Work, names: Sequence[str]) -> dict[str, str]:
    """SQL of the same columns in the raw table; what the contract does not promise is text there."""
    present = set(raw.columns(work.table))
    promised = {column.name: f"{identifier(column.name)}::{column.type}" for column in work.contract.columns}
    further = {name: f"{identifier(name)}::varchar" if name in present else "null::varchar" for name in names}
    return {**further, **promised}


def _digest(names: Sequence[str], values: Mapping[str, str]) -> str:
    return f"md5({as_json(names, values)})" if names else "null::varchar"
