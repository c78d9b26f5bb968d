"""The columns of a relation on two sides: which belong together, and the type in which their values are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sluice.core.duck import identifier
from sluice.core.manifest import folded
from sluice.diff.exact import FLOATS, HUGE, INTEGERS, TIMES, Reckoned, comparable, digits, is_number, number_type, reckoned, step
from sluice.diff.result import SchemaChange

_WORDS = {"VARCHAR", "UUID", "BOOLEAN"}


@dataclass(frozen=True)
class ComparedColumn:
    """A column as DuckDB describes it. Values of one that may be collated are compared letter by letter."""

    name: str
    type: str
    is_collated: bool = False

    @property
    def kind(self) -> str:
        """number, time, word, or other (nested, blob, interval, ...)."""
        if is_number(self.type):
            return "number"
        if self.type in TIMES:
            return "time"
        return "word" if self.type in _WORDS or self.type.startswith("ENUM(") else "other"

    @property
    def reckoned(self) -> Reckoned:
        """How its values are added up."""
        return reckoned(self.type, self.type)

    def sql(self, alias: str = "") -> str:
        """Its value."""
        value = f"{alias}.{identifier(self.name)}" if alias else identifier(self.name)
        return f'({value} collate "binary")' if self.is_collated else value


@dataclass(frozen=True)
class Shared:
    """A column of both sides, and the type that both have, or in which people compare them."""

    before: ComparedColumn
    after: ComparedColumn
    common: ComparedColumn

    @property
    def name(self) -> str:
        """Its name on the second side."""
        return self.after.name

    @property
    def is_retyped(self) -> bool:
        """Whether its types differ."""
        return self.before.type != self.after.type

    @property
    def compared_as(self) -> str:
        """The type of what `sql` gives, where it is a number; otherwise that of the column."""
        return number_type(self.before.type, self.after.type) if self.is_retyped else self.after.type

    @property
    def reckoned(self) -> Reckoned:
        """How differences of its values are reckoned."""
        return reckoned(self.before.type, self.after.type)

    def raw(self, side: str) -> str:
        """Its value on side `a` or `b`, of a row that has both sides."""
        return (self.before if side == "a" else self.after).sql(side)

    def sql(self, side: str, alias: str = "") -> str:
        """The same, or without an alias, as something that is equal on both sides if the values are."""
        return self.compared((self.before if side == "a" else self.after).sql(alias), side)

    def compared(self, value: str, side: str) -> str:
        """A value of one side as something that is equal on both sides if the values are."""
        return comparable(value, self.before.type, self.after.type, side)

    def step(self, old: str, new: str) -> str:
        """The difference of two of its values."""
        return step(old, new, self.before.type, self.after.type)


def shared(before: Sequence[ComparedColumn], after: Sequence[ComparedColumn]) -> list[Shared]:
    """The columns that both sides have, in the order of the second; names are compared as DuckDB does."""
    old = {folded(column.name): column for column in before}
    found = []
    for column in after:
        other = old.get(folded(column.name))
        if other is not None:
            found.append(Shared(other, column, ComparedColumn(column.name, common(other, column))))
    return found


def common(before: ComparedColumn, after: ComparedColumn) -> str:
    """The type in which people compare both: text, if no better one is certain."""
    if before.type == after.type:
        return after.type
    kinds = {before.kind, after.kind}
    if kinds == {"number"}:
        return _number(before.type, after.type)
    if kinds == {"time"}:
        return "TIMESTAMP WITH TIME ZONE" if "TIMESTAMP WITH TIME ZONE" in (before.type, after.type) else "TIMESTAMP"
    is_nested = all(kind.endswith((")", "]")) for kind in (before.type, after.type)) and kinds == {"other"}
    return after.type if is_nested else "VARCHAR"


def _number(before: str, after: str) -> str:
    types = {before, after}
    if types <= INTEGERS | {"HUGEINT"}:
        return "HUGEINT"
    whole, scale = (max(pair) for pair in zip(digits(before), digits(after), strict=True))
    if types & (FLOATS | HUGE) or whole + scale > 38:
        return "DOUBLE"
    return f"DECIMAL({whole + scale},{scale})"


def schema_changes(
    before: Sequence[ComparedColumn], after: Sequence[ComparedColumn], type_of: Callable[[ComparedColumn], str]
) -> list[SchemaChange]:
    """Columns removed, added, retyped, renamed; and moved, if the order of the common ones differs."""
    old, new = ({folded(column.name): column for column in side} for side in (before, after))
    changes = [SchemaChange("column removed", column.name, type_of(column)) for name, column in old.items() if name not in new]
    changes += [
        SchemaChange("column added", column.name, None, type_of(column)) for name, column in new.items() if name not in old
    ]
    for name, column in new.items():
        if name in old and old[name].type != column.type:
            changes.append(SchemaChange("column retyped", column.name, type_of(old[name]), type_of(column)))
        if name in old and old[name].name != column.name:
            changes.append(SchemaChange("column renamed", column.name, old[name].name, column.name))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        changes.append(SchemaChange("columns moved", ", ".join(name for name in new if name in old)))
    return changes
