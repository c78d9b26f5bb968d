"""Which messages DuckDB's own JSON reader surely reads as ingest does, so that they need not be read with all its care.

Most messages are plain: each value is written as its type writes it. Whatever is not is read by ingest's reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from sluice.ingest.casts import INTEGERS, fields
from sluice.lake.contracts import Contract

_BITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?Z?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"-?(\d+)(?:\.(\d+))?")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
# So many digits a double holds without a loss.
_SURE_DIGITS = 15

Check = Callable[[Any], bool]


class _Fraction(str):
    """A number with a point, as it is written."""

    __slots__ = ()


class PlainMessages:
    """Tells which messages of a contract are plain. `structure` is what DuckDB's from_json needs to read them."""

    def __init__(self, contract: Contract) -> None:
        types = contract.types
        self._checks = {name: _check(kind) for name, kind in types.items()}
        self._required = tuple(column.name for column in contract.columns if column.required)
        self.structure = json.dumps({name: _structure(kind) for name, kind in types.items()})

    def is_plain(self, line: str) -> bool:
        """Whether a line surely fits the contract, and every reader reads it alike."""
        if "\\u" in line:  # a NUL, or half of a pair
            return False
        try:
            record = json.loads(line, parse_float=_Fraction, parse_constant=_refused, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return False
        if not isinstance(record, dict) or any(record.get(name) is None for name in self._required):
            return False
        checks = self._checks
        return all(value is None or name not in checks or checks[name](value) for name, value in record.items())


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key occurs twice")
    return record


def _structure(kind: DuckDBPyType) -> Any:
    if kind.id == "struct":
        return {name: _structure(child) for name, child in fields(kind)}
    if kind.id == "list":
        return [_structure(child) for _, child in fields(kind)]
    return str(kind)


def _check(kind: DuckDBPyType) -> Check:
    """What says of a value, which is not null, that it is surely of the type."""
    if kind.id == "struct":
        return _struct_check({name: _check(child) for name, child in fields(kind)})
    if kind.id in _BITS:
        limit = 1 << _BITS[kind.id]
        return lambda value: type(value) is int and -limit <= value < limit
    if kind.id == "decimal":
        return _decimal_check(str(kind))
    plain: Mapping[str, Check] = {
        "varchar": lambda value: type(value) is str,
        "boolean": lambda value: isinstance(value, bool),
        "timestamp": lambda value: type(value) is str and bool(_TIME.fullmatch(value)) and _is_time(value),
        "date": lambda value: type(value) is str and bool(_DATE.fullmatch(value)) and _is_time(value),
    }
    return plain.get(kind.id, lambda _: False)


def _struct_check(checks: Mapping[str, Check]) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, dict) and all(
            name in checks and (within is None or checks[name](within)) for name, within in value.items()
        )

    return check


def _decimal_check(kind: str) -> Check:
    found = _DECIMAL.fullmatch(kind)
    assert found is not None, kind
    width, scale = int(found.group(1)), int(found.group(2))

    def check(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | str):
            return False
        number = _NUMBER.fullmatch(str(value))
        if number is None:
            return False
        whole, fraction = number.group(1), number.group(2) or ""
        fits = len(whole) <= width - scale and len(fraction) <= scale
        return fits and len(whole) + len(fraction) <= _SURE_DIGITS

    return check


def _is_time(text: str) -> bool:
    """Whether a text in the form of a day or time is one."""
    from datetime import datetime

    try:
        datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return False
    return text[:4] != "0000"


assert _BITS.keys() <= INTEGERS
