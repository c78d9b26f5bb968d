"""CSV: DuckDB's own reader parses and casts, keeps what it cannot read, and SQL refuses what it would round away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import duckdb

from sluice.core.duck import identifier, listing, literal, parse_type
from sluice.core.errors import SluiceError
from sluice.ingest.casts import cast_read, csv_reader_type
from sluice.ingest.feeds import Feed
from sluice.ingest.files import Delivery, header
from sluice.ingest.rows import FilesRefusedError, StagedRows, check_new_names, columns_sql, refusal
from sluice.lake.contracts import Contract

_REJECTED = "__file bigint, __position bigint, reason varchar, column_name varchar, detail varchar, original_text varchar"
# Reads a file as plain lines: the separator is a control character, and nothing quotes.
LINES = "columns = {'line': 'varchar'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false"


def shape(contract: Contract, feed: Feed, file: Delivery) -> tuple[str, ...]:
    """The file's column names, in its order. Raises SluiceError where they break the contract."""
    names = header(file.readable, feed)
    if not names:
        raise SluiceError("the file is empty: it has not even a header")
    lowered = [name.strip().lower() for name in names]
    doubled = sorted({name for name in lowered if lowered.count(name) > 1})
    if doubled:
        raise SluiceError(f"the header names {', '.join(doubled)} twice")
    if "" in lowered:
        raise SluiceError(f"column {lowered.index('') + 1} of the header has no name")
    missing = [column.name for column in contract.columns if column.name.lower() not in lowered]
    if missing:
        raise SluiceError(
            f"columns that the contract promises are missing: {', '.join(missing)}; the file has {', '.join(names)}"
        )
    promised = {column.name.lower(): column.name for column in contract.columns}
    check_new_names(contract, [name for name in lowered if name not in promised])
    return tuple(promised.get(name, name) for name in lowered)


def read(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    feed: Feed,
    files: Sequence[Delivery],
    shapes: Mapping[str, tuple[str, ...]],
) -> StagedRows:
    """Stage the files in temporary tables and give their rows.

    Files with the same header must stand together in `files`; `shapes` holds each file's header by label.
    Raises FilesRefusedError for files whose text cannot be told apart into records.
    """
    new_columns = _new_columns(contract, shapes)
    _stage(connection, contract, feed, files, shapes, new_columns, exact=False)
    if _needs_exact(connection, contract):
        _stage(connection, contract, feed, files, shapes, new_columns, exact=True)
    _refuse_unreadable(connection, files)
    _collect_refused(connection, files)
    columns = columns_sql([*(column.name for column in contract.columns), *new_columns])
    good = f"select {columns}, __file, __position from ({_positions(connection, columns)}) where __refusal is null"
    return StagedRows(good, "select * from refused", new_columns)


def _new_columns(contract: Contract, shapes: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    promised = {column.name for column in contract.columns}
    return tuple(sorted({name for names in shapes.values() for name in names} - promised))


def _stage(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    feed: Feed,
    files: Sequence[Delivery],
    shapes: Mapping[str, tuple[str, ...]],
    new_columns: Sequence[str],
    *,
    exact: bool,
) -> None:
    typed = [f"{identifier(column.name)} {column.type}" for column in contract.columns]
    typed += [f"{identifier(name)} varchar" for name in new_columns]
    connection.execute(
        f"create or replace temp table staged ({', '.join(typed)}, __file bigint,"
        " __refusal struct(reason varchar, column_name varchar, detail varchar), __rendered varchar)"
    )
    connection.execute(f"create or replace temp table rejected ({_REJECTED})")
    start = 0
    for names, group in groupby(files, key=lambda file: shapes[file.label]):
        members = list(group)
        connection.execute(_insert(contract, feed, members, names, start, exact=exact))
        _keep_rejects(connection, members, start)
        start += len(members)


def _insert(contract: Contract, feed: Feed, files: Sequence[Delivery], names: Sequence[str], start: int, *, exact: bool) -> str:
    types = {column.name: parse_type(column.type, contract.name) for column in contract.columns}
    reader = {name: csv_reader_type(types[name], exact=exact) if name in types else "varchar" for name in names}
    casts = [(name, cast_read(identifier(name), types[name], exact=exact), identifier(name)) for name in types]
    values = [f"{cast.value} as {identifier(name)}" for name, cast, _ in casts]
    values += [identifier(name) for name in names if name not in types]
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in reader.items())
    reason = refusal(contract, casts)
    delivered = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in names)
    return f"""
        insert into staged by name
        select {", ".join(values)}, file_index + {start} as __file, {reason} as __refusal,
            case when ({reason}) is not null then to_json(struct_pack({delivered}))::varchar end as __rendered
        from read_csv({listing([str(file.readable) for file in files])}, columns = {{{columns}}}, header = true,
            auto_detect = false, delim = {literal(feed.delimiter)}, quote = {literal(feed.quote)},
            escape = {literal(feed.quote)}, nullstr = {listing(feed.null_text)}, store_rejects = true)
    """


def _keep_rejects(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], start: int) -> None:
    """Move what the reader rejected to `rejected`, once per record, and forget the reader's own tables."""
    paths = listing([str(file.readable) for file in files])
    connection.execute(f"""
        insert into rejected
        select list_position({paths}, scan.file_path) - 1 + {start}, error.line - 1,
            case when error.error_type = 'CAST' then 'wrong_type' else 'malformed' end,
            case when error.error_type = 'CAST' then error.column_name end,
            case error.error_type when 'INVALID ENCODING' then 'not_utf8' when 'UNQUOTED VALUE' then 'open_quote' else '' end
                || error.error_message,
            trim(error.csv_line, chr(10) || chr(13))
        from reject_errors as error
        inner join reject_scans as scan on error.scan_id = scan.scan_id and error.file_id = scan.file_id
        qualify row_number() over (partition by scan.file_path, error.line order by error.column_idx) = 1
    """)
    connection.execute("drop table reject_errors; drop table reject_scans")


def _needs_exact(connection: duckdb.DuckDBPyConnection, contract: Contract) -> bool:
    """Whether the quick way refused an integer that is merely long."""
    long = [column.name for column in contract.columns if parse_type(column.type).id == "bigint"]
    return bool(
        long
        and connection.execute(
            "select 1 from rejected where list_contains($1, column_name)"
            " and regexp_matches(original_text, '[0-9]{16,19}') limit 1",
            [long],
        ).fetchone()
    )


def _refuse_unreadable(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery]) -> None:
    rows = connection.execute("""
        select __file, min_by(detail, __position), min(__position) from rejected
        where starts_with(detail, 'not_utf8') or (starts_with(detail, 'open_quote') and contains(original_text, chr(10)))
        group by __file order by __file
    """).fetchall()
    if rows:
        raise FilesRefusedError({files[index].label: _why_unreadable(detail, position) for index, detail, position in rows})
    connection.execute("update rejected set detail = replace(replace(detail, 'not_utf8', ''), 'open_quote', '')")


def _why_unreadable(detail: str, position: int) -> str:
    if detail.startswith("not_utf8"):
        return f"record {position} is not UTF-8: name the file's encoding in the feed, e.g. encoding: cp1252"
    return f"record {position} opens a quote that is never closed and swallows the records after it"


def _positions(connection: duckdb.DuckDBPyConnection, columns: str) -> str:
    """SQL of the staged rows with their position in the file.

    Rows are staged in the order of the file, so rowid counts the records that could be read; each rejected one before
    a row moves it on by one.
    """
    connection.execute("""
        create or replace temp table firsts as select __file, min(rowid) as __first from staged group by __file;
        create or replace temp table shifts as
        select __file, __position - __n + 1 as __ordinal, __n as __shift
        from (select __file, __position, row_number() over (partition by __file order by __position) as __n from rejected)
    """)
    ordinal = f"""
        select {columns}, staged.__file, staged.rowid - firsts.__first + 1 as __ordinal, __refusal
        from staged inner join firsts on staged.__file = firsts.__file
    """
    whole = f"select {columns}, __file, __ordinal as __position, __refusal from ({ordinal})"
    if not connection.execute("select 1 from shifts limit 1").fetchone():
        return whole
    return f"""
        {whole} where __file not in (select __file from shifts)
        union all
        select {columns}, o.__file, o.__ordinal + coalesce(s.__shift, 0), o.__refusal
        from (select * from ({ordinal}) where __file in (select __file from shifts)) as o
        asof left join shifts as s on o.__file = s.__file and o.__ordinal >= s.__ordinal
    """


def _collect_refused(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery]) -> None:
    """Fill `refused`: what the reader rejected, and what SQL refused together with its original line."""
    connection.execute(f"""
        create or replace temp table unfit as
        select __file, __position, __refusal, __rendered from ({_positions(connection, "__rendered")})
        where __refusal is not null;
        create or replace temp table original_lines (__file bigint, __position bigint, line varchar)
    """)
    for (index,) in connection.execute("select distinct __file from unfit order by 1").fetchall():
        _keep_lines(connection, files[index], index)
    connection.execute("""
        create or replace temp table refused as
        select * from rejected
        union all
        select u.__file, u.__position, u.__refusal.reason, u.__refusal.column_name, u.__refusal.detail,
            coalesce(l.line, u.__rendered)
        from unfit as u left join original_lines as l on u.__file = l.__file and u.__position = l.__position
    """)


def _keep_lines(connection: duckdb.DuckDBPyConnection, file: Delivery, index: int) -> None:
    """Fetch the original lines of the unfit rows; where records span lines, rows are shown as JSON instead."""
    row = connection.execute(
        "select (select count(*) from staged where __file = $1) + (select count(*) from rejected where __file = $1)", [index]
    ).fetchone()
    assert row is not None
    if file.content.lines != row[0] + 1:
        return
    connection.execute(f"""
        insert into original_lines
        select {index}, n - 1, line
        from (select row_number() over () as n, line from read_csv({literal(str(file.readable))}, {LINES}))
        where n - 1 in (select __position from unfit where __file = {index})
    """)
