"""JSON lines: each line is parsed once, its values read as text, and cast as a CSV file's would be."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from sluice.contracts import Contract
from sluice.duck import identifier, listing, parse_type
from sluice.ingest.casts import Cast, cast_json, json_paths, json_pointer
from sluice.ingest.csv_reader import LINES
from sluice.ingest.files import Delivery
from sluice.ingest.rows import Rows, columns_sql, refusal


def read(connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[Delivery]) -> Rows:
    """Stage the files in temporary tables and give their rows. Blank lines are passed over, but count as positions."""
    paths = listing([str(file.readable) for file in files])
    connection.execute(f"""
        create or replace temp table lines as select line, file_index from read_csv({paths}, {LINES});
        create or replace temp table firsts as select file_index, min(rowid) as first from lines group by file_index
    """)
    new_columns = _new_columns(connection, contract)
    connection.execute(_stage(contract, new_columns))
    connection.execute("drop table lines")
    columns = columns_sql([*(column.name for column in contract.columns), *new_columns])
    return Rows(
        f"select {columns}, file_index, position from staged where refusal is null",
        "select file_index, position, refusal.reason, refusal.column_name, refusal.detail, original_text"
        " from staged where refusal is not null",
        new_columns,
    )


def _new_columns(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[str, ...]:
    promised = {column.name for column in contract.columns}
    rows = connection.execute("""
        with keys as (select distinct json_keys(line) as names from lines where json_valid(line))
        select distinct unnest(names) as name from keys order by name
    """).fetchall()
    return tuple(name for (name,) in rows if name not in promised)


def _stage(contract: Contract, new_columns: Sequence[str]) -> str:
    types = {column.name: parse_type(column.type, contract.name) for column in contract.columns}
    paths = [path for name, kind in types.items() for path in json_paths((name,), kind)]
    paths += [(name,) for name in new_columns]
    number = {path: place for place, path in enumerate(paths, 1)}
    casts = [(name, cast_json(lambda path: f"texts[{number[path]}]", (name,), kind)) for name, kind in types.items()]
    values = [f"{cast.value} as {identifier(name)}" for name, cast in casts]
    values += [f"texts[{number[(name,)]}] as {identifier(name)}" for name in new_columns]
    return f"""
        create or replace temp table staged as
        with parsed as (
            select file_index, rowid as place, line,
                case when json_valid(line) and json_type(line) = 'OBJECT'
                    then json_extract_string(line, {listing([json_pointer(path) for path in paths])}) end as texts
            from lines where line is not null
        ),
        judged as (select *, {_refusal(contract, casts, number)} as refusal from parsed)
        select {", ".join(values)}, judged.file_index, judged.place - firsts.first + 1 as position, refusal,
            case when refusal is not null then line end as original_text
        from judged inner join firsts on judged.file_index = firsts.file_index
    """


def _refusal(contract: Contract, casts: Sequence[tuple[str, Cast]], number: dict[tuple[str, ...], int]) -> str:
    shown = [(name, cast, f"texts[{number[(name,)]}]") for name, cast in casts]
    broken = "struct_pack(reason := 'malformed', column_name := null::varchar, detail := 'not a JSON object')"
    return f"case when texts is null then {broken} else {refusal(contract, shown)} end"
