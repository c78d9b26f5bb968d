"""How a feed spells its values: what is trimmed, what means null, how dates and numbers are written.

SQL that gives a delivered text in the spelling that the casts know (2025-01-31, 1234.50), or null where it is not written as the
feed says. The casts then decide whether the value fits, so a format changes nothing about what a type can hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from duckdb.sqltypes import DuckDBPyType
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from sluice.core.duck import listing, literal
from sluice.ingest.casts import Cast

_TIMES = {"date", "timestamp"}
_NUMBERS = {"tinyint", "smallint", "integer", "bigint", "hugeint", "decimal", "float", "double"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
                "december")  # fmt: skip
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# Letter of a pattern -> the part of a time that it gives, and the texts that it takes. Letters of one part exclude each other.
_LETTERS = {
    "Y": ("year", "[0-9]{4}"),
    "y": ("year", "[0-9]{2}"),
    "m": ("month", "[0-9]{1,2}"),
    "b": ("month", "|".join(_MONTHS)),
    "B": ("month", "|".join(_LONG_MONTHS)),
    "d": ("day", "[0-9]{1,2}"),
    "H": ("hour", "[0-9]{1,2}"),
    "I": ("hour", "0?[1-9]|1[0-2]"),
    "M": ("minute", "[0-9]{1,2}"),
    "S": ("second", "[0-9]{1,2}"),
    "f": ("fraction", "[0-9]{1,9}"),
    "p": ("half", "am|pm"),
    "z": ("zone", "z|[+-][0-9]{2}:?[0-9]{2}"),
    "a": ("weekday", "|".join(day[:3] for day in _LONG_DAYS)),
    "A": ("weekday", "|".join(_LONG_DAYS)),
}
# Letters that some programs put between the sign and the letter, for no zero in front.
_PADDING = "-#"
_LETTER = re.compile(rf"%[{_PADDING}]?(.?)", re.DOTALL)
_SPACES = r"[\s\p{Z}\x{FEFF}]"


def _check_pattern(pattern: str) -> str:
    parts = [part for part, _ in _parts(pattern) if part]
    doubled = sorted({part for part in parts if parts.count(part) > 1})
    if doubled:
        raise ValueError(f"{pattern!r} has the {doubled[0]} twice")
    missing = [letters for part, letters in (("year", "%Y"), ("month", "%m"), ("day", "%d")) if part not in parts]
    if missing:
        raise ValueError(f"{pattern!r} has no {' and no '.join(missing)}, so no day can be read by it")
    if ("I" in _letters(pattern)) != ("half" in parts):
        raise ValueError(f"{pattern!r} needs both %I and %p, or %H")
    finer = {"minute": "hour", "second": "minute", "fraction": "second", "zone": "hour"}
    lacking = [f"the {part} without the {finer[part]}" for part in parts if part in finer and finer[part] not in parts]
    if lacking:
        raise ValueError(f"{pattern!r} has {lacking[0]}")
    return pattern


def _parts(pattern: str) -> list[tuple[str, str]]:
    """The pattern as (part, regular expression of it), and ('', text) between them. Raises ValueError for an unknown letter."""
    found, position = [], 0
    for match in _LETTER.finditer(pattern):
        letter = match.group(1)
        found.append(("", re.escape(pattern[position : match.start()])))
        if letter == "%":
            found.append(("", "%"))
        elif letter in _LETTERS:
            part, texts = _LETTERS[letter]
            found.append((part, f"({texts})"))
        else:
            known = ", ".join(f"%{name}" for name in _LETTERS)
            raise ValueError(f"unknown %{letter} in {pattern!r}; known: {known}")
        position = match.end()
    return [*found, ("", re.escape(pattern[position:]))]


def _check_mark(mark: str) -> str:
    if len(mark) != 1 or mark.isalnum() or mark in "+-":
        raise ValueError(f"{mark!r} has to be one character that is neither a letter, a digit nor a sign")
    return mark


def _check_sign(sign: str) -> str:
    if not sign.strip() or any(letter.isdigit() or letter in "+-" for letter in sign):
        raise ValueError(f"{sign!r} is not a currency sign or unit")
    return sign.strip()


def texts(value: Any) -> Any:
    """A list where a single text is given."""
    return (value,) if isinstance(value, str) else value


_OneOrMore = BeforeValidator(texts, json_schema_input_type=str | list[str])
Patterns = Annotated[
    tuple[Annotated[str, AfterValidator(_check_pattern)], ...],
    _OneOrMore,
    Field(description="strptime pattern, or a list tried in order, e.g. %d/%m/%Y"),
]
Signs = Annotated[
    tuple[Annotated[str, AfterValidator(_check_sign)], ...],
    _OneOrMore,
    Field(description="currency signs or units before or behind numbers, e.g. [€, GBP]"),
]
Nulls = Annotated[tuple[str, ...], _OneOrMore, Field(description="text, or list of texts, that means null")]
Mark = Annotated[str, AfterValidator(_check_mark)]


@dataclass(frozen=True, kw_only=True)
class ColumnFormat:
    """How one column is delivered: its name in the files, and how its values are written."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    delivered: Annotated[str | None, Field(alias="from", min_length=1, description="name in the files")] = None
    format: Patterns = ()
    decimal: Annotated[Mark | None, Field(description="decimal sign")] = None
    thousands: Annotated[Mark | None, Field(description="sign between thousands")] = None
    signs: Signs = ()
    null_text: Nulls = ()
    trim: Annotated[bool | None, Field(description="leave out space around values")] = None

    def misplaced(self, kind: DuckDBPyType) -> str:
        """The key that has no meaning for a column of this type; empty if all have one."""
        if self.format and kind.id not in _TIMES:
            return "format"
        given = {"decimal": self.decimal, "thousands": self.thousands, "signs": self.signs}
        return next((key for key, value in given.items() if value and kind.id not in _NUMBERS), "")


@dataclass(frozen=True)
class Spelling:
    """How the values of one column are written. Nothing is set: as the type's own casts read them."""

    nulls: tuple[str, ...] = ()
    trim: bool = False
    patterns: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    signs: tuple[str, ...] = ()

    @property
    def numbers(self) -> bool:
        """Whether numbers are written in another way than the types'."""
        return self.decimal != "." or bool(self.thousands or self.signs)

    def says(self, kind: DuckDBPyType) -> str:
        """How values of this type are written, for a message."""
        if kind.id in _TIMES:
            return f" written as {' or '.join(self.patterns)}" if self.patterns else ""
        thousands = f" and {self.thousands!r} between thousands" if self.thousands else ""
        return f" written with the decimal sign {self.decimal!r}{thousands}" if kind.id in _NUMBERS and self.numbers else ""

    def cleaned(self, text: str) -> str:
        """SQL of `text` without space around it, and null where it means null."""
        if self.trim:
            text = f"regexp_replace({text}, {literal(f'^{_SPACES}+|{_SPACES}+$')}, '', 'g')"
        return f"case when {text} in ({listing(self.nulls)[1:-1]}) then null else {text} end" if self.nulls else text

    def respelled(self, text: str, kind: DuckDBPyType) -> str:
        """SQL of a cleaned `text` as the casts know it; null where it is not written as the feed says. `text` itself if it is."""
        if kind.id in _TIMES and self.patterns:
            return f"coalesce({', '.join(_iso(text, pattern) for pattern in self.patterns)})"
        return self._number(text) if kind.id in _NUMBERS and self.numbers else text

    def _number(self, text: str) -> str:
        signs = "|".join(re.escape(sign) for sign in self.signs)
        unit, group = (f"(?:(?:{signs}){_SPACES}*)?", f"(?:{_SPACES}*(?:{signs}))?") if signs else ("", "")
        between = r"[ \x{A0}\x{202F}]" if self.thousands == " " else re.escape(self.thousands)
        whole = f"[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+" if self.thousands else "[0-9]+"
        # A sign of the number is before or behind that of the currency: -€5, €-5.
        sign = f"(?:([+-]?){unit}|{unit}([+-]))"
        fraction = f"(?:{re.escape(self.decimal)}([0-9]*))?"
        pattern = f"{_SPACES}*{sign}({whole})?{fraction}([eE][+-]?[0-9]+)?{group}{_SPACES}*"
        names = ["before", "behind", "whole", "fraction", "power"]
        found = f"regexp_extract({text}, {literal(f'^(?:{pattern})$')}, {listing(names)})"
        digits = f"regexp_replace({found}.whole, '[^0-9]', '', 'g')"
        rest = f"case when {found}.fraction <> '' then concat('.', {found}.fraction) else '' end"
        written = f"concat({found}.before, {found}.behind, {digits}, {rest}, {found}.power)"
        return f"case when {digits} <> '' or {found}.fraction <> '' then {written} end"


@dataclass(frozen=True)
class Steps:
    """From a delivered text (the column t0) to the text that the casts read: `cleaned`, then `text`; null means null.

    `columns` is the SQL of the columns that hold them.
    """

    delivered: str
    cleaned: str
    text: str
    columns: tuple[str, ...] = ()
    says: str = ""

    def checked(self, cast: Cast) -> Cast:
        """`cast` of `text`, which a value that is not written as the feed says does not fit."""
        if self.text == self.cleaned:
            return cast
        return Cast(cast.value, f"(({self.text} is null and {self.cleaned} is not null) or {cast.misfit})", self.says)


def steps(spelling: Spelling, text: str, kind: DuckDBPyType, exempt: str = "false") -> Steps:
    """The steps of the column `text` (t0 and the like); where `exempt` (SQL) is true, the text is read as it is."""
    number = text.removeprefix("t")
    cleaned, respelled, columns = text, text, []
    if (clean := spelling.cleaned(text)) != text:
        cleaned = respelled = f"c{number}"
        columns.append(f"{_unless(exempt, text, clean)} as {cleaned}")
    if (spelled := spelling.respelled(cleaned, kind)) != cleaned:
        respelled = f"f{number}"
        columns.append(f"{_unless(exempt, cleaned, spelled)} as {respelled}")
    return Steps(text, cleaned, respelled, tuple(columns), spelling.says(kind))


def _unless(exempt: str, text: str, sql: str) -> str:
    return sql if exempt == "false" else f"case when {exempt} then {text} else {sql} end"


def _iso(text: str, pattern: str) -> str:
    """SQL of a text of this pattern as YYYY-MM-DD HH:MM:SS.ffffff with its offset; null where it is not of the pattern."""
    parts = _parts(pattern)
    matcher = literal(f"(?i)^{''.join(texts for _, texts in parts)}$")
    names = [part for part, _ in parts if part]
    got = {name: f"regexp_extract({text}, {matcher}, {listing(names)}).{name}" for name in names}
    pieces = [_year(got["year"], pattern), "'-'", _month(got["month"], pattern), "'-'", _two(got["day"])]
    day = f"concat({', '.join(pieces)})"
    if "hour" in got:
        pieces += ["' '", _two(_hour(got)), "':'", _two(got.get("minute", "'0'")), "':'", _two(got.get("second", "'0'"))]
        pieces += ["'.'", got["fraction"]] if "fraction" in got else []
        pieces += [f"upper({got['zone']})"] if "zone" in got else []
    fits = f"regexp_matches({text}, {matcher})"
    if "weekday" in got:
        fits += f" and lower(dayname(try_cast({day} as date))[:3]) = lower({got['weekday']}[:3])"
    return f"case when {fits} then concat({', '.join(pieces)}) end"


def _two(digits: str) -> str:
    return f"lpad({digits}, 2, '0')"


def _year(digits: str, pattern: str) -> str:
    """Two digits are of 1969 to 2068, as POSIX has it."""
    if "Y" in _letters(pattern):
        return digits
    return f"concat(case when {digits} < '69' then '20' else '19' end, {digits})"


def _month(text: str, pattern: str) -> str:
    if "m" in _letters(pattern):
        return _two(text)
    return _two(f"list_position({listing(_MONTHS)}, lower({text}[:3]))::varchar")


def _hour(got: Mapping[str, str]) -> str:
    if "half" not in got:
        return got["hour"]
    return f"(try_cast({got['hour']} as integer) % 12 + case when lower({got['half']}) = 'pm' then 12 else 0 end)::varchar"


def _letters(pattern: str) -> set[str]:
    return {match.group(1) for match in _LETTER.finditer(pattern)}
