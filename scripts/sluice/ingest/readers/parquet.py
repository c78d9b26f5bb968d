"""Parquet: types are in the file, so good rows go straight through and only their fit is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from sluice.core.duck import listing, literal
from sluice.core.errors import SluiceError
from sluice.ingest.files import Delivery, compression, decompress
from sluice.ingest.landing import Work
from sluice.ingest.readers import typed
from sluice.ingest.readers.file_feed import FileFeed, alike, each
from sluice.ingest.rows import NOTHING, StagedRows


@dataclass(frozen=True, order=True)
class Shape:
    """A file's columns with their types, and whether its own statistics prove that every row keeps the contract."""

    columns: typed.Columns
    proven: bool


@dataclass(frozen=True)
class ParquetFeed(FileFeed):
    """A feed of Parquet files."""

    def readable(self, file: Delivery, work: Work) -> Delivery:
        if not compression(file.path):
            return super().readable(file, work)
        target = work.table.incoming / f"{file.content.digest}.parquet"
        decompress(file.path, target)
        return replace(file, readable=target)

    def all_readable(self, files: Sequence[Delivery], work: Work) -> list[Delivery]:
        """With their shapes, from all footers at once, or one by one where one of them is broken."""
        ready = super().all_readable(files, work)
        try:
            footers = _footers(ready, work)
        except duckdb.Error:
            footers = {}
        return each(ready, lambda file: _with_shape(file, footers, work))

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        """Rows are read where they are."""
        fresh = work.contract.unknown(name for file in files for name, _ in file.shape.columns)
        good, refused = [], [NOTHING]
        for members, start in alike(files):
            found = members[0].shape
            source = f"""(
                select *, file_index + {start} as __file, file_row_number + 1 as __position
                from read_parquet({listing([str(file.readable) for file in members])}, file_row_number = true)
            )"""
            good.append(typed.good_sql(work.contract, found.columns, fresh, source, proven=found.proven))
            if not found.proven:
                refused.append(typed.refused_sql(work.contract, found.columns, source))
        return StagedRows(" union all ".join(good), " union all ".join(refused), fresh)


def _footers(files: Sequence[Delivery], work: Work) -> dict[str, tuple[typed.Columns, bool]]:
    """Columns of each file by label, and whether a required one may hold nulls.

    All footers are read by two queries; DESCRIBE, which opens files one by one, is asked once per schema.
    """
    paths = listing([str(file.readable) for file in files])
    schemas = work.connection.execute(f"""
        select file_name, md5(string_agg(concat_ws('|', name, type, converted_type, logical_type, num_children), '/'))
        from parquet_schema({paths}) group by file_name
    """).fetchall()
    doubtful = work.connection.execute(
        f"select distinct file_name from parquet_metadata({paths})"
        " where coalesce(stats_null_count, 1) > 0 and list_contains($1, path_in_schema)",
        [[column.name for column in work.contract.columns if column.required]],
    ).fetchall()
    one_of_each = {schema: path for path, schema in schemas}
    columns = {schema: typed.describe(work.connection, f"read_parquet({literal(path)})") for schema, path in one_of_each.items()}
    found = {path: (columns[schema], (path,) in doubtful) for path, schema in schemas}
    return {file.label: found[str(file.readable)] for file in files}


def _with_shape(file: Delivery, footers: Mapping[str, tuple[typed.Columns, bool]], work: Work) -> Delivery:
    try:
        columns, has_nulls = (footers or _footers([file], work))[file.label]
    except duckdb.Error as error:
        raise SluiceError(f"not readable as Parquet: {str(error).splitlines()[0]}") from error
    casts = typed.casts(work.contract, columns)
    return replace(file, shape=Shape(columns, proven=not has_nulls and all(cast.misfit == "false" for _, cast, _ in casts)))
