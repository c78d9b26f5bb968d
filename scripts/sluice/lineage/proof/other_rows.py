"""Other rows for the parents of a model, which exercise what the release's rows do not: mixed, twice, or where none are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sluice.core.duck import identifier, listing
from sluice.lineage.proof.changes import FILLS, SHIFTS, Column

_WORD = re.compile(r"'([^']{0,60})'")
_RENEWED = {"number": "@own@ + 1000003", "text": "@own@ || '~'", "time": "@own@ + interval 5000 day"}
# At most this many rows are made for a parent that has none.
_MADE = 2000


@dataclass(frozen=True)
class Parent:
    """A relation that the model reads: the table with its rows, their number, its columns, and its keys."""

    base: str
    rows: int
    columns: Sequence[Column]
    keys: Sequence[Collection[str]] = ()


def words_in(sql: str) -> list[str]:
    """The texts that a query compares with, and what is between their commas."""
    found = _WORD.findall(sql)
    return list(dict.fromkeys([*found, *(part for text in found for part in text.split(",") if part)]))[:40]


def worlds(parents: Mapping[str, Parent], sql: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Names of other rows, and by parent the query that gives them."""
    words = words_in(sql)
    yield "values mixed in few rows", {name: _rows(one, parents, words, mixed(one, 8, words)) for name, one in parents.items()}
    yield "rows twice", {name: _rows(one, parents, words, doubled(one, words)) for name, one in parents.items()}
    yield "values mixed in many rows", {name: _rows(one, parents, words, mixed(one, 2, words)) for name, one in parents.items()}


def _rows(parent: Parent, parents: Mapping[str, Parent], words: Sequence[str], query: str) -> str:
    largest = max(parents.values(), key=lambda one: one.rows)
    return query if parent.rows or not largest.rows else made(parent, largest, words)


def mixed(parent: Parent, share: int, words: Sequence[str]) -> str:
    """The parent where, apart from keys, two of `share` values are others: of another row, new, or a text of the query."""
    values = [_mixed(column, at, 2 * share, words) for at, column in enumerate(parent.columns) if not column.is_key]
    replaced = f"replace ({', '.join(values)})" if values else ""
    return f"select p.* {replaced} from {parent.base} as p"


def _mixed(column: Column, at: int, share: int, words: Sequence[str]) -> str:
    own = f"p.{identifier(column.name)}"
    new = SHIFTS.get(column.kind, "@own@").replace("@own@", own)
    fill = FILLS.get(column.kind)
    new = f"coalesce({new}, {fill})" if fill else new
    text = f"when 2 then {_word(words, at)} " if column.kind == "text" and words else ""
    return f"""(case hash(p, {at}) % {share} when 0 then lead({own}, {3 + 2 * at}) over () when 1 then {new} {text}else {own} end
        )::{column.type} as {identifier(column.name)}"""


def _word(words: Sequence[str], at: int) -> str:
    return f"{listing(words)}[1 + (hash(p, {at + 1000}) % {len(words)})::int]"


def doubled(parent: Parent, words: Sequence[str]) -> str:
    """The parent with one of three rows twice: the second time with another key, and with other values here and there."""
    by_name = {column.name.lower(): column for column in parent.columns}
    renewed: dict[str, str] = {}
    for key in parent.keys:
        names = [name for name in sorted(key) if name in by_name and by_name[name].kind in _RENEWED]
        if names and not renewed.keys() & set(names):
            best = min(names, key=lambda name: list(_RENEWED).index(by_name[name].kind))
            own = identifier(by_name[best].name)
            renewed[best] = f"({_RENEWED[by_name[best].kind].replace('@own@', f'p.{own}')})::{by_name[best].type} as {own}"
    replaced = f"replace ({', '.join(renewed.values())})" if renewed else ""
    again = f"select p.* {replaced} from ({mixed(parent, 8, words)}) as p where hash(p) % 3 = 0"
    return f"select p.* from {parent.base} as p union all {again}"


def made(parent: Parent, like: Parent, words: Sequence[str]) -> str:
    """Rows for a parent that has none: of columns that another one has, too, its values; else texts of the query or constants."""
    known = {column.name.lower(): column for column in like.columns}
    values = [_made(column, at, known, words) for at, column in enumerate(parent.columns)]
    query = f"select {', '.join(values)} from {like.base} as p order by hash(p) limit {_MADE}"
    for key in parent.keys:
        columns = ", ".join(map(identifier, key))
        query = f"select * from ({query}) qualify row_number() over (partition by {columns}) = 1"
    return query


def _made(column: Column, at: int, known: Mapping[str, Column], words: Sequence[str]) -> str:
    own = identifier(column.name)
    if column.name.lower() in known:
        value = f"p.{own}"
    elif column.kind == "text" and words:
        value = _word(words, at)
    elif column.kind == "flag":
        value = f"hash(p, {at}) % 2 = 0"
    else:
        value = FILLS.get(column.kind, "null")
    return f"try_cast({value} as {column.type}) as {own}"
