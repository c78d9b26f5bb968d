"""JSON lines: each line is parsed once, its values read as text, and cast as a CSV file's would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, listing, parse_type
from sluice.ingest.casts import Cast, cast_json, fields, json_paths, json_pointer
from sluice.ingest.csv_reader import LINES
from sluice.ingest.files import Delivery
from sluice.ingest.rows import StagedRows, check_new_names, columns_sql, refusal
from sluice.lake.contracts import Contract


def read(connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[Delivery]) -> StagedRows:
    """Stage the files in temporary tables and give their rows. Blank lines are passed over, but count as positions."""
    paths = listing([str(file.readable) for file in files])
    connection.execute(f"create or replace temp table lines as select line, file_index as __file from read_csv({paths}, {LINES})")
    return read_lines(connection, contract)


def read_lines(connection: duckdb.DuckDBPyConnection, contract: Contract) -> StagedRows:
    """The same for lines that stand in the temporary table `lines` (line, __file), in the order of their files."""
    connection.execute("create or replace temp table firsts as select __file, min(rowid) as __first from lines group by __file")
    new_columns = _new_columns(connection, contract)
    connection.execute(_stage(contract, new_columns))
    connection.execute("drop table lines")
    columns = columns_sql([*(column.name for column in contract.columns), *new_columns])
    return StagedRows(
        f"select {columns}, __file, __position from staged where __refusal is null",
        "select __file, __position, __refusal.reason, __refusal.column_name, __refusal.detail, __text as original_text"
        " from staged where __refusal is not null",
        new_columns,
    )


def _new_columns(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[str, ...]:
    promised = {column.name for column in contract.columns}
    rows = connection.execute("""
        with keys as (select distinct json_keys(line) as names from lines where json_valid(line))
        select distinct unnest(names) as name from keys order by name
    """).fetchall()
    fresh = tuple(name for (name,) in rows if name not in promised)
    check_new_names(contract, fresh)
    return fresh


def _stage(contract: Contract, new_columns: Sequence[str]) -> str:
    types = {column.name: parse_type(column.type, contract.name) for column in contract.columns}
    paths = [path for name, kind in types.items() for path in json_paths((name,), kind)]
    paths += [(name,) for name in new_columns]
    structs = {path for path in paths if is_struct(types, path)}
    scalars = [path for path in paths if path not in structs]
    where = {path: f"texts[{place}]" for place, path in enumerate(scalars, 1)}
    # Extracted as JSON, a null is the word null.
    where |= {path: f"nullif(objects[{place}]::varchar, 'null')" for place, path in enumerate(sorted(structs), 1)}
    casts = [(name, cast_json(where.__getitem__, (name,), kind)) for name, kind in types.items()]
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
                    then json_extract(line, {listing([json_pointer(path) for path in sorted(structs)])}::varchar[]) end as objects
            from shaped
        ),
        judged as (select *, {_refusal(contract, casts, where)} as __refusal from parsed)
        select {", ".join(values)}, judged.__file, judged.__place - firsts.__first + 1 as __position, __refusal,
            case when __refusal is not null then line end as __text
        from judged inner join firsts on judged.__file = firsts.__file
    """


def is_struct(types: Mapping[str, DuckDBPyType], path: tuple[str, ...]) -> bool:
    """Whether a struct stands at the path."""
    found = types.get(path[0])
    for name in path[1:]:
        found = dict(fields(found))[name] if found is not None else None
    return found is not None and found.id == "struct"


def _refusal(contract: Contract, casts: Sequence[tuple[str, Cast]], where: Mapping[tuple[str, ...], str]) -> str:
    shown = [(name, cast, f"{where[(name,)]}::varchar") for name, cast in casts]
    broken = "struct_pack(reason := 'malformed', column_name := null::varchar, detail := 'not a JSON object')"
    return f"case when texts is null then {broken} else {refusal(contract, shown)} end"
