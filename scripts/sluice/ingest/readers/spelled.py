"""Feeds whose files are spelled in their own way: names of columns, dates, numbers, words for null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import duckdb
from duckdb.sqltypes import DuckDBPyType
from pydantic import Field

from sluice.ingest.formats import ColumnFormat, Mark, Nulls, Patterns, Signs, Spelling, Steps, steps
from sluice.ingest.readers.protocol import Mistake
from sluice.lake.contracts import Contract


@dataclass(frozen=True, kw_only=True)
class Spelled:
    """The keys of a feed that say how its values are written, for all columns and for one."""

    null_text: Nulls = ()
    trim: Annotated[bool, Field(description="leave out space around values")] = False
    date_format: Patterns = ()
    timestamp_format: Patterns = ()
    decimal: Annotated[Mark, Field(description="decimal sign of numbers")] = "."
    thousands: Annotated[Mark | None, Field(description="sign between thousands of numbers")] = None
    signs: Signs = ()
    columns: Annotated[
        Mapping[str, ColumnFormat], Field(description="by column of the contract: its name in the files, and how it is written")
    ] = field(default_factory=dict)

    def spelling(self, column: str, kind: DuckDBPyType) -> Spelling:
        """How the values of a column of the contract are written: what its own keys say, then what the feed's say."""
        own = self.columns.get(column, ColumnFormat())
        patterns = {"date": self.date_format, "timestamp": self.timestamp_format}.get(kind.id, ())
        return Spelling(
            nulls=self.null_text + own.null_text,
            trim=self.trim if own.trim is None else own.trim,
            patterns=own.format or patterns,
            decimal=own.decimal or self.decimal,
            thousands=own.thousands or self.thousands or "",
            signs=own.signs or self.signs,
        )

    def steps(self, column: str, kind: DuckDBPyType | None, text: str, exempt: str = "false") -> Steps:
        """From the delivered `text` (a column t0) to what the casts read; a column without a type is a new one."""
        kind = kind or duckdb.sqltype("varchar")
        return steps(self.spelling(column, kind), text, kind, exempt)

    def promised_names(self, contract: Contract, names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
        """The names of the contract for those in a file, in any case; others stay. And what speaks against the file."""
        delivered = self.delivered_names(contract.names)
        promised = {name.lower(): column for column, name in delivered.items()}
        lowered = [name.lower() for name in names]
        faults = self.strangers(contract, names) + [
            f"{name!r}, from which the feed takes {column}, is missing"
            for column, name in delivered.items()
            if column != name and name.lower() not in lowered
        ]
        return tuple(promised.get(low, name) for low, name in zip(lowered, names, strict=True)), faults

    def strangers(self, contract: Contract, names: Sequence[str]) -> list[str]:
        """What speaks against names in a file that a promised column has, which comes from another one."""
        elsewhere = self._elsewhere(contract)
        return [
            f"{name} is in the file, though the feed takes it from {elsewhere[name.lower()]!r}"
            for name in names
            if name.lower() in elsewhere
        ]

    def taken_elsewhere(self, contract: Contract, names: Sequence[str]) -> set[str]:
        """Those of the names that a promised column has, which comes from another one."""
        elsewhere = self._elsewhere(contract)
        return {name for name in names if name.lower() in elsewhere}

    def _elsewhere(self, contract: Contract) -> dict[str, str]:
        delivered = self.delivered_names(contract.names)
        taken = {name.lower() for name in delivered.values()}
        return {column.lower(): name for column, name in delivered.items() if column.lower() not in taken}

    def as_delivered(self, contract: Contract) -> Contract:
        """The contract with the names of the files."""
        names = self.delivered_names(contract.names)
        return replace(contract, columns=tuple(replace(column, name=names[column.name]) for column in contract.columns), key=())

    def delivered_names(self, names: Sequence[str]) -> dict[str, str]:
        """The name in the files of each promised column in `names`."""
        return {name: self.columns[name].delivered or name if name in self.columns else name for name in names}

    def mistakes(self, contract: Contract) -> Iterator[Mistake]:
        """What cannot work with this contract."""
        types = contract.types
        for name, own in self.columns.items():
            if name not in types:
                yield Mistake(
                    ("columns", name), f"`{name}` is not a column of {contract.name}", f"its columns: {', '.join(types)}"
                )
            elif key := own.misplaced(types[name]):
                yield Mistake(("columns", name, key), f"`{key}` means nothing for {name}, which is {types[name]}".lower(), "")
        yield from self._same_marks(types)
        yield from self._same_names(contract)

    def _same_marks(self, types: Mapping[str, DuckDBPyType]) -> Iterator[Mistake]:
        for name, kind in types.items():
            spelling = self.spelling(name, kind)
            if spelling.decimal == spelling.thousands:
                own = name in self.columns and (self.columns[name].thousands or self.columns[name].decimal)
                at = ("columns", name, "thousands") if own else ("thousands",)
                what = f"`decimal` and `thousands` are both {spelling.decimal!r}"
                yield Mistake(at, what, "set both, e.g. decimal: ',' and thousands: '.'")
                return

    def _same_names(self, contract: Contract) -> Iterator[Mistake]:
        found: dict[str, str] = {}
        for name, delivered in self.delivered_names(contract.names).items():
            other = found.setdefault(delivered.lower(), name)
            if other != name:
                at = ("columns", name if name in self.columns else other, "from")
                yield Mistake(at, f"{other} and {name} both come from {delivered!r}", "name each column of the files once")
