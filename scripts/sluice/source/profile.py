"""The values of a column, counted by what they look like. All of it is SQL on the staged rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb

from sluice.core.duck import identifier, literal, parse_type
from sluice.ingest.casts import cast_text
from sluice.source.facts import FLOATS, PLAIN, TEXT, ColumnFacts, Shape
from sluice.source.vocabulary import vocabulary

COMMON = 20
# What an unsigned number may be, by how its decimals and thousands are written; the first that fits is the shape.
_NUMBERS = {
    "zeros": r"0\d+",
    "integer": r"\d+",
    "whole": r"\d{1,15}\.0",
    "point or thousands": r"[1-9]\d{0,2}\.\d{3}",
    "comma or thousands": r"[1-9]\d{0,2},\d{3}",
    "point": r"\d*\.\d+",
    "comma": r"\d*,\d+",
    "thousands, point": r"\d{1,3}(,\d{3})+(\.\d+)?",
    "thousands, comma": r"\d{1,3}(\.\d{3})+(,\d+)?",
    "exponent": r"\d+(\.\d+)?[eE][+-]?\d+",
}
_PLAIN = {name: _NUMBERS[name] for name in ("zeros", "integer", "whole", "point", "exponent")}
_DATED = r"(\d{1,4}[-/. ]+([A-Za-z]{3,9}|\d{1,2})[-/., ]+\d{2,4}|[A-Za-z]{3,9} \d{1,2}, \d{4})([ T,].*)?"
_FEW = 1000
_YEARS = (1900, 2199)  # '%Y' also reads 24 as the year 24


def profile(connection: duckdb.DuckDBPyConnection, column: str, kind: str | None = None) -> ColumnFacts:
    """The facts of a column of the temporary table `looked`; values of text are also told apart by their shapes.

    `kind` is the type that the source gives, None where it gives text only, `TEXT` or `PLAIN` where it tells text from numbers.
    """
    name = identifier(column)
    is_text = kind in (None, TEXT, PLAIN, *FLOATS)
    value = f"nullif(trim({name}::varchar), '')" if is_text or kind == "VARCHAR" else name
    connection.execute(f"create or replace temp table counted as select {value} as t, count(*) as n from looked group by 1")
    row = connection.execute(
        "select sum(n)::bigint, coalesce(sum(n) filter (t is not null), 0)::bigint, count(t) from counted"
    ).fetchone()
    assert row is not None
    common = connection.execute(
        "select t::varchar, n from counted where t is not null order by n desc, t limit $1", [COMMON + 1]
    ).fetchall()
    shapes = _shapes(connection, _NUMBERS if kind is None else _PLAIN) if is_text else ()
    dated = any(shape.name == "dated" for shape in shapes)
    return ColumnFacts(
        column,
        rows=row[0] or 0,
        filled=row[1],
        distinct=row[2],
        type=kind,
        shapes=shapes,
        formats=_formats(connection) if dated else {},
        common=tuple(common),
    )


def _shapes(connection: duckdb.DuckDBPyConnection, numbers: Mapping[str, str]) -> tuple[Shape, ...]:
    signs = vocabulary().signs
    either = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))
    pattern = literal(rf"^([+-]?)\s*(?:{either})\s*|\s*(?:{either})$")
    rows = connection.execute(f"""
        with bare as (
            select t, n, regexp_replace(t, {pattern}, '\\1') as s from counted where t is not null
        ),
        shaped as (
            select *, {_case(numbers)} as shape from bare
        ),
        measured as (
            select *, length(regexp_extract(s, case shape
                when 'thousands, point' then '[.]([0-9]+)$' when 'thousands, comma' then '[,]([0-9]+)$' else '[.,]([0-9]+)$'
            end, 1)) as scale from shaped
        )
        select shape, sum(n)::bigint, max(length(regexp_replace(s, '[^0-9]', '', 'g')) - scale), max(scale),
            any_value(t order by n desc, t),
            list(distinct case when shape = 'null' then t else {_sign(signs)} end) filter (shape <> 'text')
        from measured group by shape order by 2 desc, 1
    """).fetchall()
    return tuple(
        Shape(name, values, digits, scale, tuple(sorted(filter(None, marks or ()))), example)
        for name, values, digits, scale, example, marks in rows
    )


def _sign(signs: tuple[str, ...]) -> str:
    cases = " ".join(f"when contains(t, {literal(sign)}) then {literal(sign)}" for sign in signs)
    return f"case {cases} end"


def _case(numbers: Mapping[str, str]) -> str:
    """SQL of the shape of the value t, whose sign of a currency is left out in s."""
    day, time = (cast_text("t", parse_type(kind)).misfit for kind in ("date", "timestamp"))
    cases = {f"lower(t) in {_tuple(vocabulary().null_words_of_typed_columns)} or t in {_tuple(vocabulary().null_words)}": "null"}
    cases |= {f"regexp_full_match(s, {literal('[+-]?' + pattern)})": name for name, pattern in numbers.items()}
    cases |= {
        "lower(t) in ('true', 'false', 't', 'f', 'yes', 'no', 'y', 'n')": "boolean",
        rf"regexp_full_match(t, '\d{{4}}-\d\d-\d\d') and not {day}": "day",
        rf"regexp_full_match(t, '\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d.*') and not {time}": "time",
        f"regexp_full_match(t, {literal(_DATED)})": "dated",
    }
    return "case " + " ".join(f"when {when} then {literal(name)}" for when, name in cases.items()) + " else 'text' end"


def _tuple(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(literal(value) for value in values) + ")"


def _formats(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many values each format reads, of those that read all of the first few that look like days."""
    known = [day + clock for clock in vocabulary().clocks for day in vocabulary().formats]
    few = f"(select t, n from counted where regexp_full_match(t, {literal(_DATED)}) order by t limit {_FEW})"
    tried = _read_by(connection, known, few)
    return _read_by(connection, [name for name, values in tried.items() if values == max(tried.values())], "counted")


def _read_by(connection: duckdb.DuckDBPyConnection, formats: Sequence[str], values: str) -> dict[str, int]:
    """How many of the values each format reads; without those that read none."""
    between = f"between {_YEARS[0]} and {_YEARS[1]}"
    sums = [f"sum(n) filter (year(try_strptime(t, {literal(name)})) {between})::bigint" for name in formats]
    row = connection.execute(f"select {', '.join(sums)} from {values} where t is not null").fetchone() if sums else ()
    return {name: count for name, count in zip(formats, row or (), strict=True) if count}


def is_unique(connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]) -> str:
    """How the columns, which have a value in every row, identify the rows of `looked`: 'all', 'file' (within each), or ''."""
    names = ", ".join(map(identifier, columns))
    row = connection.execute(
        f"select count(*), count(distinct ({names})), count(distinct ({names}, __file)) from looked"
    ).fetchone()
    assert row is not None
    rows, over_all, in_file = row
    return "all" if over_all == rows else "file" if in_file == rows else ""
