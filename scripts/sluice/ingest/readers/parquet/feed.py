"""Parquet: types are in the file, so good rows go straight through and only their fit is checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from sluice.core.duck import identifier, listing, literal
from sluice.core.errors import SluiceError
from sluice.ingest.casts import Cast, cast_text
from sluice.ingest.files import Delivery, compression, decompress
from sluice.ingest.formats import Steps
from sluice.ingest.landing import Work
from sluice.ingest.readers import typed
from sluice.ingest.readers.file_feed import FileFeed, alike, each
from sluice.ingest.readers.parquet import schema as parquet_schema
from sluice.ingest.readers.spelled import Spelled
from sluice.ingest.rows import NOTHING, StagedRows, column_faults, raise_faults
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
class ParquetFeed(Spelled, FileFeed):
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
        contract = self.delivered(work.contract)
        columns, faults = self._as_promised(footer, work.contract)
        names = [name for name, _ in columns]
        faults += parquet_schema.faults(footer.schema) + self.folder_faults(names)
        faults += column_faults(contract, names, self.landed(names, work))
        contract = _without(contract, self._spelled(contract, columns))
        raise_faults(faults + typed.type_faults(contract, columns))
        casts = typed.casts(contract, columns)
        # Of a day or time of the promised type, only the range is in doubt, which the statistics say.
        sure = {name for name, kind in columns if typed.is_time(contract, name) and kind == str(contract.types[name])}
        proven = all(cast.misfit == "false" or name in sure for name, cast, _ in casts)
        as_typed = len(casts) == len(work.contract.names)
        return replace(file, shape=Shape(columns, proven=proven and not footer.doubtful and as_typed))

    def _as_promised(self, footer: _Footer, contract: Contract) -> tuple[typed.Columns, list[str]]:
        """The columns under the contract's names, and what speaks against the file; one of nulls only has the type NULL."""
        nulls = parquet_schema.null_columns(footer.schema)
        names, faults = self.promised_names(contract, [name for name, _ in footer.columns])
        kinds = ["NULL" if name in nulls else kind for name, kind in footer.columns]
        return tuple(zip(names, kinds, strict=True)), faults

    def _spelled(self, contract: Contract, columns: typed.Columns) -> dict[str, Steps]:
        """How to read the columns of text for which the feed says how they are written, by name."""
        types = contract.types
        texts = [name for name, kind in columns if kind == "VARCHAR" and name in types]
        steps = {name: self.steps(name, types[name], f"__t{place}") for place, name in enumerate(texts)}
        return {name: step for name, step in steps.items() if step.columns}

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        """Rows are read where they are."""
        contract = work.contract
        fresh = contract.unknown(name for file in files for name, _ in file.shape.columns)
        good, refused = [], [NOTHING]
        for members, start in alike(files):
            found = members[0].shape
            folders = self.folders(members, "file_index")
            spelled = self._spelled(self.delivered(contract), found.columns)
            source = self._source(members, start, folders, spelled)
            casts = typed.casts(_without(self.delivered(contract), spelled), found.columns)
            casts += _folder_casts(contract, list(folders)) + _spelled_casts(contract, spelled)
            casts.sort(key=lambda cast: contract.names.index(cast[0]))
            good.append(typed.selected(contract, casts, found.columns, fresh, source, proven=found.proven))
            if not found.proven:
                names = [*(name for name, _ in found.columns), *folders]
                refused.append(typed.rejected(contract, casts, names, source))
        return StagedRows(" union all ".join(good), " union all ".join(refused), fresh)

    def _source(self, files: Sequence[Delivery], start: int, folders: Mapping[str, str], spelled: Mapping[str, Steps]) -> str:
        """SQL of the rows of files of one shape, under the contract's names."""
        renamed = {name: self.columns[name].delivered for name, _ in files[0].shape.columns if name in self.columns}
        given = [f"{identifier(old)} as {identifier(new)}" for new, old in renamed.items() if old and old.lower() != new.lower()]
        rename = f" rename ({', '.join(given)})" if given else ""
        added = [f"{text} as {identifier(name)}" for name, text in folders.items()]
        rows = f"""
            select {", ".join([f"*{rename}", *added])}, file_index + {start} as __file, file_row_number + 1 as __position
            from read_parquet({listing([str(file.readable) for file in files])}, file_row_number = true,
                hive_partitioning = false)
        """
        if not spelled:
            return f"({rows})"
        texts = [f"{identifier(name)} as {step.delivered}" for name, step in spelled.items()]
        columns = [column for step in spelled.values() for column in step.columns]
        return f"(select {', '.join(['*', *columns])} from (select {', '.join(['*', *texts])} from ({rows})))"


def _spelled_casts(contract: Contract, spelled: Mapping[str, Steps]) -> list[tuple[str, Cast, str]]:
    types = contract.types
    return [(name, step.checked(cast_text(step.text, types[name])), step.delivered) for name, step in spelled.items()]


def _folder_casts(contract: Contract, names: Sequence[str]) -> list[tuple[str, Cast, str]]:
    types = contract.types
    return [(name, cast_text(identifier(name), types[name]), identifier(name)) for name in names]


def _without(contract: Contract, names: Collection[str]) -> Contract:
    return replace(contract, columns=tuple(column for column in contract.columns if column.name not in names))


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
