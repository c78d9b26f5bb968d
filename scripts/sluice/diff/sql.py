"""The SQL of a comparison. Both files are attached, read only, as `a` and `b`; names are quoted, keys are k0, k1, ...

How rows are compared, and what it costs: docs/diff.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from sluice.core.duck import identifier
from sluice.diff.columns import ComparedColumn, Shared


def table(side: str, relation: str) -> str:
    """The relation `schema.name` in one of the attached files."""
    schema, _, name = relation.partition(".")
    return f"{side}.{identifier(schema)}.{identifier(name)}"


def row_hash(columns: Sequence[Shared], side: str) -> str:
    """One number for a row's values, in one order and of the same types on both sides."""
    return f"hash({', '.join(column.sql(side) for column in columns)})" if columns else "0::ubigint"


def figures(columns: Sequence[ComparedColumn], near: bool, masked: frozenset[str], key: str | None = None) -> list[str]:
    """Aggregates of each column: values, distinct, sum, least, most. Null where it makes no sense for the type.

    Distinct values of `key` are not counted: where it is one, there are as many as rows.
    """
    found = []
    for column in columns:
        name = identifier(column.name)
        distinct = f"approx_count_distinct({name})" if near else f"count(distinct {name})"
        counted = (column.kind == "word" or column.type == "DATE") and column.name != key
        found += [
            f"count({name})",
            distinct if counted else "null",
            f"sum({name if column.is_summed_exactly else f'cast({name} as double)'})" if column.kind == "number" else "null",
            *(
                (f"cast({way}({name}) as varchar)" if column.kind == "time" and column.name not in masked else "null")
                for way in ("min", "max")
            ),
        ]
    return found


def scan(side: str, relation: str, hashed: Sequence[Shared], wanted: Sequence[str]) -> str:
    """One pass over a side: rows, sum and xor of the rows' hashes, then the figures."""
    rest = "".join(f", {aggregate}" for aggregate in wanted)
    hashes = f"coalesce(sum({row_hash(hashed, side)}::hugeint), 0), bit_xor({row_hash(hashed, side)})" if hashed else "0, 0"
    return f"select count(*), {hashes}{rest} from {table(side, relation)}"


def _names(key: Sequence[Shared], order: str = "") -> str:
    return ", ".join(f"k{n}{order}" for n in range(len(key)))


def any_null(key: Sequence[Shared]) -> str:
    """The condition that a part of the key is null."""
    return " or ".join(f"k{n} is null" for n in range(len(key)))


def _keyed(side: str, relation: str, key: Sequence[Shared], columns: Sequence[Shared]) -> str:
    keys = "".join(f"{column.sql(side)} as k{n}, " for n, column in enumerate(key))
    return f"select {keys}{row_hash(columns, side)} as h from {table(side, relation)}"


def differing(relation: str, key: Sequence[Shared], columns: Sequence[Shared], most: int) -> str:
    """Table d: each key whose row is on one side only (ha or hb is null) or differs. Right if keys are unique.

    Unique keys make at most `most` pairs; a key that is in many rows would make more, and is cut off there.
    """
    on = " and ".join(f"a.k{n} = b.k{n}" for n in range(len(key)))
    keys = ", ".join(f"coalesce(a.k{n}, b.k{n}) as k{n}" for n in range(len(key)))
    return (
        f"create or replace temp table d as select * from (select {keys}, a.h as ha, b.h as hb"
        f" from ({_keyed('a', relation, key, columns)}) a full join ({_keyed('b', relation, key, columns)}) b on {on}"
        f" limit {most}) where ha is distinct from hb"
    )


def accounting(key: Sequence[Shared]) -> str:
    """Of table d: rows removed, added, changed; keys that are null, or unmatched and not unique; the sum of hash differences."""
    return (
        "select count(*) filter (hb is null), count(*) filter (ha is null), count(*) filter (ha is not null and hb is not null),"
        f" count(*) filter ({any_null(key)}), (select count(*) from (select 1 from d where ha is null or hb is null"
        f" group by {_names(key)} having count(*) > 1)), coalesce(sum(hb::hugeint), 0) - coalesce(sum(ha::hugeint), 0) from d"
    )


def differing_by_group(relation: str, key: Sequence[Shared], columns: Sequence[Shared]) -> str:
    """Table g: as d, but right for any keys: na and nb rows have the key; `x` is 0 where a single pair is equal."""
    keys = _names(key)
    return (
        f"create or replace temp table g as select {keys}, count(*) filter (s = 'a') as na, count(*) filter (s = 'b') as nb,"
        f" bit_xor(h) as x from (select *, 'a' as s from ({_keyed('a', relation, key, columns)})"
        f" union all by name select *, 'b' as s from ({_keyed('b', relation, key, columns)}))"
        f" group by {keys} having na <> 1 or nb <> 1 or x <> 0"
    )


def from_groups(key: Sequence[Shared]) -> str:
    """Table d out of g: the keys that are in one row of a side at most."""
    keys = _names(key)
    return (
        f"create or replace temp table d as select {keys}, case when na = 1 then 0::ubigint end as ha,"
        " case when nb = 1 then x end as hb from g where na <= 1 and nb <= 1"
    )


def on_key(left: str, side: str, key: Sequence[Shared], nulls: bool) -> str:
    """The condition that joins `left`'s k0, k1, ... to a side's rows."""
    same = "is not distinct from" if nulls else "="
    return " and ".join(f"{left}.k{n} {same} {column.sql(side, side)}" for n, column in enumerate(key))


def loose(relation: str, columns: Sequence[Shared], key: Sequence[Shared] | None) -> str:
    """Table h: whole rows that one side has more often, by hash (`n` more often in b). With a key: of keys several rows have."""

    def rows(side: str) -> str:
        several = ""
        if key is not None:
            on = on_key("g", side, key, nulls=True)
            several = f" {side} where exists (select 1 from g where (na > 1 or nb > 1) and {on})"
        sign = 1 if side == "b" else -1
        return f"select {row_hash(columns, side)} as h, {sign}::bigint as s from {table(side, relation)}{several}"

    return (
        "create or replace temp table h as select h, sum(s) as n"
        f" from ({rows('a')} union all {rows('b')}) group by h having sum(s) <> 0"
    )


def both(relation: str, key: Sequence[Shared], most_changed: bool, nulls: bool) -> str:
    """The from clause that gives each row that both sides have and that changed, as a and b.

    Where most rows changed the two sides are joined as they are: unchanged rows come along, and count for nothing.
    """
    a, b = table("a", relation), table("b", relation)
    if most_changed:
        on = " and ".join(f"{column.sql('a', 'a')} = {column.sql('b', 'b')}" for column in key)
        return f"from {a} a join {b} b on {on}"
    return (
        f"from (from d where ha is not null and hb is not null) d join {a} a on {on_key('d', 'a', key, nulls)}"
        f" join {b} b on {on_key('d', 'b', key, nulls)}"
    )


def changed_per_column(source: str, rest: Sequence[Shared]) -> str:
    """How many rows changed in each column."""
    counts = ", ".join(f"count(*) filter ({c.sql('a', 'a')} is distinct from {c.sql('b', 'b')})" for c in rest)
    return f"select count(*), {counts} {source}"


def pairs(source: str, key: Sequence[Shared], changed: Sequence[Shared]) -> str:
    """Table p: key, and before and after of each column that changed anywhere, as o0, n0, o1, n1, ..."""
    keys = [f"{column.sql('b', 'b')} as k{n}" for n, column in enumerate(key)]
    values = [f"{c.sql('a', 'a')} as o{n}, {c.sql('b', 'b')} as n{n}" for n, c in enumerate(changed)]
    differ = " or ".join(f"{c.sql('a', 'a')} is distinct from {c.sql('b', 'b')}" for c in changed)
    return f"create or replace temp table p as select {', '.join(keys + values)} {source} where {differ}"


def ways(changed: Sequence[Shared]) -> str:
    """For each column of p: filled, emptied, up, down, total, least, most."""
    found = []
    for n, column in enumerate(changed):
        old, new, kind = f"o{n}", f"n{n}", column.common.kind
        step = f"cast({new} as {column.common.reckoned}) - cast({old} as {column.common.reckoned})"
        moved = f"filter ({old} is distinct from {new})"
        found += [
            f"count(*) filter ({old} is null and {new} is not null)",
            f"count(*) filter ({old} is not null and {new} is null)",
            f"count(*) filter ({new} > {old})" if kind in ("number", "time") else "null",
            f"count(*) filter ({new} < {old})" if kind in ("number", "time") else "null",
            *(f"{way}({step}) {moved}" if kind == "number" else "null" for way in ("sum", "min", "max")),
        ]
    return f"select {', '.join(found)} from p"


def frequent(n: int, limit: int) -> str:
    """The most frequent changes of a column of p."""
    return (
        f"select cast(o{n} as varchar), cast(n{n} as varchar), count(*) as times from p where o{n} is distinct from n{n}"
        f" group by o{n}, n{n} order by times desc, o{n} nulls first, n{n} nulls first limit {limit}"
    )


def keys_and(columns: Sequence[str], key: Sequence[Shared]) -> str:
    """A select list of the key and some expressions, all as text."""
    return ", ".join(f"cast({value} as varchar)" for value in [*(f"k{n}" for n in range(len(key))), *columns])


def changed_rows(key: Sequence[Shared], changed: Sequence[Shared], limit: int) -> str:
    """Rows of p with the smallest keys: key, then before and after of each column."""
    values = [f"{word}{n}" for n in range(len(changed)) for word in ("o", "n")]
    return f"select {keys_and(values, key)} from p order by {_names(key, ' nulls last')} limit {limit}"


def lone_rows(side: str, relation: str, key: Sequence[Shared], columns: Sequence[ComparedColumn], nulls: bool, limit: int) -> str:
    """Rows with the smallest keys that only one side has: key, then the columns of that side."""
    missing = "hb" if side == "a" else "ha"
    order = ", ".join(f"d.k{n} nulls last" for n in range(len(key)))
    few = f"(select * from d where {missing} is null order by {order} limit {limit}) d"
    values = [f"{side}.{identifier(column.name)}" for column in columns]
    select = ", ".join(f"cast({value} as varchar)" for value in [*(f"d.k{n}" for n in range(len(key))), *values])
    return f"select {select} from {few} join {table(side, relation)} {side} on {on_key('d', side, key, nulls)} order by {order}"


def loose_rows(side: str, relation: str, hashed: Sequence[Shared], columns: Sequence[ComparedColumn], limit: int) -> str:
    """Rows that one side has more often than the other, smallest first."""
    more = "n < 0" if side == "a" else "n > 0"
    values = ", ".join(f"cast({identifier(column.name)} as varchar)" for column in columns)
    return (
        f"select {values} from {table(side, relation)} where {row_hash(hashed, side)} in (select h from h where {more})"
        f" order by all limit {limit}"
    )
