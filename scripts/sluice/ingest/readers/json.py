"""JSON lines: each line is parsed once, its values read as text, and cast as a CSV file's would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sluice.core.duck import identifier, listing
from sluice.ingest.casts import Cast, cast_json, json_paths, json_pointer
from sluice.ingest.files import Delivery
from sluice.ingest.landing import Work
from sluice.ingest.readers.file_feed import LINES, TextFeed
from sluice.ingest.rows import StagedRows, check_new_names, columns_sql, refusal, refused_rows
from sluice.lake.contracts import Contract


@dataclass(frozen=True, kw_only=True)
class JsonFeed(TextFeed):
    """A feed of JSON lines: one object a line. Blank lines are passed over, but count as positions."""

    extra_lines = 0

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        paths = listing([str(file.readable) for file in files])
        work.connection.execute(
            f"create or replace temp table lines as select line, file_index as __file from read_csv({paths}, {LINES})"
        )
        return read_lines(work.connection, work.contract)


def read_lines(connection: duckdb.DuckDBPyConnection, contract: Contract) -> StagedRows:
    """Rows from the temporary table `lines` (line, __file), which holds them in the order of their files; it is dropped."""
    connection.execute("create or replace temp table firsts as select __file, min(rowid) as __first from lines group by __file")
    new_columns = _new_columns(connection, contract)
    connection.execute(_stage(contract, new_columns))
    connection.execute("drop table lines")
    columns = columns_sql([*contract.names, *new_columns])
    good = f"select {columns}, __file, __position from staged where __refusal is null"
    return StagedRows(good, refused_rows("staged", "__text"), new_columns)


def _new_columns(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[str, ...]:
    rows = connection.execute("""
        with keys as (select distinct json_keys(line) as names from lines where json_valid(line))
        select distinct unnest(names) from keys
    """).fetchall()
    fresh = contract.unknown(name for (name,) in rows)
    check_new_names(contract, fresh)
    return fresh


def _stage(contract: Contract, new_columns: Sequence[str]) -> str:
    paths = {path: kind for name, top in contract.types.items() for path, kind in json_paths((name,), top).items()}
    structs = sorted(path for path, kind in paths.items() if kind.id == "struct")
    scalars = [path for path in (*paths, *((name,) for name in new_columns)) if path not in structs]
    where = {path: f"texts[{place}]" for place, path in enumerate(scalars, 1)}
    # Extracted as JSON, a null is the word null.
    where |= {path: f"nullif(objects[{place}]::varchar, 'null')" for place, path in enumerate(structs, 1)}
    casts = [(name, cast_json(where.__getitem__, (name,), kind)) for name, kind in contract.types.items()]
    values = [f"{cast.value} as {identifier(name)}" for name, cast in casts]
    values += [f"{where[(name,)]} as {identifier(name)}" for name in new_columns]
    return f"""
        create or replace temp table staged as
        with shaped as (
            select __file, rowid as __place, line, case when json_valid(line) then json_type(line) end = 'OBJECT' as __is_object
            from lines where line is not null
        ),
        parsed as (
            select *,
                case when __is_object
                    then json_extract_string(line, {listing([json_pointer(path) for path in scalars])}::varchar[]) end as texts,
                case when __is_object
                    then json_extract(line, {listing([json_pointer(path) for path in structs])}::varchar[]) end as objects
            from shaped
        ),
        judged as (select *, {_refusal(contract, casts, where)} as __refusal from parsed)
        select {", ".join(values)}, judged.__file, judged.__place - firsts.__first + 1 as __position, __refusal,
            case when __refusal is not null then line end as __text
        from judged inner join firsts on judged.__file = firsts.__file
    """


def _refusal(contract: Contract, casts: Sequence[tuple[str, Cast]], where: Mapping[tuple[str, ...], str]) -> str:
    shown = [(name, cast, f"{where[(name,)]}::varchar") for name, cast in casts]
    broken = "struct_pack(reason := 'malformed', column_name := null::varchar, detail := 'not a JSON object')"
    return f"case when texts is null then {broken} else {refusal(contract, shown)} end"
