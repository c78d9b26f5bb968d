"""CSV: DuckDB's own reader parses and casts, keeps what it cannot read, and SQL rejects what it would round."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import duckdb
from pydantic import BeforeValidator, Field

from sluice.core.duck import identifier, listing, literal
from sluice.core.errors import SluiceError
from sluice.ingest.casts import cast_read, csv_reader_type
from sluice.ingest.files import Delivery, opened
from sluice.ingest.landing import Work
from sluice.ingest.readers.file_feed import LINES, TextFeed, alike
from sluice.ingest.rows import (
    REFUSAL,
    FilesRefusedError,
    StagedRows,
    Tally,
    as_json,
    check_columns,
    columns_sql,
    refusal,
    refused_rows,
)
from sluice.lake.contracts import Contract

_REFUSED = "__file bigint, __position bigint, reason varchar, column_name varchar, detail varchar, original_text varchar"

_UNREADABLE = {
    "INVALID ENCODING": "is not UTF-8: name the file's encoding in the feed, e.g. encoding: cp1252",
    "UNQUOTED VALUE": "opens a quote that is never closed and swallows the records after it",
}


def _texts(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


@dataclass(frozen=True, kw_only=True)
class CsvFeed(TextFeed):
    """A feed of CSV files with a header."""

    extra_lines = 1

    delimiter: Annotated[str, Field(min_length=1, max_length=1, description="character between values")] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1, description="character around values")] = '"'
    null_text: Annotated[
        tuple[str, ...],
        BeforeValidator(_texts, json_schema_input_type=str | list[str]),
        Field(description="text, or list of texts, that means null"),
    ] = ("",)

    def readable(self, file: Delivery, work: Work) -> Delivery:
        """With the column names, in the order of the file, as its shape."""
        file = super().readable(file, work)
        names = self._header(file.readable)
        if not names:
            raise SluiceError("the file is empty, without even a header")
        lowered = [name.strip().lower() for name in names]
        doubled = sorted({name for name in lowered if lowered.count(name) > 1})
        if doubled:
            raise SluiceError(f"the header names {', '.join(doubled)} twice")
        if "" in lowered:
            raise SluiceError(f"column {lowered.index('') + 1} of the header has no name")
        promised = {name.lower(): name for name in work.contract.names}
        found = tuple(promised.get(name, name) for name in lowered)
        check_columns(work.contract, found)
        return replace(file, shape=found)

    def _header(self, path: Path) -> tuple[str, ...]:
        with opened(path) as stream, TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            try:
                names = tuple(next(csv.reader(text, delimiter=self.delimiter, quotechar=self.quote), []))
            except csv.Error as error:
                raise SluiceError(f"the header cannot be read: {error}") from error
        if any("\udc80" <= letter <= "\udcff" for name in names for letter in name):
            raise SluiceError("the header is not UTF-8: name the file's encoding in the feed, e.g. encoding: cp1252")
        return names

    def adds_up(self, file: Delivery, entry: Tally, work: Work) -> bool:
        """Within quotes a record may span lines."""
        return file.content.quotes or self.quote != '"' or super().adds_up(file, entry, work)

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        connection = work.connection
        new_columns = work.contract.unknown(name for file in files for name in file.shape)
        self._stage(files, new_columns, work, exact=False)
        if _needs_exact(connection, work.contract):
            self._stage(files, new_columns, work, exact=True)
        _refuse_unreadable(connection, files)
        _collect_refused(connection, files)
        columns = columns_sql([*work.contract.names, *new_columns])
        good = f"select {columns}, __file, __position from ({_positions(connection, columns)}) where __refusal is null"
        return StagedRows(good, "select * from refused", new_columns)

    def _stage(self, files: Sequence[Delivery], new_columns: Sequence[str], work: Work, *, exact: bool) -> None:
        """Parse the files into `staged` and `rejected`; `exact` as in `casts.csv_reader_type`."""
        typed = [f"{identifier(column.name)} {column.type}" for column in work.contract.columns]
        typed += [f"{identifier(name)} varchar" for name in new_columns]
        work.connection.execute(f"""
            create or replace temp table staged ({", ".join(typed)}, __file bigint, __refusal {REFUSAL}, __rendered varchar);
            create or replace temp table rejected (error varchar, {_REFUSED})
        """)
        for members, start in alike(files):
            work.connection.execute(self._insert(work.contract, members, start, exact=exact))
            _keep_rejects(work.connection, members, start)

    def _insert(self, contract: Contract, files: Sequence[Delivery], start: int, *, exact: bool) -> str:
        names, types = files[0].shape, contract.types
        reader = {name: csv_reader_type(types[name], exact=exact) if name in types else "varchar" for name in names}
        casts = [(name, cast_read(identifier(name), types[name], exact=exact), identifier(name)) for name in types]
        values = [f"{cast.value} as {identifier(name)}" for name, cast, _ in casts]
        values += [identifier(name) for name in names if name not in types]
        columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in reader.items())
        reason = refusal(contract, casts)
        return f"""
            insert into staged by name
            select {", ".join(values)}, file_index + {start} as __file, {reason} as __refusal,
                case when ({reason}) is not null then {as_json(names)} end as __rendered
            from read_csv({listing([str(file.readable) for file in files])}, columns = {{{columns}}}, header = true,
                auto_detect = false, delim = {literal(self.delimiter)}, quote = {literal(self.quote)},
                escape = {literal(self.quote)}, nullstr = {listing(self.null_text)}, store_rejects = true)
        """


def _keep_rejects(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], start: int) -> None:
    """Move what the reader rejected to `rejected`, once per record, and drop the reader's own tables."""
    paths = listing([str(file.readable) for file in files])
    connection.execute(f"""
        insert into rejected
        select error.error_type, list_position({paths}, scan.file_path) - 1 + {start}, error.line - 1,
            case when error.error_type = 'CAST' then 'wrong_type' else 'malformed' end,
            case when error.error_type = 'CAST' then error.column_name end,
            error.error_message, trim(error.csv_line, chr(10) || chr(13))
        from reject_errors as error
        inner join reject_scans as scan on error.scan_id = scan.scan_id and error.file_id = scan.file_id
        qualify row_number() over (partition by scan.file_path, error.line order by error.column_idx) = 1
    """)
    connection.execute("drop table reject_errors; drop table reject_scans")


def _needs_exact(connection: duckdb.DuckDBPyConnection, contract: Contract) -> bool:
    """Whether the quick way rejected an integer only because it is long."""
    long = [name for name, kind in contract.types.items() if kind.id == "bigint"]
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
        select __file, min_by(error, __position), min(__position) from rejected
        where error = 'INVALID ENCODING' or (error = 'UNQUOTED VALUE' and contains(original_text, chr(10)))
        group by __file order by __file
    """).fetchall()
    if rows:
        raise FilesRefusedError(
            {files[index].label: f"record {position} {_UNREADABLE[error]}" for index, error, position in rows}
        )


def _positions(connection: duckdb.DuckDBPyConnection, columns: str) -> str:
    """SQL of the staged rows with their position in the file.

    Rows are staged in the order of the file, so rowid counts the records that could be read; each rejected one before
    a row moves it on by one.
    """
    connection.execute("""
        create or replace temp table firsts as select __file, min(rowid) as __first from staged group by __file;
        create or replace temp table shifts as
        select __file, __position - __n + 1 as __ordinal, max(__n) as __shift
        from (select __file, __position, row_number() over (partition by __file order by __position) as __n from rejected)
        group by all
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
    known = "unfit left join original_lines using (__file, __position)"
    connection.execute(f"""
        create or replace temp table refused as
        select * exclude (error) from rejected union all {refused_rows(known, "coalesce(line, __rendered)")}
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
