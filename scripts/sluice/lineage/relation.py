"""What a query can read: relations with their columns and rows, and how names are looked up among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from sluice.lineage.influence import EVERY, IDENTITY, OF_ROWS, ROWS, Traced, united

Key = frozenset[str]


class NotTracedError(Exception):
    """The SQL cannot be followed column by column, and why."""


@dataclass
class Relation:
    """A table, a subquery or a function in `from`.

    `columns` are those whose names are known. A name that is not among them is looked up in `passes_on` (`select *` of something
    whose columns are not all known, without some names), is a column of `table`, or is made of `anything` (a pivot, a function).
    `unmatched` is what decides whether columns are empty, if it is behind an outer join.
    `keys` are sets of columns in which no two rows are equal; a column in `ranks` is 1 once for each value of its set of columns.
    """

    columns: dict[str, Traced] = field(default_factory=dict)
    rows: Traced = field(default_factory=Traced)
    table: str | None = None
    anything: Traced | None = None
    passes_on: list[tuple[Relation, frozenset[str]]] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    ranks: dict[str, Key] = field(default_factory=dict)
    unmatched: Traced = field(default_factory=Traced)

    @property
    def is_open(self) -> bool:
        """Whether it may have other columns than those that are known."""
        return self.table is not None or self.anything is not None or bool(self.passes_on)

    def column(self, name: str) -> Traced | None:
        """What a column is made of, or None if it has none of this name."""
        made = self._column(name)
        return united(made, self.unmatched) if made is not None and self.unmatched.leaves else made

    def _column(self, name: str) -> Traced | None:
        if name in self.columns:
            return self.columns[name]
        if self.table is not None:
            return Traced({(self.table, name): IDENTITY})
        found = [self.anything] if self.anything is not None else []
        found += [made for inner, without in self.passes_on if name not in without and (made := inner.column(name)) is not None]
        return united(*found) if found else None

    def all_columns(self) -> Traced:
        """What all its columns together are made of."""
        others = [self.anything] if self.anything is not None else []
        others += [Traced({(self.table, EVERY): IDENTITY})] if self.table is not None and not self.columns else []
        passed = (inner.all_columns() for inner, _ in self.passes_on)
        return united(*self.columns.values(), *others, *passed, self.unmatched)


def table_relation(unique_id: str, columns: Iterable[str], *, is_complete: bool, keys: Iterable[Key] = ()) -> Relation:
    """A relation of the warehouse."""
    known = {name: Traced({(unique_id, name): IDENTITY}) for name in columns}
    rows = Traced({(unique_id, ROWS): OF_ROWS})
    return Relation(known, rows, None if known and is_complete else unique_id, keys=list(keys))


@dataclass
class Frame:
    """One `select`: what it reads, under which names, inside which other one.

    `merged` has the sources of a column of `using`. `grouped` is what a group consists of, `framed` what windows
    see; `inner` follows a query inside an expression.
    """

    inner: Callable[[exp.Expr, Frame], Relation]
    parent: Frame | None = None
    ctes: dict[str, Relation] = field(default_factory=dict)
    sources: dict[str, Relation] = field(default_factory=dict)
    merged: dict[str, list[str]] = field(default_factory=dict)
    selected: dict[str, exp.Expr] = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    grouped: Traced = field(default_factory=Traced)
    framed: Traced = field(default_factory=Traced)

    def cte(self, name: str) -> Relation | None:
        """A common table expression that is visible here."""
        return self.ctes.get(name) or (self.parent.cte(name) if self.parent else None)

    def frames(self) -> Iterator[Frame]:
        """It, and those around it."""
        at: Frame | None = self
        while at is not None:
            yield at
            at = at.parent

    def owners(self, name: str) -> list[str]:
        """The sources that a name without a table is from: the one that has it; if nobody is known to, all that may."""
        if name in self.merged:
            return self.merged[name]
        known = [alias for alias, source in self.sources.items() if name in source.columns]
        return known or [alias for alias, source in self.sources.items() if source.column(name) is not None]
