"""Parquet: types are in the file, so good rows go straight through and only their fit is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from sluice.core.duck import identifier, listing, literal
from sluice.core.errors import SluiceError
from sluice.ingest.casts import Cast, cast_text
from sluice.ingest.files import Delivery, compression, decompress
from sluice.ingest.landing import Work
from sluice.ingest.readers import parquet_schema, typed
from sluice.ingest.readers.file_feed import FileFeed, alike, each
from sluice.ingest.rows import NOTHING, StagedRows, column_faults, raise_faults
from sluice.lake import raw
from sluice.lake.contracts import Contract


@dataclass(frozen=True, order=True)
class Shape:
    """A file's columns with their types, and whether its own statistics prove that every row keeps the contract."""

    columns: typed.Columns
    proven: bool


@dataclass(frozen=True)
class _Footer:
    """What is known of a file before a row is read: `doubtful` are columns whose statistics do not prove what is promised."""

    schema: parquet_schema.Schema
    columns: typed.Columns
    doubtful: frozenset[str]


@dataclass(frozen=True, kw_only=True)
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
        return each(ready, lambda file: self._with_shape(file, footers, work))

    def _with_shape(self, file: Delivery, footers: Mapping[str, _Footer], work: Work) -> Delivery:
        try:
            footer = (footers or _footers([file], work))[file.label]
            exact = parquet_schema.with_exact_times(file, footer.schema, work.table.incoming)
            if exact is not file:
                file, footer = exact, _footers([exact], work)[file.label]
        except duckdb.Error as error:
            what = self.fault(file) or f"not readable as Parquet: {str(error).splitlines()[0]}"
            raise SluiceError(what) from error
        columns = _as_promised(footer, work)
        contract = self.delivered(work.contract)
        names = [name for name, _ in columns]
        faults = parquet_schema.faults(footer.schema) + self.folder_faults(names)
        faults += column_faults(contract, names, raw.columns(work.table))
        raise_faults(faults + typed.type_faults(contract, columns))
        casts = typed.casts(contract, columns)
        # Of a day or time of the promised type, only the range is in doubt, which the statistics say.
        sure = {name for name, kind in columns if typed.is_time(contract, name) and kind == str(contract.types[name])}
        proven = all(cast.misfit == "false" or name in sure for name, cast, _ in casts)
        return replace(file, shape=Shape(columns, proven=proven and not footer.doubtful and not self.partitions))

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        """Rows are read where they are."""
        contract = work.contract
        fresh = contract.unknown(name for file in files for name, _ in file.shape.columns)
        good, refused = [], [NOTHING]
        for members, start in alike(files):
            found = members[0].shape
            folders = self.folders(members, "file_index")
            added = [f"{text} as {identifier(name)}" for name, text in folders.items()]
            source = f"""(
                select {", ".join(["*", *added])}, file_index + {start} as __file, file_row_number + 1 as __position
                from read_parquet({listing([str(file.readable) for file in members])}, file_row_number = true,
                    hive_partitioning = false)
            )"""
            casts = typed.casts(self.delivered(contract), found.columns) + _folder_casts(contract, list(folders))
            good.append(typed.selected(contract, casts, found.columns, fresh, source, proven=found.proven))
            if not found.proven:
                names = [*(name for name, _ in found.columns), *folders]
                refused.append(typed.rejected(contract, casts, names, source))
        return StagedRows(" union all ".join(good), " union all ".join(refused), fresh)


def _folder_casts(contract: Contract, names: Sequence[str]) -> list[tuple[str, Cast, str]]:
    types = contract.types
    return [(name, cast_text(identifier(name), types[name]), identifier(name)) for name in names]


def _as_promised(footer: _Footer, work: Work) -> typed.Columns:
    """The columns under the contract's spelling of their names; one that holds nothing but nulls has the type NULL."""
    promised = {name.lower(): name for name in work.contract.names}
    nulls = parquet_schema.null_columns(footer.schema)
    return tuple((promised.get(name.lower(), name), "NULL" if name in nulls else kind) for name, kind in footer.columns)


def _footers(files: Sequence[Delivery], work: Work) -> dict[str, _Footer]:
    """What the footers say, by label.

    All footers are read by two queries; DESCRIBE, which opens files one by one, is asked once per schema.
    """
    paths = [str(file.readable) for file in files]
    schemas = parquet_schema.read(work.connection, paths)
    doubtful = _doubtful(paths, work)
    one_of_each = {schema: path for path, schema in schemas.items()}
    columns = {
        schema: typed.describe(work.connection, f"read_parquet({literal(path)}, hive_partitioning = false)")
        for schema, path in one_of_each.items()
    }
    found = {path: _Footer(schema, columns[schema], frozenset(doubtful.get(path, ()))) for path, schema in schemas.items()}
    return {file.label: found[str(file.readable)] for file in files}


def _doubtful(paths: Sequence[str], work: Work) -> dict[str, list[str]]:
    """By file, required columns that may hold nulls, and days and times that may be beyond what the lake holds."""
    required = [column.name.lower() for column in work.contract.columns if column.required]
    times = [name.lower() for name in work.contract.names if typed.is_time(work.contract, name)]
    found = work.connection.execute(
        f"""
        select file_name, array_agg(distinct path_in_schema) from parquet_metadata({listing(paths)})
        where list_contains($1, lower(path_in_schema)) and coalesce(stats_null_count, 1) > 0
            or list_contains($2, lower(path_in_schema)) and coalesce(stats_null_count, 0) < num_values
            and not coalesce(try_cast(stats_min_value as timestamp) >= '0001-01-01'
                and try_cast(stats_max_value as timestamp) < '10000-01-01', false)
        group by file_name
        """,
        [required, times],
    ).fetchall()
    return dict(found)
