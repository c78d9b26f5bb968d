"""Deliver, ingest, read the lake back with pyarrow, and compare with the oracle, row by row."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from tests.helpers.fuzz.reading import NULL, Reading
from tests.helpers.lake import LakeOfOneFeed, contract

from sluice.ingest.landing import FeedReport
from sluice.ingest.readers import READERS

_ID = re.compile(r"\bk[0-9]+(?:x[0-9]+)?x\b")


@dataclass(frozen=True)
class Row:
    """A delivered row: `kind` names what is odd about it, `shown` shows it, `cells` is what its columns mean.

    Columns that `cells` does not name are null. `surplus` are nested fields that the contract does not know: they are kept,
    or refused, or named in the report.
    """

    id: str
    kind: str
    column: str
    shown: str
    cells: Mapping[str, Reading]
    surplus: frozenset[str] = frozenset()

    @property
    def plain(self) -> bool:
        return not self.surplus and all(reading.plain for reading in self.cells.values())


@dataclass(frozen=True)
class File:
    """A delivered file. `refusable`: it may be refused as a whole. `positions`: the row of each place, if they are counted."""

    name: str
    data: bytes
    rows: tuple[Row, ...]
    refusable: bool = False
    counted: bool = True


@dataclass(frozen=True)
class Finding:
    """Something that must not be: what happened to a row, which is enough to try it alone."""

    format: str
    what: str
    kind: str
    column: str
    shown: str
    detail: str

    def __str__(self) -> str:
        return f"{self.format}: {self.what}: {self.kind}: {self.column} <- {self.shown}{self.detail and f' ({self.detail})'}"


@dataclass
class Outcome:
    """What became of the rows: landed values by id (more than once is a fault), ids in quarantine, refused files.

    `unknown` is why something that is not a file of the delivery was refused: the feed.
    """

    report: FeedReport
    landed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    quarantined: Counter[str] = field(default_factory=Counter)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    unreadable: str = ""
    unknown: str | None = None

    def fate(self, row: Row, file: File) -> tuple[str, Any]:
        """(landed, values), (quarantined, None), (refused, None), or what is wrong."""
        landed, refused = self.landed.get(row.id, []), self.quarantined[row.id]
        if len(landed) + refused > 1:
            return "doubled", None
        if landed:
            return "landed", landed[0]
        if refused:
            return "quarantined", None
        why = self.why(file)
        if why is not None:
            return "refused", why
        return ("lost", None) if self.unknown is None else ("feed stopped", self.unknown)

    def why(self, file: File) -> str | None:
        """Why the file was refused; None where it was not."""
        return next((why for name, why in self.report.refused if name == file.name), None)


def ingest(columns: Mapping[str, str], format: str, files: Sequence[File], **feed: Any) -> Outcome:
    """Ingest the files into a lake of their own and read it back."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz"))
    try:
        lake = LakeOfOneFeed(
            folder, contract(columns), READERS[format]("test", "rows", **{"path": str(folder / "in" / "**" / "*"), **feed})
        )
        for file in files:
            path = folder / "in" / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        report = lake.ingest()
        outcome = _read_back(lake, report)
        names = {file.name for file in files}
        outcome.unknown = next((why for name, why in report.refused if name not in names), None)
        return outcome
    finally:
        shutil.rmtree(folder)


def _read_back(lake: LakeOfOneFeed, report: FeedReport) -> Outcome:
    outcome = Outcome(report)
    try:
        rows = comparable(DeltaTable(str(lake.root / "lake" / "raw" / "test" / "rows")).to_pyarrow_table())
        refused = DeltaTable(str(lake.root / "lake" / "quarantine" / "test" / "rows")).to_pyarrow_table().to_pylist()
    except (OSError, pa.ArrowException) as error:
        outcome.unreadable = f"{type(error).__name__}: {error}".splitlines()[0]
        return outcome
    for row in rows:
        outcome.landed.setdefault(row["id"], []).append(row)
        outcome.places[row["id"]] = (row["_file"], row["_position"])
    for row in refused:
        for name in set(_ID.findall(row["original_text"] or "")):
            outcome.quarantined[name] += 1
            outcome.places[name] = (row["_file"], row["_position"])
    return outcome


def comparable(table: pa.Table) -> list[dict[str, Any]]:
    """Rows of a table in the oracle's form: dates and times as whole numbers."""
    schema = pa.schema([(column.name, _as_numbers(column.type)) for column in table.schema])
    found: list[dict[str, Any]] = table.cast(schema).to_pylist()
    return found


def _as_numbers(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_date32(kind):
        return pa.int32()
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_as_numbers(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([part.with_type(_as_numbers(part.type)) for part in kind])
    return kind


def judge(format: str, columns: Sequence[str], files: Sequence[File], outcome: Outcome) -> list[Finding]:
    """Everything that is not as the oracle says."""
    if outcome.unreadable:
        return [Finding(format, "table unreadable", "", "", "", outcome.unreadable)]
    return [found for file in files for row in file.rows for found in _judge_row(format, columns, file, row, outcome)]


def _judge_row(format: str, columns: Sequence[str], file: File, row: Row, outcome: Outcome) -> Iterator[Finding]:
    fate, values = outcome.fate(row, file)
    faults: list[tuple[str, str]] = []
    if fate == "landed":
        faults += _of_landed(columns, row, values, outcome)
    elif fate == "refused":
        faults += [] if file.refusable else [("file refused", values)]
    elif fate == "quarantined":
        faults += [("refused though it fits", "")] if row.plain else []
    else:
        faults.append((fate, values or ""))
    place, expected = outcome.places.get(row.id), (file.name, file.rows.index(row) + 1)
    if file.counted and fate in ("landed", "quarantined") and place != expected:
        faults.append(("place is wrong", f"{place} instead of {expected}"))
    for what, detail in faults:
        yield Finding(format, what, row.kind, row.column, row.shown, detail)


def _of_landed(columns: Sequence[str], row: Row, values: Mapping[str, Any], outcome: Outcome) -> list[tuple[str, str]]:
    wrong = [name for name in columns if not row.cells.get(name, NULL).accepts(values[name])]
    unnamed = sorted(name for name in row.surplus if name not in repr(outcome.report))
    changed = [("changed", "; ".join(f"{name} is {values[name]!r:.60}" for name in wrong))] if wrong else []
    return changed + ([("dropped in silence", ", ".join(unnamed))] if unnamed else [])


def compare(format: str, files: Sequence[File], outcome: Outcome, again: Sequence[File], other: Outcome) -> list[Finding]:
    """Rows whose fate was another one beside other neighbours."""
    if outcome.unreadable or other.unreadable:
        return []
    first = {row.id: (row, outcome.fate(row, file)) for file in files for row in file.rows}
    found = []
    for file in again:
        for row in file.rows:
            one, two = _bare(first[row.id][1]), _bare(other.fate(row, file))
            if one != two and "refused" not in (one[0], two[0]):
                detail = f"{one[0]} and {two[0]}" if one[0] != two[0] else "two values"
                found.append(Finding(format, "depends on neighbours", row.kind, row.column, row.shown, detail))
    return found


def _bare(fate: tuple[str, Any]) -> tuple[str, str]:
    """A fate without what belongs to the delivery and not to the row."""
    name, values = fate
    origin = ("_file", "_position", "_batch_id", "_loaded_at")
    return name, repr({key: value for key, value in values.items() if key not in origin}) if name == "landed" else ""
