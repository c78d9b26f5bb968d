"""Changes of one column of a parent, as SQL: the usual ones, and more for what these do not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sluice.core.duck import identifier

# A column with at most this many values says of which kind a row is: each value is tried in other rows.
KINDS = 12


@dataclass(frozen=True)
class Column:
    """A column of a parent.

    `is_key` says that it has to stay unique, `values` are the commonest as SQL literals, `has_empty` that some are null.
    """

    name: str
    type: str
    is_key: bool
    values: tuple[str, ...] = ()
    has_empty: bool = True

    @property
    def kind(self) -> str:
        """number, text, flag, time, or other."""
        base = self.type.split("(")[0].upper()
        if self.type.endswith("]") or base in ("STRUCT", "MAP", "UNION", "LIST"):
            return "other"
        if base in _NUMBERS:
            return "number"
        if base.startswith("TIMESTAMP") or base == "DATE":
            return "time"
        return {"VARCHAR": "text", "BOOLEAN": "flag"}.get(base, "other")


_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
_NUMBERS |= {"FLOAT", "DOUBLE", "DECIMAL"}


@dataclass(frozen=True)
class Change:
    """What is done to a column.

    `value` is SQL over the row `p`, with `@own@` for the column and, if it `swaps`, `@map@` for the row of its other values.
    One of `share` rows is changed. `keeps_keys` says that no two values become equal.
    """

    name: str
    value: str
    share: int = 1
    swaps: bool = False
    keeps_keys: bool = False

    @property
    def said(self) -> str:
        """What people read."""
        return self.name if self.share == 1 else f"{self.name}, in one of {self.share} rows"


SHIFTS = {"number": "@own@ + 1", "text": "@own@ || '~'", "flag": "not @own@", "time": "@own@ + interval 1 day"}
_FAR = {
    "number": ["@own@ + 1000003", "-@own@", "@own@ * 0"],
    "text": ["upper(@own@) || '~~'", "''"],
    "flag": ["true", "false"],
    "time": [
        "@own@ + interval 5000 day",
        "@own@ - interval 400 day",
        "@own@ + interval 10 second",
        "@own@ - interval 2 hour",
        "@own@ + interval 40 day",
    ],
}
FILLS = {"number": "1", "text": "'~'", "flag": "true", "time": "timestamp '2020-02-02 02:02:02'"}


def usual(column: Column) -> list[Change]:
    """What is always tried: a new value and null in all rows, an empty one filled, new values and others' in some rows.

    A column that has to stay unique gets new values, and other rows' values in exchange for its own.
    """
    shift = SHIFTS.get(column.kind)
    found = [Change("a value more", shift, keeps_keys=True)] if shift else []
    found.append(Change("null", "null"))
    if column.is_key:
        found.append(Change("values swapped", "@map@.other", swaps=True, keeps_keys=True))
    if column.has_empty:
        fill = column.values[0] if column.values else FILLS.get(column.kind, "@own@")
        found.append(Change("empty values filled", f"coalesce(@own@, {fill})"))
    some = (
        f"case hash(p) % 9 when 0 then @map@.other when 1 then {shift or '@own@'} when 2 then {shift or '@own@'} else @own@ end"
    )
    found.append(Change("values swapped, or more, in some rows", some, swaps=True))
    return [change for change in found if change.keeps_keys or not column.is_key]


def more(column: Column) -> Iterator[Change]:
    """What is tried for an edge that the usual changes do not confirm: far values, each known value, other shares of rows."""
    found = [
        Change(f"values become {far.replace('@own@', 'x')}", far, share) for share in (2, 17) for far in _FAR.get(column.kind, ())
    ]
    few = column.values if len(column.values) <= KINDS else column.values[:2]
    found += [Change(f"values become {value}", value, share) for share in (2, 5) for value in few]
    found += [Change("a value more", SHIFTS[column.kind], share) for share in (3, 30) if column.kind in SHIFTS]
    found += [Change("values swapped", "@map@.other", share, swaps=True) for share in (1, 2, 40)]
    found += [Change("null", "null", share) for share in (2, 11)]
    yield from (change for change in found if change.keeps_keys or not column.is_key)
    if column.is_key and column.kind in ("number", "time"):
        far = "@own@ + 1000003" if column.kind == "number" else "@own@ + interval 50000 day"
        yield from (Change("a far value", far, share, keeps_keys=True) for share in (2, 11, 60))
    if column.is_key and column.kind == "text":
        yield from (Change("a value more", "@own@ || '~'", share, keeps_keys=True) for share in (2, 11, 60))
    if column.is_key:
        yield from (
            Change("a few values swapped", f"case when @map@.pair % {share} = 0 then @map@.twin else @own@ end", 1, True, True)
            for share in (2, 9)
        )


def breaking(column: Column) -> list[Change]:
    """Changes of a key after which its values are perhaps not unique. What they show besides known edges does not count."""
    return [Change("null", "null", share) for share in (1, 7)] if column.is_key else []


def changed_view(base: str, changes: Mapping[Column, Change]) -> str:
    """A query of the parent with columns changed, in their old types."""
    values, joins = [], []
    for at, (column, change) in enumerate(changes.items()):
        own, other = identifier(column.name), f"m{at}"
        value = change.value.replace("@own@", f"p.{own}").replace("@map@.", f"{other}.")
        if change.share > 1:
            value = f"case when hash(p) % {change.share} = 0 then {value} else p.{own} end"
        values.append(f"({value})::{column.type} as {own}")
        if change.swaps:
            joins.append(f"left join ({_others(base, own)}) as {other} on p.{own} is not distinct from {other}.own")
    return f"select p.* replace ({', '.join(values)}) from {base} as p {' '.join(joins)}"


def _others(base: str, name: str) -> str:
    """For each value the next one, in a circle; its number, and the twin with which it can change places."""
    return f"""
        select
            own,
            coalesce(lead(own) over by_value, first_value(own) over by_value) as other,
            (row_number() over by_value - 1) // 2 as pair,
            case when row_number() over by_value % 2 = 1 then coalesce(lead(own) over by_value, own)
            else lag(own) over by_value end as twin
        from (select distinct {name} as own from {base} where {name} is not null)
        window by_value as (order by own)"""


def fewer_rows(base: str, share: int) -> str:
    """A query of the parent in which one of `share` rows is gone."""
    return f"select p.* from {base} as p where hash(p, 7) % {share} <> 0"
