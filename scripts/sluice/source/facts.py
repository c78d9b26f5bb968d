"""What was seen of a source: tables, columns, values. Plain data, from which the proposal follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# The type of a column that is text in the source, whatever it holds, and that ingest can read as another type.
TEXT = "text"
# The type of a column whose numbers are written by a program: with a point, and nothing between thousands.
PLAIN = "plain"
# Types that may hold amounts, which are decimal here; so their values are looked at as text is.
FLOATS = ("DOUBLE", "FLOAT")


@dataclass(frozen=True)
class Shape:
    """Values of a column that look alike: how many, the most digits and decimals of numbers, and one of them.

    `marks` are the signs of currencies beside numbers, or the words that mean null.
    """

    name: str
    values: int
    digits: int
    scale: int
    marks: tuple[str, ...]
    example: str


@dataclass(frozen=True)
class ColumnFacts:
    """What was seen of one column.

    `type` is the one that the source gives, None where all is text, `TEXT` or `PLAIN` where it tells text from numbers.
    `formats` has, of each format of days and times, how many values it reads. `common` are the most frequent values with
    their counts. `files` is in how many files it occurs.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    type: str | None = None
    required: bool = False
    shapes: tuple[Shape, ...] = ()
    formats: Mapping[str, int] = field(default_factory=dict)
    common: tuple[tuple[str, int], ...] = ()
    files: int = 1

    @property
    def empty(self) -> int:
        """Rows without a value."""
        return self.rows - self.filled


@dataclass(frozen=True)
class TableFacts:
    """What was seen of a raw table. `feed` has the keys of its feed but for source, table and columns.

    `key` is what the source declares or what was found to be unique, with the words that say how sure that is.
    `why_not` says why it cannot be read at all; then there are no columns.
    """

    table: str
    feed: Mapping[str, Any]
    columns: tuple[ColumnFacts, ...] = ()
    rows: int = 0
    files: int = 1
    is_sample: bool = False
    key: tuple[str, ...] = ()
    key_sure: str = ""
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> ColumnFacts:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)
