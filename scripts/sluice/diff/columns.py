"""The columns of a relation on two sides: which belong together, and the type in which their values are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sluice.core.duck import identifier
from sluice.diff.result import SchemaChange

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_HUGE = {"HUGEINT", "UHUGEINT"}
_FLOATS = {"FLOAT", "DOUBLE"}
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
_WORDS = {"VARCHAR", "UUID", "BOOLEAN"}


@dataclass(frozen=True)
class ComparedColumn:
    """A column as DuckDB describes it."""

    name: str
    type: str

    @property
    def kind(self) -> str:
        """number, time, word, or other (nested, blob, interval, ...)."""
        if self.type in _INTEGERS | _HUGE | _FLOATS or self.type.startswith("DECIMAL("):
            return "number"
        if self.type in _TIMES:
            return "time"
        return "word" if self.type in _WORDS or self.type.startswith("ENUM(") else "other"

    @property
    def is_summed_exactly(self) -> bool:
        """Whether DuckDB's own sum of it cannot overflow."""
        return self.reckoned != "DOUBLE"

    @property
    def reckoned(self) -> str:
        """The type in which differences and sums of it cannot overflow."""
        if self.type in _INTEGERS:
            return "HUGEINT"
        digits = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", self.type)
        if digits and int(digits[1]) <= 28:  # a sum of 10**10 of them still fits
            return f"DECIMAL(38,{digits[2]})"
        return "DOUBLE"


@dataclass(frozen=True)
class Shared:
    """A column of both sides, and the type in which its values are compared."""

    before: ComparedColumn
    after: ComparedColumn
    common: ComparedColumn

    @property
    def name(self) -> str:
        """Its name on the second side."""
        return self.after.name

    def sql(self, side: str, alias: str = "") -> str:
        """Its value on side `a` or `b`, in the common type."""
        column = self.before if side == "a" else self.after
        value = f"{alias}.{identifier(column.name)}" if alias else identifier(column.name)
        return value if column.type == self.common.type else f"cast({value} as {self.common.type})"


def shared(before: Sequence[ComparedColumn], after: Sequence[ComparedColumn], structs: Mapping[str, str]) -> list[Shared]:
    """The columns that both sides have, in the order of the second; names are compared without case.

    `structs` has the common type of nested columns, if DuckDB finds one.
    """
    old = {column.name.lower(): column for column in before}
    found = []
    for column in after:
        other = old.get(column.name.lower())
        if other is not None:
            found.append(Shared(other, column, ComparedColumn(column.name, common(other, column, structs.get(column.name)))))
    return found


def common(before: ComparedColumn, after: ComparedColumn, nested: str | None = None) -> str:
    """The type in which both can be compared without an error: text, if no better one is certain."""
    if before.type == after.type:
        return after.type
    kinds = {before.kind, after.kind}
    if kinds == {"number"}:
        return _number(before.type, after.type)
    if kinds == {"time"}:
        return "TIMESTAMP WITH TIME ZONE" if "TIMESTAMP WITH TIME ZONE" in (before.type, after.type) else "TIMESTAMP"
    return nested or "VARCHAR"


def _number(before: str, after: str) -> str:
    types = {before, after}
    if types <= _INTEGERS | {"HUGEINT"}:
        return "HUGEINT"
    digits = [_digits(kind) for kind in (before, after)]
    whole, scale = (max(pair[n] for pair in digits) for n in (0, 1))
    if types & (_FLOATS | _HUGE) or whole + scale > 38:
        return "DOUBLE"
    return f"DECIMAL({whole + scale},{scale})"


def _digits(kind: str) -> tuple[int, int]:
    """Digits before and after the point; integers have up to twenty."""
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else (20, 0)


def schema_changes(before: Sequence[ComparedColumn], after: Sequence[ComparedColumn]) -> list[SchemaChange]:
    """Columns removed, added, retyped, renamed; and moved, if the order of the common ones differs."""
    old, new = ({column.name.lower(): column for column in side} for side in (before, after))
    changes = [SchemaChange("column removed", column.name, column.type) for name, column in old.items() if name not in new]
    changes += [SchemaChange("column added", column.name, None, column.type) for name, column in new.items() if name not in old]
    for name, column in new.items():
        if name in old and old[name].type != column.type:
            changes.append(SchemaChange("column retyped", column.name, old[name].type, column.type))
        if name in old and old[name].name != column.name:
            changes.append(SchemaChange("column renamed", column.name, old[name].name, column.name))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        changes.append(SchemaChange("columns moved", ", ".join(name for name in new if name in old)))
    return changes
