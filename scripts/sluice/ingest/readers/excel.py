"""Workbooks (xlsx): every cell as the text that the file holds, so no digit is lost; days are numbers there, and become days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import duckdb
from duckdb.sqltypes import DuckDBPyType
from pydantic import AfterValidator, Field

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.ingest.files import Delivery, compression, decompress
from sluice.ingest.formats import Nulls, Steps
from sluice.ingest.landing import Work
from sluice.ingest.readers.file_feed import FileFeed, alike
from sluice.ingest.readers.spelled import Spelled
from sluice.ingest.readers.texts import judged
from sluice.ingest.rows import REFUSAL, StagedRows, column_faults, columns_sql, raise_faults, refused_rows
from sluice.ingest.workbooks import Extent, check_range, column_letters, corners, extent
from sluice.lake import raw

# Day 60 of a workbook is 29 February 1900, which there was not; the days after it count from 1899-12-30.
_FIRST_DAY, _LAST_DAY = 61, 2_958_465


@dataclass(frozen=True, order=True)
class Shape:
    """The columns of a sheet by name and place (1 is A), and where its records are."""

    columns: tuple[tuple[str, int], ...]
    corners: tuple[int, int, int, int]
    since_1904: bool


@dataclass(frozen=True, kw_only=True)
class ExcelFeed(Spelled, FileFeed):
    """A feed of workbooks: of one sheet, whose first row has the names of the columns. Blank rows are passed over."""

    extensions = ("delta", "excel")

    null_text: Nulls = ("",)
    sheet: Annotated[str | None, Field(min_length=1, description="name of the sheet; the first one if not given")] = None
    range: Annotated[
        str, AfterValidator(check_range), Field(description="cells, from the header on, e.g. A3, A3:F or A3:F200")
    ] = "A1"

    def readable(self, file: Delivery, work: Work) -> Delivery:
        """With the columns and the place of the records as its shape."""
        if compression(file.path):
            target = work.table.incoming / f"{file.content.digest}.xlsx"
            decompress(file.path, target)
            file = replace(file, readable=target)
        else:
            file = super().readable(file, work)
        try:
            return replace(file, shape=self._shape(file, extent(file.readable), work))
        except duckdb.Error as error:
            raise SluiceError(f"not readable as a workbook: {str(error).splitlines()[0]}") from error

    def _shape(self, file: Delivery, reach: Extent, work: Work) -> Shape:
        if self.sheet and self.sheet not in reach.sheets:
            raise SluiceError(f"the workbook has no sheet {self.sheet!r}; it has {', '.join(map(repr, reach.sheets))}")
        left, top, right, bottom = corners(self.range, reach)
        if top > reach.rows or left > right:
            raise SluiceError(f"the sheet is empty, without even a header at {self.range}")
        header = work.connection.execute(f"select * from {self._cells(file, (left, top, right, top))}").fetchone() or ()
        names = {place: (name or "").strip() for place, name in enumerate(header, left)}
        here = (left, top + 1, right, bottom)
        self._refuse_nameless(file, [place for place, name in names.items() if not name], here, work)
        named = {place: name for place, name in names.items() if name}
        lowered = [name.lower() for name in named.values()]
        doubled = sorted({name for name in lowered if lowered.count(name) > 1})
        found, faults = self.promised_names(work.contract, lowered)
        faults += [f"the header names {', '.join(doubled)} twice"] if doubled else []
        faults += self.folder_faults(found)
        raise_faults(faults + column_faults(self.delivered(work.contract), found, raw.columns(work.table)))
        return Shape(tuple(zip(found, named, strict=True)), here, reach.since_1904)

    def _refuse_nameless(self, file: Delivery, places: Sequence[int], here: tuple[int, int, int, int], work: Work) -> None:
        """Raise SluiceError where a column without a name has a value."""
        if not places or here[1] > here[3]:
            return
        counts = ", ".join(f"count({identifier(column_letters(place))})" for place in places)
        row = work.connection.execute(f"select {counts} from {self._cells(file, here)}").fetchone() or ()
        filled = [column_letters(place) for place, count in zip(places, row, strict=True) if count]
        if filled:
            raise SluiceError(f"column {', '.join(filled)} has values, but no name in the header at {self.range}")

    def _cells(self, file: Delivery, here: tuple[int, int, int, int]) -> str:
        """SQL of the cells in these corners, as text; the columns are called by their letters."""
        left, top, right, bottom = here
        area = f"{column_letters(left)}{top}:{column_letters(right)}{bottom}"
        sheet = f", sheet = {literal(self.sheet)}" if self.sheet else ""
        letters = ", ".join(identifier(column_letters(place)) for place in range(left, right + 1))
        return (
            f"read_xlsx({literal(str(file.readable))}, range = {literal(area)}, header = false, all_varchar = true,"
            f" stop_at_empty = false{sheet}) as cells ({letters})"
        )

    def steps(self, column: str, kind: DuckDBPyType | None, text: str, exempt: str = "false") -> Steps:
        """A day is a number in a workbook; what is not such a number is read as in a CSV file."""
        steps = super().steps(column, kind, text, exempt)
        if kind is None or kind.id not in ("date", "timestamp"):
            return steps
        spelled, number = f"d{text.removeprefix('t')}", f"try_cast({steps.cleaned} as double)"
        first = f"case when __since_1904 then 0 else {_FIRST_DAY} end"
        day = "case when __since_1904 then timestamp '1904-01-01' else timestamp '1899-12-30' end"
        moment = f"{day} + to_milliseconds(round({number} * 86400000)::bigint)"
        serial = f"case when {number} between {first} and {_LAST_DAY} then strftime({moment}, '%Y-%m-%d %H:%M:%S.%g') end"
        is_number = f"regexp_full_match({steps.cleaned}, '[0-9]+(\\.[0-9]+)?(E[+-]?[0-9]+)?')"
        other = steps.text if steps.text != steps.cleaned else "null"
        value = f"case when {is_number} then coalesce({other}, {serial}) else {steps.text} end as {spelled}"
        return replace(steps, text=spelled, columns=(*steps.columns, value))

    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        contract = work.contract
        new_columns = self.delivered(contract).unknown(name for file in files for name, _ in file.shape.columns)
        typed = [f"{identifier(column.name)} {column.type}" for column in contract.columns]
        typed += [f"{identifier(name)} varchar" for name in new_columns]
        work.connection.execute(f"""
            create or replace temp table staged (
                {", ".join(typed)}, __file bigint, __refusal {REFUSAL}, __rendered varchar, __position bigint
            )
        """)
        for members, start in alike(files):
            for index, file in enumerate(members, start):
                self._stage(file, index, work)
        columns = columns_sql([*contract.names, *new_columns])
        good = f"select {columns}, __file, __position from staged where __refusal is null"
        return StagedRows(good, refused_rows("staged", "__rendered"), new_columns)

    def _stage(self, file: Delivery, index: int, work: Work) -> None:
        """Add a file's records to `staged`; their positions are their places below the header."""
        shape: Shape = file.shape
        if shape.corners[1] > shape.corners[3]:
            return
        folders = self.folders([file], "0")
        texts = {name: f"t{place}" for place, name in enumerate([*(name for name, _ in shape.columns), *folders])}
        types = work.contract.types
        steps = {name: self.steps(name, types.get(name), text) for name, text in texts.items()}
        given = [f"nullif({identifier(column_letters(place))}, '') as {texts[name]}" for name, place in shape.columns]
        given += [f"{text} as {texts[name]}" for name, text in folders.items()]
        work.connection.execute(f"""
            create or replace temp table cells as
            select {", ".join(given)}, {index} as __file, {literal(shape.since_1904)} as __since_1904
            from {self._cells(file, shape.corners)}
        """)
        filled = " or ".join(f"{texts[name]} is not null" for name, _ in shape.columns)
        source = f"select *, rowid + 1 as __position from cells where {filled}"
        work.connection.execute(
            f"insert into staged by name {judged(work.contract, steps, source, exponents=True, carried=('__position',))}"
        )
