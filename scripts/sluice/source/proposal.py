"""What is proposed for a source, as plain data: raw tables with their contracts, and staging models with their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice.source.facts import ColumnFacts, TableFacts


@dataclass(frozen=True)
class RawColumn:
    """A column of a contract. `feed` has what a feed says of it, `sure` how the type was found, `ask` what is to be decided."""

    name: str
    type: str
    facts: ColumnFacts
    sure: str
    required: bool = False
    feed: Mapping[str, Any] = field(default_factory=dict)
    ask: str = ""


@dataclass(frozen=True)
class RawTable:
    """A raw table: its contract and its feed. `key` has the names of the contract."""

    facts: TableFacts
    columns: tuple[RawColumn, ...]
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table's name in the contract."""
        return self.facts.table

    def column(self, name: str) -> RawColumn:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class CommonColumn:
    """A common column and the SQL that gives it. `used` are the raw columns in it, `how` why they were taken.

    `why` is a comment for readers, `ask` what a person has to decide.
    """

    name: str
    sql: str
    used: tuple[str, ...] = ()
    how: str = ""
    why: str = ""
    ask: str = ""


@dataclass(frozen=True)
class Staging:
    """A staging model of an entity. `is_derived`: the rows are those of another entity, or supply several of them."""

    entity: str
    table: RawTable
    columns: tuple[CommonColumn, ...]
    is_derived: bool = False

    @property
    def unused(self) -> tuple[str, ...]:
        """Raw columns that the model leaves out."""
        used = {name for column in self.columns for name in column.used}
        return tuple(column.name for column in self.table.columns if column.name not in used)


@dataclass(frozen=True)
class Proposal:
    """All of a source. `side_tables` are raw tables that look like no entity of the project."""

    source: str
    tables: tuple[RawTable, ...]
    stagings: tuple[Staging, ...]
    notes: tuple[str, ...] = ()

    def of(self, table: RawTable) -> tuple[Staging, ...]:
        """The staging models that read a table, the one whose rows they are first."""
        return tuple(sorted((one for one in self.stagings if one.table.name == table.name), key=lambda one: one.is_derived))

    @property
    def side_tables(self) -> tuple[RawTable, ...]:
        """Raw tables that no staging model reads."""
        return tuple(table for table in self.tables if not self.of(table))

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities that the source supplies."""
        return tuple(one.entity for one in self.stagings)

    @property
    def derived(self) -> tuple[str, ...]:
        """Those that are made out of the rows of another."""
        return tuple(one.entity for one in self.stagings if one.is_derived)
