"""CSV: DuckDB's own reader gives every value as text and keeps what it cannot read; SQL casts, and rejects what does not fit."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import TextIOWrapper
from itertools import groupby
from pathlib import Path
from typing import Annotated

import duckdb
from pydantic import Field, StrictInt

from sluice.core.duck import identifier, listing, literal
from sluice.core.errors import SluiceError
from sluice.ingest.files import NOT_UTF8, Delivery, opened
from sluice.ingest.formats import Nulls
from sluice.ingest.landing import Work
from sluice.ingest.readers.file_feed import LINES, TextFeed, alike
from sluice.ingest.readers.spelled import Spelled
from sluice.ingest.readers.texts import judged
from sluice.ingest.rows import (
    REFUSAL,
    FilesRefusedError,
    StagedRows,
    Tally,
    column_faults,
    columns_sql,
    raise_faults,
    refused_rows,
)
from sluice.lake.contracts import Contract

_REFUSED = "__file bigint, __position bigint, reason varchar, column_name varchar, detail varchar, original_text varchar"

_DELIMITERS = ",;\t|"
_UNREADABLE = {
    "INVALID ENCODING": NOT_UTF8,
    "UNQUOTED VALUE": "opens a quote that is never closed and swallows the records after it",
}


@dataclass(frozen=True, kw_only=True)
class CsvFeed(Spelled, TextFeed):
    """A feed of CSV files with a header."""

    skip: Annotated[StrictInt, Field(ge=0, description="lines before the header")] = 0
    delimiter: Annotated[str, Field(min_length=1, max_length=1, description="character between values")] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1, description="character around values")] = '"'
    null_text: Nulls = ("",)

    @property
    def extra_lines(self) -> int:  # type: ignore[override]  # here it depends on the feed
        return 1 + self.skip

    def readable(self, file: Delivery, work: Work) -> Delivery:
        """With the column names, in the order of the file, as its shape."""
        file = super().readable(file, work)
        contract = self.delivered(work.contract)
        lowered = [name.strip().lower() for name in self._header(file.readable)]
        found, faults = self.promised_names(contract, lowered)
        faults += self._doubtful_names(lowered) + self.folder_faults(found)
        raise_faults(faults + column_faults(contract, found, self.landed(found, work)))
        return replace(file, shape=found)

    def _doubtful_names(self, names: Sequence[str]) -> list[str]:
        doubled = sorted({name for name in names if name and names.count(name) > 1})
        nameless = [str(place) for place, name in enumerate(names, 1) if not name]
        faults = [f"the header names {', '.join(doubled)} twice"] if doubled else []
        faults += [f"column {', '.join(nameless)} of the header has no name"] if nameless else []
        others = [mark for mark in _DELIMITERS if len(names) == 1 and mark in names[0] and mark != self.delimiter]
        return faults + [
            f"the header has no {self.delimiter!r}, but {mark!r}: is `delimiter: {mark!r}` meant?" for mark in others
        ]

    def _header(self, path: Path) -> tuple[str, ...]:
        with opened(path) as stream, TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            for _ in range(self.skip):
                text.readline()
            try:
                names = next(csv.reader(text, delimiter=self.delimiter, quotechar=self.quote), None)
            except csv.Error as error:
                raise SluiceError(f"the header cannot be read: {error}") from error
        if names is None:
            raise SluiceError("the file is empty, without even a header")
        if not any(name.strip() for name in names):
            raise SluiceError("the first line is blank: the header has to be the first line")
        if any("\udc80" <= letter <= "\udcff" for name in names for letter in name):
            raise SluiceError(f"the header {NOT_UTF8}")
        return tuple(names)

    def adds_up(self, file: Delivery, entry: Tally, work: Work) -> bool:
        """Within quotes a record may span lines."""
        if file.content.quotes or self.quote != '"' or not self.skip:
            return file.content.quotes or self.quote != '"' or super().adds_up(file, entry, work)
        lines = f"read_csv({literal(str(file.readable))}, {LINES}, skip = {self.skip})"
        row = work.connection.execute(f"select count(*) from {lines} where trim(line, chr(13)) <> ''").fetchone()
        return row is not None and entry.read == row[0] - 1

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        connection = work.connection
        new_columns = self.delivered(work.contract).unknown(name for file in files for name in file.shape)
        self._stage(files, new_columns, work)
        _refuse_unreadable(connection, files)
        _collect_refused(connection, files, self.extra_lines)
        columns = columns_sql([*work.contract.names, *new_columns])
        good = f"select {columns}, __file, __position from ({_positions(connection, columns)}) where __refusal is null"
        return StagedRows(good, "select * from refused", new_columns)

    def _stage(self, files: Sequence[Delivery], new_columns: Sequence[str], work: Work) -> None:
        """Parse the files into `staged` and `rejected`."""
        typed = [f"{identifier(column.name)} {column.type}" for column in work.contract.columns]
        typed += [f"{identifier(name)} varchar" for name in new_columns]
        work.connection.execute(f"""
            create or replace temp table staged ({", ".join(typed)}, __file bigint, __refusal {REFUSAL}, __rendered varchar);
            create or replace temp table rejected (error varchar, {_REFUSED})
        """)
        for members, start in self._scans(files):
            work.connection.execute(self._insert(work.contract, members, start))
            _keep_rejects(work.connection, members, start, self.extra_lines)

    def _scans(self, files: Sequence[Delivery]) -> Iterator[tuple[Sequence[Delivery], int]]:
        """Files to read together. One that may end within quotes is read alone: of many, DuckDB drops that record silently."""
        counted = self.quote == '"' == '"'.encode(self.encoding).decode("latin-1")
        for members, start in alike(files):
            for open_end, group in groupby(enumerate(members, start), lambda one: one[1].content.odd_quotes or not counted):
                part = list(group)
                if open_end:
                    yield from (([file], index) for index, file in part)
                else:
                    yield [file for _, file in part], part[0][0]

    def _insert(self, contract: Contract, files: Sequence[Delivery], start: int) -> str:
        """SQL that reads every value as text (t0, t1, ...), and casts it."""
        names, types = files[0].shape, contract.types
        folders = self.folders(files, "file_index")
        texts = {name: f"t{place}" for place, name in enumerate([*names, *folders])}
        steps = {name: self.steps(name, types.get(name), text) for name, text in texts.items()}
        added = [f"{text} as {texts[name]}" for name, text in folders.items()]
        columns = ", ".join(f"{literal(texts[name])}: 'varchar'" for name in names)
        source = f"""
            select {", ".join(["*", *added])}, file_index + {start} as __file
            from read_csv({listing([str(file.readable) for file in files])}, columns = {{{columns}}}, header = true,
                auto_detect = false, delim = {literal(self.delimiter)}, quote = {literal(self.quote)},
                escape = {literal(self.quote)}, nullstr = {listing(self.null_text)}, store_rejects = true,
                hive_partitioning = false, skip = {self.skip})
        """
        return f"insert into staged by name {judged(contract, steps, source)}"


def _keep_rejects(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], start: int, before: int) -> None:
    """Move what the reader rejected to `rejected`, once per record, and drop the reader's own tables.

    `before` is how many lines come before the first record.
    """
    paths = listing([str(file.readable) for file in files])
    connection.execute(f"""
        insert into rejected
        select error.error_type, list_position({paths}, scan.file_path) - 1 + {start}, error.line - {before},
            'malformed', null, error.error_message, trim(error.csv_line, chr(10) || chr(13))
        from reject_errors as error
        inner join reject_scans as scan on error.scan_id = scan.scan_id and error.file_id = scan.file_id
        qualify row_number() over (partition by scan.file_path, error.line order by error.column_idx) = 1
    """)
    connection.execute("drop table reject_errors; drop table reject_scans")


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


def _collect_refused(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], before: int) -> None:
    """Fill `refused`: what the reader rejected, and what SQL refused together with its original line."""
    connection.execute(f"""
        create or replace temp table unfit as
        select __file, __position, __refusal, __rendered from ({_positions(connection, "__rendered")})
        where __refusal is not null;
        create or replace temp table original_lines (__file bigint, __position bigint, line varchar)
    """)
    _keep_lines(connection, files, before)
    known = "unfit left join original_lines using (__file, __position)"
    connection.execute(f"""
        create or replace temp table refused as
        select * exclude (error) from rejected union all {refused_rows(known, "coalesce(line, __rendered)")}
    """)


def _keep_lines(connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], before: int) -> None:
    """Fetch the original lines of the unfit rows; in files where records span lines, rows are shown as JSON instead."""
    records = connection.execute("""
        with records as (select __file from staged union all select __file from rejected)
        select __file, count(*) from records where __file in (select __file from unfit) group by __file order by __file
    """).fetchall()
    paths = [str(files[index].readable) for index, _ in records]
    lines = f"read_csv({listing(paths)}, {LINES})"
    counted = connection.execute(f"select file_index, count(*) from {lines} group by all").fetchall() if records else []
    plain = [index for place, (index, count) in enumerate(records) if dict(counted).get(place) == count + before]
    if not plain:
        return
    lengths = [count + before for index, count in records if index in plain]
    starts = [sum(lengths[:place]) for place in range(len(plain))]
    lines = f"read_csv({listing([str(files[index].readable) for index in plain])}, {LINES})"
    connection.execute(
        "create or replace temp table starts as select unnest($1) as __file, unnest($2) as __start", [plain, starts]
    )
    # The reader keeps the order of the files and of their lines.
    connection.execute(f"""
        insert into original_lines
        select wanted.__file, wanted.__position, line
        from (select row_number() over () as n, line from {lines}) as numbered
        inner join (
            select __file, __position, __start + __position + {before} as n from unfit inner join starts using (__file)
        ) as wanted on numbered.n = wanted.n
    """)
