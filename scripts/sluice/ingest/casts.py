"""SQL that turns delivered values into a contract's types without loss, and finds the values that do not fit.

DuckDB's own casts are lenient: '1.5' becomes the integer 2, '1_000' the integer 1000, '01/02/25' a day of the year 1, and a
timestamp's offset is dropped. So each cast here has a condition under which it must not be used. A text that the type itself
would write fits without another look; only the others are compared with the spellings that are allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, literal

INTEGERS = {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"}
NESTED = {"struct", "list"}
_NUMBERS = INTEGERS | {"uhugeint", "decimal", "double", "float"}
_TIMES = {"date", "timestamp", "timestamp with time zone", "timestamp_ns", "timestamp_s", "timestamp_ms"}
_TEXTS = {"varchar", "uuid", "enum"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")

_WHOLE = r"\s*[+-]?[0-9]+(\.0*)?\s*"
_DIGITS = r"^\s*[+]?(-?)0*([0-9]+)(\.0*)?\s*$"
_NUMBER = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
_EXPONENT = r"\s*[+-]?([0-9]*)\.?([0-9]*)[eE]([+-]?[0-9]+)\s*"
_WORD = r"(?i)\s*[+-]?(nan|inf|infinity)\s*"
_DAY = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_CLOCK = r"([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]{0,6}0*)?)?"
# Offsets only, no names of zones: DuckDB's parser applies a name to the rows after it, too.
_OFFSET = r"[+-](0[0-9]|1[0-5])(:?[0-5][0-9](:[0-5][0-9])?)?"
_LAST_OFFSET = rf"{_OFFSET}\s*$"
_TIME = rf"\s*{_DAY}([T ] ?{_CLOCK}(Z| ?UTC|{_OFFSET})?)?\s*"
_MIDNIGHT = rf"\s*{_DAY}([T ]00:00(:00(\.0*)?)?(Z| ?UTC|[+-]00(:?00)?)?)?\s*"
# From this number on, not every integer is one of the type.
_LAST_EXACT = {"double": 2**53, "float": 2**24}


@dataclass(frozen=True)
class Cast:
    """`value`: SQL of the typed value. `misfit`: SQL that is true where the delivered value does not fit the type.

    `written` says how the value has to be written, where the feed says that.
    """

    value: str
    misfit: str
    written: str = ""


def fields(target: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """Names and types inside a struct; of a list, its one inner type."""
    return [(name, child) for name, child in target.children if isinstance(child, DuckDBPyType)]


def cast_text(text: str, target: DuckDBPyType, *, typed: str = "", exponents: bool = False) -> Cast:
    """How to read the SQL expression `text` (varchar) as the plain type `target`; null stays null.

    `typed` names a column that already holds the value. `exponents`: whether an integer may be written like 1e3.
    """
    if target.id == "varchar":
        return Cast(text, "false")
    value = _time_value(text) if target.id == "timestamp" else f"try_cast({text} as {target})"
    known = typed or value
    # Most texts are as the type writes them; a branch is computed only for rows that reach it.
    same, kept = f"({known})::varchar = {text}", _kept(text, known, target, exponents)
    if target.id in _LAST_EXACT:
        same += f" and abs({known}) < {_LAST_EXACT[target.id]}"
    if target.id in ("date", "timestamp"):
        same += f" and {_held(known, target.id)}"
    return Cast(value, f"case when {same} then false when {text} is null then false else not coalesce({kept}, false) end")


def _kept(text: str, value: str, target: DuckDBPyType, exponents: bool) -> str:
    """SQL that is true where `value` is all that `text` says."""
    kind = target.id
    if kind in INTEGERS:
        spelled = _spelled(text, _WHOLE) + (f" or {_power_of_ten(text, 38, 0)}" if exponents else "")
        return f"{value} is not null and ({spelled})"
    if kind == "decimal":
        width, scale = _decimal(target)
        leading, alone = rf"[0-9]+(\.[0-9]{{0,{scale}}}0*)?", rf"\.[0-9]{{1,{scale}}}0*" if scale else r"\.0+"
        spelled = _spelled(text, rf"\s*[+-]?({leading}|{alone})\s*")
        return f"{value} is not null and ({spelled} or {_power_of_ten(text, width, scale)})"
    if kind in _LAST_EXACT:
        return _float_kept(text, value, f"abs({value}) < {_LAST_EXACT[kind]}")
    if kind in ("date", "timestamp"):
        return f"{_held(value, kind)} and {_spelled(text, _TIME if kind == 'timestamp' else _MIDNIGHT)}"
    return f"{value} is not null"


def _spelled(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def _power_of_ten(text: str, width: int, scale: int) -> str:
    """SQL that is true for a number like 1.5e3 whose digits are all within a decimal's.

    DuckDB's cast rounds such a number, and gives one that is too large for the type for one that is not.
    """
    parts = f"regexp_extract({text}, {literal(_EXPONENT)}, ['whole', 'fraction', 'exponent'])"
    digits = f"concat({parts}.whole, {parts}.fraction)"
    # Where the point is in the digits; the first and the last digit that is not zero.
    point = f"length({parts}.whole) + try_cast({parts}.exponent as integer)"
    first, last = f"length({digits}) - length(ltrim({digits}, '0'))", f"length(rtrim({digits}, '0'))"
    within = f"{last} - ({point}) <= {scale} and {point} - ({first}) <= {width - scale}"
    return f"({_spelled(text, _EXPONENT)} and coalesce(({within}) or rtrim({digits}, '0') = '', false))"


def _float_kept(text: str, value: str, small: str) -> str:
    """What a float may change of a number is digits behind the point; an integer, a huge and a tiny number stay what they are."""
    digits = f"regexp_replace({text}, {literal(_DIGITS)}, '\\1\\2')"
    whole = f"format('{{:.0f}}', ({value})::double) = {digits}"
    as_written = f"{_figures(text)} = {_figures(f'({value})::varchar')}"
    exact = f"({small} or {as_written} or {_spelled(text, _WHOLE)} and {whole})"
    vanished = f"({value} = 0 and regexp_matches({text}, '^[^eE]*[1-9]'))"
    number = f"({_spelled(text, _NUMBER)} and isfinite({value}) and not {vanished} and {exact})"
    return f"({number} or {_spelled(text, _WORD)})"


def _figures(number: str) -> str:
    """SQL of the digits of a number without exponent, sign, point, and zeros at either end."""
    return f"trim(regexp_replace(regexp_replace({number}, '[eE].*', ''), '[^0-9]', '', 'g'), '0')"


def _time_value(text: str) -> str:
    """SQL of a time in UTC: DuckDB's plain parser, which passes over the offset, and the offset."""
    plain = f"length({text}) = 19 and {text}[17] = ':'"
    offset = f"regexp_extract({text}, {literal(_LAST_OFFSET)})"
    digits = f"rpad(regexp_replace({offset}, '[^0-9]', '', 'g'), 6, '0')"
    seconds = f"({digits}[1:2]::bigint * 3600 + {digits}[3:4]::bigint * 60 + {digits}[5:6]::bigint)"
    shifted = f"try_cast({text} as timestamp) - to_seconds(case when {offset}[1] = '-' then -{seconds} else {seconds} end)"
    zoned = f"contains({text}, ':') and {offset} <> ''"
    return (
        f"case when {plain} then try_cast({text} as timestamp) when not {_spelled(text, _TIME)} then null"
        f" when {zoned} then {shifted} else try_cast({text} as timestamp) end"
    )


def _held(value: str, kind: str) -> str:
    """SQL that is true for a day or time that every reader of the lake can hold: the years 1 to 9999."""
    last = "date '9999-12-31'" if kind == "date" else "timestamp '9999-12-31 23:59:59.999999'"
    return f"{value} between {kind} '0001-01-01' and {last}"


def cast_typed(column: str, found: DuckDBPyType, target: DuckDBPyType, depth: int = 0) -> Cast | None:
    """How to turn a typed value (Parquet, PostgreSQL) into `target`; None where the types have nothing in common.

    The fields of a struct go by name: one that is absent is null, one that `target` does not have makes it None.
    """
    if found.id in NESTED and found.id == target.id:
        return _cast_struct(column, found, target, depth) if found.id == "struct" else _cast_list(column, found, target, depth)
    if _is_null(found):
        return Cast(f"null::{target}", "false")
    if not any(found.id in family and target.id in family for family in (_NUMBERS, _TIMES, _TEXTS, {"boolean"}, {"blob"})):
        return None
    value = column if str(found) == str(target) else f"try_cast({column} as {target})"
    misfits = [] if value == column else [f"try_cast({value} as {found}) is distinct from {column}"]
    misfits += [f"not coalesce({_held(value, target.id)}, false)"] if target.id in ("date", "timestamp") else []
    return Cast(value, f"({column} is not null and ({' or '.join(misfits)}))" if misfits else "false")


def _cast_struct(column: str, found: DuckDBPyType, target: DuckDBPyType, depth: int) -> Cast | None:
    present, wanted = dict(fields(found)), dict(fields(target))
    if present.keys() - wanted.keys():
        return None
    casts = {}
    for name, kind in wanted.items():
        within = f"struct_extract({column}, {literal(name)})"
        cast = cast_typed(within, present[name], kind, depth) if name in present else Cast(f"null::{kind}", "false")
        if cast is None:
            return None
        casts[name] = cast
    return pack(column, f"{column} is not null", casts, unchanged=str(found) == str(target))


def _cast_list(column: str, found: DuckDBPyType, target: DuckDBPyType, depth: int) -> Cast | None:
    ((_, inside),), ((_, wanted),) = fields(found), fields(target)
    cast = cast_typed(f"e{depth}", inside, wanted, depth + 1)
    return None if cast is None else each(column, f"e{depth}", cast, unchanged=str(found) == str(target))


def pack(whole: str, present: str, casts: dict[str, Cast], *, unchanged: bool = False) -> Cast:
    """The struct of the fields `casts`, null where `present` is not true; `whole` itself where it is `unchanged`."""
    packed = ", ".join(f"{identifier(name)} := {cast.value}" for name, cast in casts.items())
    misfits = [cast.misfit for cast in casts.values() if cast.misfit != "false"]
    return Cast(
        whole if unchanged else f"case when {present} then struct_pack({packed}) end",
        f"({' or '.join(misfits)})" if misfits else "false",
    )


def each(whole: str, element: str, cast: Cast, *, unchanged: bool = False) -> Cast:
    """The list `whole` with `cast` on every element; itself where it is `unchanged`. The cast calls the element `element`."""
    value = whole if unchanged else f"list_transform({whole}, lambda {element}: {cast.value})"
    if cast.misfit == "false":
        return Cast(value, "false")
    return Cast(value, f"coalesce(list_bool_or(list_transform({whole}, lambda {element}: {cast.misfit})), false)")


def _is_null(found: DuckDBPyType) -> bool:
    """Whether it is the type of a column that holds nothing but nulls."""
    return str(found).strip('"').upper() == "NULL"


def _decimal(target: DuckDBPyType) -> tuple[int, int]:
    match = _DECIMAL.fullmatch(str(target))
    assert match is not None, target
    return int(match.group(1)), int(match.group(2))
