"""Pairs of small tables at random: what a diff is given to compare."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.helpers.judged import values

_SIDE_BY_SIDE = 16  # small tables in a relation, each with its number in the key, where there are several
_SECRETS = ["secret-a", "secret-b", "secret-c"]


@dataclass
class Column:
    """A column: its name and type on each side (None: it is not there)."""

    names: tuple[str | None, str | None]
    types: tuple[str, str]
    is_key: bool = False
    is_personal: bool = False

    @property
    def is_shared(self) -> bool:
        return None not in self.names


@dataclass
class Pair:
    """One relation on two sides; rows have a value for every column, of the type that it has there."""

    schema: str
    tables: tuple[str, str]
    columns: list[Column]
    rows: tuple[list[list[Any]], list[list[Any]]]
    is_view: bool
    traits: list[str] = field(default_factory=list)

    @property
    def relation(self) -> str:
        return f"{self.schema}.{self.tables[1]}"

    def names(self, at: int) -> list[int]:
        return [n for n, column in enumerate(self.columns) if column.names[at] is not None]

    def __str__(self) -> str:
        typed = [
            f"{column.names} {column.types}{' key' * column.is_key}{' personal' * column.is_personal}" for column in self.columns
        ]
        return f"{self.relation}: {'; '.join(typed)}\n  before {self.rows[0]}\n  after  {self.rows[1]}"


def drawn(number: int, dice: random.Random) -> Pair:
    """A pair: a small table on two sides, or several of the same columns side by side; its names have its number in them."""
    columns = [_column(n, dice, is_key=True) for n in range(dice.choice([0, 1, 1, 1, 2]))]
    columns += [_column(len(columns) + n, dice) for n in range(dice.randint(1, 3))]
    if not any(column.is_shared for column in columns):
        columns.append(Column(("both", "both"), ("INTEGER", "INTEGER")))
    is_double = dice.random() < 0.3
    parts = [_rows(columns, dice, is_double) for _ in range(dice.choice([1, 1, _SIDE_BY_SIDE]))]
    if len(parts) > 1:
        columns.insert(0, Column(("part", "part"), ("INTEGER", "INTEGER"), is_key=any(column.is_key for column in columns)))
        parts = [
            tuple([[Fraction(at), *row] for row in rows] for rows in sides)  # type: ignore[misc]  # two sides
            for at, sides in enumerate(parts)
        ]
    before, after = ([row for sides in parts for row in sides[at]] for at in (0, 1))
    dice.shuffle(after)
    name, schema = f"T{number}", dice.choice(["main", "main", "Shop.eu", 'a "b"'])
    name = dice.choice([name, name, f"{name}.x", f'{name}"'])
    return Pair(schema, (name, name.lower() if dice.random() < 0.2 else name), columns, (before, after), dice.random() < 0.03)


def _rows(columns: Sequence[Column], dice: random.Random, is_double: bool) -> tuple[list[list[Any]], list[list[Any]]]:
    """The rows of a small table before, and what became of them."""
    before = [_row(columns, 0, dice, number, is_double) for number in range(dice.randint(0, 7))]
    after = [_changed(row, columns, dice) for row in before if dice.random() > 0.12]
    after += [_row(columns, 1, dice, len(before) + n, is_double) for n in range(dice.choice([0, 0, 1, 2]))]
    if is_double and after and dice.random() < 0.4:
        after.append(list(dice.choice(after)))
    return before, after


def _column(number: int, dice: random.Random, is_key: bool = False) -> Column:
    kind = dice.choice(["number", "number", "number", "time", "word", "word", "list", "struct", "map"])
    if is_key and kind in ("list", "struct", "map"):
        kind = "number"
    types = values.KINDS[kind]
    first = dice.choice(types)
    second = dice.choice(types) if dice.random() < 0.35 else first
    if kind == "number" and first in ("INTEGER", "BIGINT") and dice.random() < 0.05:
        second = "VARCHAR"
    name = f"{dice.choice(['c', 'Val ', 'select', 'C.'])}{number}"
    names: tuple[str | None, str | None] = (name, name.upper() if dice.random() < 0.1 else name)
    if not is_key and dice.random() < 0.1:
        names = dice.choice([(name, None), (None, name)])
    return Column(names, (first, second), is_key, is_personal=dice.random() < 0.15)


def _value(column: Column, at: int, dice: random.Random) -> Any:
    if column.is_personal and values.kind_of(column.types[at]) == "word" and not column.types[at].startswith("ENUM"):
        return dice.choice([*_SECRETS, None])
    return values.drawn(column.types[at], dice)


def _row(columns: Sequence[Column], at: int, dice: random.Random, number: int, is_double: bool) -> list[Any]:
    row = [_value(column, at, dice) for column in columns]
    keys = [n for n, column in enumerate(columns) if column.is_key]
    if keys and not is_double:  # a key of its own
        row[keys[0]] = _unique(columns[keys[0]].types[at], number)
    return row


def _unique(type: str, number: int) -> Any:
    kind = values.kind_of(type)
    if kind == "number":
        return values.fitted(Fraction(number + 1), type)
    if kind == "time":
        return values.fitted((20_000 + number) * 86_400 * 10**9, type)
    return values.fitted(["a", "A", "b", "7", "c", "d", "e", "f", "g", "h", "i", "j"][number], type)


def _changed(row: Sequence[Any], columns: Sequence[Column], dice: random.Random) -> list[Any]:
    """The row as the second side has it: converted, and sometimes with another value."""
    after = []
    for value, column in zip(row, columns, strict=True):
        if not column.is_key and dice.random() < 0.15:
            after.append(_value(column, 1, dice))
        else:
            after.append(_converted(value, *column.types))
    return after


def _converted(value: Any, before: str, after: str) -> Any:
    if value is not None and values.kind_of(before) != values.kind_of(after):
        return values.text(value)
    return values.fitted(value, after)
