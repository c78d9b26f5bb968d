"""Which type a column is promised: a pure decision from what was seen, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import parse_type
from sluice.source.facts import FLOATS, PLAIN, TEXT, ColumnFacts, Shape
from sluice.source.vocabulary import vocabulary, words

_DIGITS = 18  # of a decimal: what fits 64 bits
_EXACT_DIGITS = 15  # that a double keeps
_MOST_SCALE = 6  # decimals of more are measurements, not amounts
_INTEGERS = {"tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger"}
_TEXTS = {"uuid", "enum", "json", "time", "time with time zone", "interval", "bit", "hugeint", "uhugeint", "ubigint"}


@dataclass(frozen=True)
class TypeChoice:
    """A type, how sure it is, and the keys that a feed's column needs for it. `ask` is what a person has to decide first."""

    type: str
    sure: str
    feed: Mapping[str, Any] = field(default_factory=dict)
    ask: str = ""


def choose(column: ColumnFacts) -> TypeChoice:
    """The narrowest type that every value seen fits, and text where that is in doubt."""
    if not column.filled:
        return TypeChoice("varchar", f"empty in {_all(column.rows, 'rows')}")
    is_amount = column.type in FLOATS and bool(vocabulary().amount_words & set(words(column.name)))
    if column.type not in (None, TEXT, PLAIN) and not is_amount:
        return _of_typed(column)
    shapes = {shape.name: shape for shape in column.shapes if shape.name != "null"}
    if not shapes:
        return TypeChoice("varchar", f"no value but words for null in {_all(column.rows, 'rows')}")
    count = sum(shape.values for shape in shapes.values())
    # Digits with zeros before them have a shape of their own, and are a number in no way of writing one.
    is_number = column.type != TEXT and not vocabulary().text_words & set(words(column.name))
    choice = (_number(column, shapes, count) if is_number else None) or _time(column, shapes, count)
    nulls = next((shape for shape in column.shapes if shape.name == "null"), None)
    return _with_nulls(choice, nulls) if choice else TypeChoice("varchar", _text(column, shapes))


def _all(count: int, what: str) -> str:
    return f"{count:,} of {count:,} {what}"


# How numbers may be written: the shapes that may occur, those of which one must, and what the feed says for it.
_WRITTEN: tuple[tuple[set[str], set[str], dict[str, str]], ...] = (
    ({"integer", "whole", "point", "point or thousands"}, {"whole", "point"}, {}),
    ({"integer", "comma", "comma or thousands"}, {"comma"}, {"decimal": ","}),
    (
        {"integer", "comma", "comma or thousands", "thousands, comma", "point or thousands"},
        {"comma", "thousands, comma"},
        {"decimal": ",", "thousands": "."},
    ),
    ({"integer", "whole", "point", "comma or thousands", "thousands, point"}, {"point", "thousands, point"}, {"thousands": ","}),
)


def _number(column: ColumnFacts, shapes: Mapping[str, Shape], count: int) -> TypeChoice | None:
    names = set(shapes)
    signs = sorted({sign for shape in shapes.values() for sign in shape.marks})
    feed: dict[str, Any] = {"signs": signs} if signs else {}
    is_amount = bool(signs or vocabulary().amount_words & set(words(column.name)))
    if names and names <= {"integer", "whole"} and not is_amount:
        return _integer(shapes, count, feed)
    if names == {"integer"}:
        return _decimal(shapes, count, feed)
    for may, must, marks in _WRITTEN:
        if names <= may and names & must:
            return _decimal(shapes, count, {**feed, **marks})
    if names and names <= {"integer", "whole", "point", "point or thousands", "exponent"} and "exponent" in names:
        return TypeChoice("double", f"{_all(count, 'are numbers')}, some with an exponent", feed)
    return _doubtful(column, shapes)


def _doubtful(column: ColumnFacts, shapes: Mapping[str, Shape]) -> TypeChoice | None:
    """Text where 1.234 may be a fraction or a thousand."""
    for name in ("point or thousands", "comma or thousands"):
        if name in shapes and set(shapes) <= {"integer", name}:
            ask = f"is {shapes[name].example} in {column.name} a thousand or a fraction? Say so in the feed (decimal, thousands)"
            return TypeChoice("varchar", f"ambiguous: {shapes[name].values:,} are a thousand or a fraction", ask=ask)
    return None


def _integer(shapes: Mapping[str, Shape], count: int, feed: Mapping[str, Any]) -> TypeChoice:
    if max(shape.digits for shape in shapes.values()) > _DIGITS:
        return TypeChoice("varchar", f"{_all(count, 'are numbers')}, some of more than {_DIGITS} digits")
    written = " (written as 1.0)" if "whole" in shapes else ""
    return TypeChoice("bigint", f"{_all(count, 'are whole numbers')}{written}", feed)


def _decimal(shapes: Mapping[str, Shape], count: int, feed: Mapping[str, Any]) -> TypeChoice:
    """A decimal of the scale seen, with room before the point; a double where the scale is that of a measurement."""
    no_fractions = {"integer", "whole", *(("point or thousands", "comma or thousands") if "thousands" in feed else ())}
    fractions = [shape.scale for name, shape in shapes.items() if name not in no_fractions]
    scale, digits = max([2, *fractions]), max(shape.digits for shape in shapes.values())
    sure = f"{_all(count, 'are numbers')}, {max([0, *fractions])} decimals at most"
    if scale <= _MOST_SCALE and digits <= _DIGITS - scale:
        return TypeChoice(f"decimal({_DIGITS},{scale})", sure, feed)
    return TypeChoice("double" if digits <= _EXACT_DIGITS else "varchar", sure, feed)


def _time(column: ColumnFacts, shapes: Mapping[str, Shape], count: int) -> TypeChoice | None:
    names = set(shapes)
    if names == {"boolean"}:
        return TypeChoice("boolean", _all(count, "are true or false"))
    if names == {"day"}:
        return TypeChoice("date", _all(count, "are days"))
    if names and names <= {"day", "time"}:
        return TypeChoice("timestamp", _all(count, "are times"))
    return _by_format(column, count) if names == {"dated"} else None


def _by_format(column: ColumnFacts, count: int) -> TypeChoice | None:
    """A format that reads every value; text where none does, or two of them do."""
    fitting = sorted(name for name, values in column.formats.items() if values == count)
    if len(fitting) > 1:
        either = " or ".join(fitting)
        return TypeChoice("varchar", f"ambiguous: {either}", ask=f"is {column.name} {either}? Say so in the feed (format)")
    if not fitting:
        return None
    kind = "timestamp" if "%H" in fitting[0] or "%I" in fitting[0] else "date"
    return TypeChoice(kind, _all(count, f"are {fitting[0]}"), {"format": fitting[0]})


def _with_nulls(choice: TypeChoice, nulls: Shape | None) -> TypeChoice:
    """The same, with the words that mean null here."""
    if nulls is None or choice.type == "varchar":
        return choice
    said = ", ".join(nulls.marks)
    return TypeChoice(
        choice.type, f"{choice.sure}; {nulls.values:,} are null ({said})", {**choice.feed, "null_text": list(nulls.marks)}
    )


def _text(column: ColumnFacts, shapes: Mapping[str, Shape]) -> str:
    if vocabulary().text_words & set(words(column.name)):
        return "text, by the column's name"
    if "zeros" in shapes:
        return f"{shapes['zeros'].values:,} of {column.filled:,} begin with 0"
    if len(shapes) == 1 and not set(shapes) & {"text", "dated"}:
        return "text in the source"
    if set(shapes) == {"dated"}:
        return "days or times in no known format"
    most, *others = sorted(shapes.values(), key=lambda shape: -shape.values)
    return f"mixed: {most.values:,} {most.name}, {others[0].values:,} {others[0].name}" if others else "text"


def _of_typed(column: ColumnFacts) -> TypeChoice:
    """The type of the source, as the lake can hold it."""
    kind = parse_type(str(column.type), column.name)
    return TypeChoice(holdable(kind), f"{str(kind).lower()} in the source")


def holdable(kind: DuckDBPyType) -> str:
    """The type of the lake that every value of a DuckDB type fits."""
    if kind.id in _TEXTS:
        return "varchar"
    if kind.id in _INTEGERS:
        return "integer" if kind.id in ("tinyint", "smallint", "integer", "utinyint", "usmallint") else "bigint"
    if kind.id.startswith("timestamp"):
        return "timestamp"
    if kind.id in ("list", "array"):
        return holdable(_child(kind)) + "[]"
    return str(kind).lower()


def _child(kind: DuckDBPyType) -> DuckDBPyType:
    child = kind.children[0][1]
    assert isinstance(child, DuckDBPyType)
    return child
