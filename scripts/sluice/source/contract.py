"""The raw table of what was seen: names, types, key, and what its feed has to say of a column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any

from sluice.ingest.readers import READERS
from sluice.lake.contracts import RESERVED
from sluice.source.facts import ColumnFacts, TableFacts
from sluice.source.proposal import RawColumn, RawTable
from sluice.source.types import choose
from sluice.source.vocabulary import snake


def raw_table(found: TableFacts) -> RawTable:
    """The contract of a table. Columns that are not in every file are left out: ingest lands them as text."""
    everywhere = [column for column in found.columns if column.files == found.files]
    names = dict(zip((column.name for column in everywhere), _names(found, everywhere), strict=True))
    key = tuple(names[name] for name in found.key if name in names)
    columns = tuple(_column(found, column, names[column.name], required=column.name in found.key) for column in everywhere)
    return RawTable(found, columns, key)


def required(table: RawTable, names: Iterable[str]) -> RawTable:
    """The same table, with these columns required too where no row is without a value."""
    wanted = set(names)
    columns = (
        replace(column, required=column.required or (column.name in wanted and not column.facts.empty and column.facts.rows > 0))
        for column in table.columns
    )
    return replace(table, columns=tuple(columns))


def _names(found: TableFacts, columns: Sequence[ColumnFacts]) -> list[str]:
    """Names for the contract: plain words, but the source's own where a feed of the format can't rename."""
    names: list[str] = []
    for column in columns:
        name = snake(column.name)
        if not (can(found, "columns") or _same_for_ingest(found, name, column.name)):
            name = column.name
        name = f"{name}_" if name in RESERVED else name
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
    return names


def is_complete(table: RawTable) -> bool:
    """Whether its feed has all keys that feeds of its format need."""
    kind = READERS[table.facts.feed["format"]]
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}
    return needed <= {"source", "table", *table.facts.feed}


def can(found: TableFacts, key: str) -> bool:
    """Whether a feed of the table's format has a key."""
    return key in {field.name for field in fields(READERS[found.feed["format"]])}


def _column(found: TableFacts, column: ColumnFacts, name: str, *, required: bool) -> RawColumn:
    choice = choose(column)
    feed: dict[str, Any] = dict(choice.feed)
    if feed and not can(found, "columns"):
        return RawColumn(name, "varchar", column, f"{choice.sure}, which feeds of this format can't read", required)
    if name != column.name and can(found, "columns") and not _same_for_ingest(found, name, column.name):
        feed = {"from": column.name, **feed}
    return RawColumn(name, choice.type, column, choice.sure, required or column.required, feed, choice.ask)


def _same_for_ingest(found: TableFacts, name: str, other: str) -> bool:
    """Headers of CSV files are compared in any case."""
    return found.feed["format"] == "csv" and name.lower() == other.lower()
