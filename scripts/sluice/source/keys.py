"""Which columns identify a row, tried on the staged rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import duckdb

from sluice.source.facts import ColumnFacts
from sluice.source.profile import is_unique
from sluice.source.vocabulary import plain, singular, vocabulary, words

_NOT_KEYS = ("point", "comma", "thousands, point", "thousands, comma", "exponent", "boolean")
_MOST_COLUMNS = 3
_MOST_CANDIDATES = 6


def find_key(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[ColumnFacts]) -> tuple[tuple[str, ...], str]:
    """The columns of `looked` that identify a row, and how sure that is; no columns where none were found."""
    named = [column for column in columns if _may_identify(column)][:_MOST_CANDIDATES]
    own_first = sorted(named, key=lambda column: not _is_own(table, column))
    for tried in _tries([column.name for column in own_first], [column.name for column in named]):
        if how := is_unique(connection, tried):
            where = "all rows" if how == "all" else "each file, not over all of them: versions of a row"
            return tried, f"unique in {where}"
    return (), _nearly(named, columns)


def _tries(single: Sequence[str], together: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Columns alone, then two and three of them together."""
    yield from ((name,) for name in single)
    for size in range(2, _MOST_COLUMNS + 1):
        yield from combinations(together, size)


def _may_identify(column: ColumnFacts) -> bool:
    """Whether its name says that it identifies something, and no row is without a value."""
    is_named = bool(words(column.name)) and words(column.name)[-1] in vocabulary().key_words
    is_amount = any(shape.name in _NOT_KEYS for shape in column.shapes)
    return is_named and column.filled == column.rows > 0 and not is_amount


def _is_own(table: str, column: ColumnFacts) -> bool:
    """Whether its name is that of the table's own id: `id`, `order_id` of `orders`."""
    return any(plain(column.name) == own + word for own in ("", singular(plain(table))) for word in vocabulary().key_words)


def _nearly(candidates: Sequence[ColumnFacts], columns: Sequence[ColumnFacts]) -> str:
    """What comes nearest to a key, for a person to judge."""
    if not candidates:
        return "no column has a name and values of a key" if columns else ""
    best = max(candidates, key=lambda column: column.distinct)
    return f"{best.name} has {best.distinct:,} values in {best.rows:,} rows"
