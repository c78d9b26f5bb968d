"""Parquet: types stand in the file, so good rows go straight through and only their fit is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import duckdb

from sluice.core.duck import identifier, listing, literal, parse_type
from sluice.core.errors import SluiceError
from sluice.ingest.casts import Cast, cast_typed
from sluice.ingest.files import Delivery
from sluice.ingest.rows import NOTHING, StagedRows, check_new_names, refusal
from sluice.lake.contracts import Contract

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, order=True)
class Shape:
    """A file's columns with their types, and whether its own statistics prove that every row keeps the contract."""

    columns: Columns
    proven: bool


def shapes(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[Delivery]
) -> dict[str, Shape | SluiceError]:
    """The shape of each file by label, or why the file is refused: no Parquet, or columns that break the contract."""
    try:
        return _shapes(connection, contract, files)
    except duckdb.Error as error:
        if len(files) == 1:
            return {files[0].label: SluiceError(f"not readable as Parquet: {str(error).splitlines()[0]}")}
    # One of them is broken: look at each alone.
    return {label: shape for file in files for label, shape in shapes(connection, contract, [file]).items()}


def _shapes(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[Delivery]
) -> dict[str, Shape | SluiceError]:
    """All footers are read by two queries; DESCRIBE, which opens files one by one, is asked once per schema."""
    paths = listing([str(file.readable) for file in files])
    schemas = dict(
        connection.execute(
            f"""
                select file_name, md5(string_agg(concat_ws('|', name, type, converted_type, logical_type, num_children), '/'))
                from parquet_schema({paths}) group by file_name
            """
        ).fetchall()
    )
    required = [column.name for column in contract.columns if column.required]
    doubtful = connection.execute(
        f"select distinct file_name from parquet_metadata({paths})"
        " where coalesce(stats_null_count, 1) > 0 and list_contains($1, path_in_schema)",
        [required],
    ).fetchall()
    columns: dict[str, Columns] = {}
    found: dict[str, Shape | SluiceError] = {}
    for file in files:
        path = str(file.readable)
        if schemas[path] not in columns:
            rows = connection.execute(f"describe select * from read_parquet({literal(path)})").fetchall()
            columns[schemas[path]] = tuple((str(name), str(kind)) for name, kind, *_ in rows)
        found[file.label] = _shape(contract, columns[schemas[path]], has_nulls=(path,) in doubtful)
    return found


def _shape(contract: Contract, columns: Columns, *, has_nulls: bool) -> Shape | SluiceError:
    try:
        casts = typed_casts(contract, columns)
    except SluiceError as error:
        return error
    return Shape(columns, proven=not has_nulls and all(cast.misfit == "false" for _, cast, _ in casts))


def typed_casts(contract: Contract, found: Columns) -> list[tuple[str, Cast, str]]:
    """(column, cast, text of the value) for each promised column of a typed source.

    Raises SluiceError for a promised column that is missing or of another kind of type.
    """
    types = dict(found)
    check_new_names(contract, [name for name in types if contract.column(name) is None])
    missing = [column.name for column in contract.columns if column.name not in types]
    if missing:
        raise SluiceError(f"columns that the contract promises are missing: {', '.join(missing)}; found {', '.join(types)}")
    casts = []
    for column in contract.columns:
        name = identifier(column.name)
        cast = cast_typed(name, parse_type(types[column.name]), parse_type(column.type, contract.name))
        if cast is None:
            raise SluiceError(f"column {column.name} is {types[column.name]}, the contract promises {column.type}")
        casts.append((column.name, cast, f"{name}::varchar"))
    return casts


def new_columns(contract: Contract, shapes: Sequence[Columns]) -> tuple[str, ...]:
    """Names of the columns that the contract does not know."""
    promised = {column.name for column in contract.columns}
    return tuple(sorted({name for found in shapes for name, _ in found} - promised))


def read(contract: Contract, files: Sequence[Delivery], shapes: Mapping[str, Shape]) -> StagedRows:
    """The files' rows, read where they are. Files of the same shape must stand together in `files`."""
    fresh = new_columns(contract, [found.columns for found in shapes.values()])
    good, refused, start = [], [NOTHING], 0
    for found, group in groupby(files, key=lambda file: shapes[file.label]):
        members = list(group)
        source = f"""(
            select *, file_index + {start} as __file, file_row_number + 1 as __position
            from read_parquet({listing([str(file.readable) for file in members])}, file_row_number = true)
        )"""
        good.append(_good(contract, found, fresh, source))
        if not found.proven:
            refused.append(refused_sql(contract, found.columns, source))
        start += len(members)
    return StagedRows(" union all ".join(good), " union all ".join(refused), fresh)


def _good(contract: Contract, found: Shape, fresh: Sequence[str], source: str) -> str:
    casts = typed_casts(contract, found.columns)
    values = [f"{cast.value} as {identifier(name)}" for name, cast, _ in casts]
    present = {name for name, _ in found.columns}
    values += [f"{identifier(name) if name in present else 'null'}::varchar as {identifier(name)}" for name in fresh]
    where = "" if found.proven else f" where ({refusal(contract, casts)}) is null"
    return f"select {', '.join(values)}, __file, __position from {source}{where}"


def refused_sql(contract: Contract, found: Columns, source: str) -> str:
    """SQL of the rows of a typed `source` (with __file and __position) that break the contract, shown as JSON."""
    packed = ", ".join(f"{identifier(name)} := {identifier(name)}" for name, _ in found)
    reason = refusal(contract, typed_casts(contract, found))
    return f"""
        select __file, __position, __refusal.reason, __refusal.column_name, __refusal.detail, __text as original_text
        from (select *, {reason} as __refusal, to_json(struct_pack({packed}))::varchar as __text from {source})
        where __refusal is not null
    """
