"""Which column of a source is what: the time, the value, the name of the series."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sluice.charts.settings import KINDS
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError, did_you_mean

SHARES = ("p", "u", "laney_p", "laney_u")
_TIMES, _NUMBERS = ("DATE", "TIMESTAMP"), ("INT", "DOUBLE", "FLOAT", "DECIMAL", "HUGEINT")
_TIME_NAME = re.compile(r"(date|day|time|timestamp|ts|epoch|month|week|datetime|.*[_ ](at|on|date|day|time))$", re.IGNORECASE)
_NAMES = {"value": ("value", "y", "amount", "count"), "denominator": ("denominator", "total", "n"), "by": ("metric", "series")}
# What a person or a program said of a row, or its number: never the measurement, if there is another column.
_ASIDE = re.compile(
    r"(is_?)?(label|anomal(y|ies|ous)|outlier|change_?point|ground_?truth|missing)s?|index|id|.*_id|unnamed.*", re.IGNORECASE
)
# Of a text that is not an ISO time: the first that reads every row is taken. Day first, where both would do.
_FORMATS = tuple(
    f"{date}{between}{time}"
    for date in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d-%m-%Y", "%d-%b-%Y", "%b %d, %Y")
    for between, time in (("", ""), (" ", "%H:%M"), (" ", "%H:%M:%S"), (" ", "%I:%M:%S %p"), ("T", "%H:%M:%S"), ("", "%H%M"))
)


@dataclass(frozen=True)
class Columns:
    """Which column of a source is what. None: found by type and name."""

    time: str | None = None
    value: str | None = None
    denominator: str | None = None
    by: str | None = None


def found(connection: duckdb.DuckDBPyConnection, relation: str, kind: str, given: Columns, where: str) -> tuple[Columns, str]:
    """The columns of `relation`, which can be read, and the SQL of the time.

    Raises SluiceError where a column that was named does not exist, or none can be the value.
    """
    types = {row[0]: row[1] for row in connection.execute(f"describe select * from {relation}").fetchall()}
    for option in ("time", "value", "denominator", "by"):
        name = getattr(given, option)
        if name is not None and name not in types:
            hint = did_you_mean(name, types, f"its columns are {', '.join(types)}")
            raise SluiceError(f"the source has no column {name!r}", where=f"{where}, --{option}", hint=hint)
    time = given.time or _time_column(connection, relation, types)
    numbers = [name for name, type_ in types.items() if name != time and _is_number(type_)]
    denominator = given.denominator or (_named(numbers, "denominator") if kind in SHARES else None)
    value = given.value or _value_column([name for name in numbers if name != denominator])
    if value is None:
        hint = "name the column to chart by --value"
        raise SluiceError("the source has no column of numbers", where=where, hint=hint)
    if kind in SHARES and denominator is None:
        raise SluiceError(f"a {kind} chart needs a denominator", where=where, hint="name its column by --denominator")
    texts = [name for name, type_ in types.items() if type_ == "VARCHAR" and name != time]
    by = given.by or _named(texts, "by")
    return Columns(time, value, denominator, by), _as_time(connection, relation, time, types)


def _is_number(type_: str) -> bool:
    return any(part in type_ for part in _NUMBERS)


def _named(names: Sequence[str], what: str) -> str | None:
    return next((name for known in _NAMES[what] for name in names if name.lower() == known), None)


def _value_column(names: Sequence[str]) -> str | None:
    likely = [name for name in names if not _ASIDE.fullmatch(name)]
    return _named(names, "value") or next(iter([*likely, *names]), None)


def _time_column(connection: duckdb.DuckDBPyConnection, relation: str, types: Mapping[str, str]) -> str | None:
    """By type, then by name; of a file without a header, a first column of numbers that only grow."""
    typed = next((name for name, type_ in types.items() if type_.startswith(_TIMES)), None)
    named = next((name for name, type_ in types.items() if _TIME_NAME.fullmatch(name) and type_ != "BOOLEAN"), None)
    if typed or named:
        return typed or named
    first, *others = types
    if not first.startswith("column0") or "INT" not in types[first] or not any(_is_number(types[name]) for name in others):
        return None
    column = identifier(first)
    grows = f"select bool_and({column} > before) from (select {column}, lag({column}) over () as before from {relation})"
    return first if _one(connection, grows) else None


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _as_time(connection: duckdb.DuckDBPyConnection, relation: str, name: str | None, types: Mapping[str, str]) -> str:
    """A time as it is; a large number as seconds since 1970, or parts of them; a small one, or no time, as days in order."""
    in_order = "timestamp '2000-01-01' + to_days((row_number() over ())::integer)"
    if name is None:
        return in_order
    column = identifier(name)
    if _is_number(types[name]):
        return _from_number(connection, relation, column)
    if types[name] != "VARCHAR":
        return f"{column}::timestamp"
    unread = "count(*) filter ({0} is null and {1} is not null)"
    ways = [f"try_cast({column} as timestamp)", *(f"try_strptime({column}, {literal(one)})::timestamp" for one in _FORMATS)]
    counted = (
        connection.execute(f"select {', '.join(unread.format(way, column) for way in ways)} from {relation}").fetchone() or ()
    )
    fewest = min(range(len(ways)), key=lambda at: counted[at])
    rows = _one(connection, f"select count({column}) from {relation}")
    return ways[fewest] if isinstance(rows, int) and counted[fewest] * 2 < max(1, rows) else in_order


def _from_number(connection: duckdb.DuckDBPyConnection, relation: str, column: str) -> str:
    largest = _one(connection, f"select max(abs({column}))::double from {relation}")
    size = float(largest) if isinstance(largest, float) else 0.0
    for least, per_second in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (1e8, 1)):
        if size >= least:
            return f"make_timestamp(({column}::double / {per_second!r} * 1e6)::bigint)"
    return f"timestamp '2000-01-01' + to_seconds({column}::double * 86400)"


def check_kind(kind: str, known: Sequence[str] = tuple(KINDS)) -> None:
    """Raises SluiceError unless `kind` is one of `known`."""
    if kind not in known:
        hint = did_you_mean(kind, known, f"kinds are {', '.join(known)}")
        raise SluiceError(f"{kind!r} is not a kind of chart", where="--kind", hint=hint)
