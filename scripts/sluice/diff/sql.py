"""The SQL of a comparison. `at` has the relation's name on side `a` and on side `b`; keys are k0, k1, ...

How rows are compared, and what it costs: docs/diff.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sluice.core.manifest import folded
from sluice.core.row_hash import hashed
from sluice.diff.columns import ComparedColumn, Shared
from sluice.diff.exact import decimal_step, limbs

At = Mapping[str, str]


def row_hash(columns: Sequence[Shared], side: str) -> str:
    """One number for a row's values, in one order and of the same types on both sides."""
    return f"hash({', '.join(_hashed(column, side) for column in columns)})" if columns else "0::ubigint"


def _hashed(column: Shared, side: str) -> str:
    is_nested = column.common.kind == "other" and column.common.type.endswith(("]", ")"))
    return hashed(column.sql(side), column.common.type if is_nested else column.compared_as)


def figures(columns: Sequence[ComparedColumn], near: bool, masked: frozenset[str], key: str | None = None) -> list[str]:
    """Aggregates of each column: values, distinct, sum, least, most. Null where the type has none, or it may not be shown.

    Distinct values of `key` are not counted: where it is one, there are as many as rows. A sum that may be beyond DuckDB's own
    says whether it fits.
    """
    found = []
    for column in columns:
        name, is_shown = column.sql(), folded(column.name) not in masked
        distinct = f"approx_count_distinct({name})" if near else f"count(distinct {name})"
        counted = (column.kind == "word" or column.type == "DATE") and column.name != key
        summed = f"sum({name})"
        if column.type == "UHUGEINT":  # DuckDB adds these up as doubles
            summed = _limb_sums(column)
        elif column.reckoned.way == "limbs":
            fits = _fits(column)
            summed = f"struct_pack(s := sum({name}) filter ({fits}), fits := coalesce(bool_and({fits}), true))"
        found += [
            f"count({name})",
            distinct if counted else "null",
            summed if column.kind == "number" and is_shown else "null",
            *(f"cast({way}({name}) as varchar)" if column.kind == "time" and is_shown else "null" for way in ("min", "max")),
        ]
    return found


def long_sum(relation: str, column: ComparedColumn) -> str:
    """The sum of a column in two parts, each of which fits."""
    return f"select {_limb_sums(column)} from {relation}"


def _fits(column: ComparedColumn) -> str:
    """Whether a value is so small that a sum of 10**11 of them is within 127 bits."""
    scale = column.reckoned.scale
    most = f"{Decimal(f'1E{27 - scale}'):f}::{column.type}"
    return f"{column.sql()} between -{most} and {most}"


def _limb_sums(column: ComparedColumn) -> str:
    high, low = limbs(column.sql(), column.type, column.reckoned.scale)
    return f"struct_pack(h := sum({high}), l := sum({low}))"


def scan(side: str, at: At, hashed: Sequence[Shared], wanted: Sequence[str]) -> str:
    """One pass over a side: rows, sum and xor of the rows' hashes, then the figures."""
    rest = "".join(f", {aggregate}" for aggregate in wanted)
    hashes = f"coalesce(sum({row_hash(hashed, side)}::hugeint), 0), bit_xor({row_hash(hashed, side)})" if hashed else "0, 0"
    return f"select count(*), {hashes}{rest} from {at[side]}"


def _names(key: Sequence[Shared], order: str = "") -> str:
    return ", ".join(f"k{n}{order}" for n in range(len(key)))


def any_null(key: Sequence[Shared]) -> str:
    """The condition that a part of the key is null."""
    return " or ".join(f"k{n} is null" for n in range(len(key)))


def _keyed(side: str, at: At, key: Sequence[Shared], columns: Sequence[Shared]) -> str:
    keys = "".join(f"{column.sql(side)} as k{n}, " for n, column in enumerate(key))
    return f"select {keys}{row_hash(columns, side)} as h from {at[side]}"


def differing(at: At, key: Sequence[Shared], columns: Sequence[Shared], most: int) -> str:
    """Table d: each key whose row is on one side only (ha or hb is null) or differs. Right if keys are unique.

    Unique keys make at most `most` pairs; a key that is in many rows would make more, and is cut off there.
    """
    on = " and ".join(f"a.k{n} = b.k{n}" for n in range(len(key)))
    keys = ", ".join(f"coalesce(a.k{n}, b.k{n}) as k{n}" for n in range(len(key)))
    return (
        f"create or replace temp table d as select * from (select {keys}, a.h as ha, b.h as hb"
        f" from ({_keyed('a', at, key, columns)}) a full join ({_keyed('b', at, key, columns)}) b on {on}"
        f" limit {most}) where ha is distinct from hb"
    )


def accounting(key: Sequence[Shared]) -> str:
    """Of table d: rows removed, added, changed; keys that are null, or unmatched and not unique; the sum of hash differences."""
    return (
        "select count(*) filter (hb is null), count(*) filter (ha is null), count(*) filter (ha is not null and hb is not null),"
        f" count(*) filter ({any_null(key)}), (select count(*) from (select 1 from d where ha is null or hb is null"
        f" group by {_names(key)} having count(*) > 1)), coalesce(sum(hb::hugeint), 0) - coalesce(sum(ha::hugeint), 0) from d"
    )


def differing_by_group(at: At, key: Sequence[Shared], columns: Sequence[Shared]) -> str:
    """Table g: as d, but right for any keys: na and nb rows have the key; `x` is 0 where a single pair is equal."""
    keys = _names(key)
    return (
        f"create or replace temp table g as select {keys}, count(*) filter (s = 'a') as na, count(*) filter (s = 'b') as nb,"
        f" bit_xor(h) as x from (select *, 'a' as s from ({_keyed('a', at, key, columns)})"
        f" union all by name select *, 'b' as s from ({_keyed('b', at, key, columns)}))"
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


def loose(at: At, columns: Sequence[Shared], key: Sequence[Shared] | None) -> str:
    """Table h: whole rows that one side has more often, by hash (`n` more often in b). With a key: of keys several rows have."""

    def rows(side: str) -> str:
        several = ""
        if key is not None:
            on = on_key("g", side, key, nulls=True)
            several = f" {side} where exists (select 1 from g where (na > 1 or nb > 1) and {on})"
        sign = 1 if side == "b" else -1
        return f"select {row_hash(columns, side)} as h, {sign}::bigint as s from {at[side]}{several}"

    return (
        "create or replace temp table h as select h, sum(s) as n"
        f" from ({rows('a')} union all {rows('b')}) group by h having sum(s) <> 0"
    )


def both(at: At, key: Sequence[Shared], most_changed: bool, nulls: bool) -> str:
    """The from clause that gives each row that both sides have and that changed, as a and b.

    Where most rows changed the two sides are joined as they are: unchanged rows come along, and count for nothing.
    """
    if most_changed:
        on = " and ".join(f"{column.sql('a', 'a')} = {column.sql('b', 'b')}" for column in key)
        return f"from {at['a']} a join {at['b']} b on {on}"
    return (
        f"from (from d where ha is not null and hb is not null) d join {at['a']} a on {on_key('d', 'a', key, nulls)}"
        f" join {at['b']} b on {on_key('d', 'b', key, nulls)}"
    )


def changed_per_column(source: str, rest: Sequence[Shared]) -> str:
    """How many rows changed in each column."""
    counts = ", ".join(f"count(*) filter ({c.sql('a', 'a')} is distinct from {c.sql('b', 'b')})" for c in rest)
    return f"select count(*), {counts} {source}"


def pairs(source: str, key: Sequence[Shared], changed: Sequence[Shared]) -> str:
    """Table p: key, and of each column that changed anywhere before, after, and if they differ, as o0, n0, x0, o1, ..."""
    keys = [f"{column.sql('b', 'b')} as k{n}" for n, column in enumerate(key)]
    values = [f"{c.raw('a')} as o{n}, {c.raw('b')} as n{n}, {_differs(c)} as x{n}" for n, c in enumerate(changed)]
    differ = " or ".join(f"x{n}" for n in range(len(changed)))
    return f"create or replace temp table p as select {', '.join(keys + values)} {source} where {differ}"


def _differs(column: Shared) -> str:
    return f"({column.sql('a', 'a')} is distinct from {column.sql('b', 'b')})"


def ways(changed: Sequence[Shared], masked: frozenset[str]) -> str:
    """For each column of p: filled, emptied, up, down, total, least, most."""
    found = []
    for n, column in enumerate(changed):
        old, new = f"o{n}", f"n{n}"
        is_number = column.common.kind == "number"
        step = column.step(old, new) if is_number else ""
        is_summed = is_number and folded(column.name) not in masked
        moved = f"filter (x{n} and {old} is not null and {new} is not null)"
        total = f"sum({step}) {moved}"
        if is_summed and column.reckoned.way == "limbs":
            total = f"struct_pack(h := sum(({step}).h) {moved}, l := sum(({step}).l) {moved})"
        up, down = _directions(column, old, new, step)
        found += [
            f"count(*) filter ({old} is null and {new} is not null)",
            f"count(*) filter ({old} is not null and {new} is null)",
            f"count(*) filter (x{n} and {up})" if up else "null",
            f"count(*) filter (x{n} and {down})" if down else "null",
            total if is_summed else "null",
            *(f"{way}({step}) {moved}" if is_summed else "null" for way in ("min", "max")),
        ]
    return f"select {', '.join(found)} from p"


def _directions(column: Shared, old: str, new: str, step: str) -> tuple[str, str]:
    """Conditions that a value went up, and down; empty for what has no order that people know."""
    kind = column.common.kind
    if kind not in ("number", "time"):
        return "", ""
    if not column.is_retyped:
        return f"{new} > {old}", f"{new} < {old}"
    if kind == "number" and column.reckoned.way == "limbs":
        return f"(({step}).h > 0 or (({step}).h = 0 and ({step}).l > 0))", f"({step}).h < 0"
    if kind == "number":
        a, b = f"cast({old} as DOUBLE)", f"cast({new} as DOUBLE)"
        if column.reckoned.way == "plain" and column.reckoned.type != "DOUBLE":
            return f"{step} > 0", f"{step} < 0"
        if column.reckoned.way == "plain":
            return f"{b} > {a}", f"{b} < {a}"
        exact = decimal_step(old, new, column.before.type, column.after.type)
        return f"coalesce({exact} > 0, {b} > {a})", f"coalesce({exact} < 0, {b} < {a})"
    a, b = f"try_cast({old} as TIMESTAMP)", f"try_cast({new} as TIMESTAMP)"
    if "DATE" not in (column.before.type, column.after.type):
        return f"{b} > {a}", f"{b} < {a}"
    days = [
        value if one.type == "DATE" else f"cast({moment} as DATE)"  # five million years have no midnight
        for value, moment, one in ((old, a, column.before), (new, b, column.after))
    ]
    return f"coalesce({b} > {a}, {days[1]} > {days[0]})", f"coalesce({b} < {a}, {days[1]} < {days[0]})"


def frequent(n: int, limit: int) -> str:
    """The most frequent changes of a column of p."""
    return (
        f"select cast(o{n} as varchar), cast(n{n} as varchar), count(*) as times from p where x{n}"
        f" group by o{n}, n{n} order by times desc, o{n} nulls first, n{n} nulls first limit {limit}"
    )


def keys_and(columns: Sequence[str], key: Sequence[Shared]) -> str:
    """A select list of the key and some expressions, all as text."""
    return ", ".join(f"cast({value} as varchar)" for value in [*(f"k{n}" for n in range(len(key))), *columns])


def changed_rows(key: Sequence[Shared], changed: Sequence[Shared], limit: int) -> str:
    """Rows of p with the smallest keys: key, then before, after, and if they differ, of each column."""
    values = [f"{word}{n}" for n in range(len(changed)) for word in ("o", "n", "x")]
    return f"select {keys_and(values, key)} from p order by {_names(key, ' nulls last')} limit {limit}"


def lone_rows(side: str, at: At, key: Sequence[Shared], columns: Sequence[ComparedColumn], nulls: bool, limit: int) -> str:
    """Rows with the smallest keys that only one side has: key, then the columns of that side."""
    missing = "hb" if side == "a" else "ha"
    order = ", ".join(f"d.k{n} nulls last" for n in range(len(key)))
    few = f"(select * from d where {missing} is null order by {order} limit {limit}) d"
    values = [f"{column.sql(side)}" for column in columns]
    select = ", ".join(f"cast({value} as varchar)" for value in [*(f"d.k{n}" for n in range(len(key))), *values])
    return f"select {select} from {few} join {at[side]} {side} on {on_key('d', side, key, nulls)} order by {order}"


def loose_rows(side: str, at: At, hashed: Sequence[Shared], columns: Sequence[ComparedColumn], limit: int) -> str:
    """Rows that one side has more often than the other, smallest first."""
    more = "n < 0" if side == "a" else "n > 0"
    values = ", ".join(f"cast({column.sql()} as varchar)" for column in columns)
    return (
        f"select {values} from {at[side]} where {row_hash(hashed, side)} in (select h from h where {more})"
        f" order by all limit {limit}"
    )
