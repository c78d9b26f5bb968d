"""SQL that turns delivered values into a contract's types without loss, and finds the values that do not fit.

DuckDB's own casts are lenient: '1.5' becomes the integer 2, '12.345' the decimal 12.35, and a timestamp's offset is
dropped. Rounding does not keep a contract, so each cast here has a condition under which it must not be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, literal

_INTEGERS = {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"}
_SMALL_INTEGERS = {"tinyint", "smallint", "integer", "utinyint", "usmallint"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


@dataclass(frozen=True)
class Cast:
    """`value`: SQL of the typed value. `misfit`: SQL that is true where the delivered value does not fit the type."""

    value: str
    misfit: str


def fields(target: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """Names and types inside a struct; of a list, its one inner type."""
    return [(name, child) for name, child in target.children if isinstance(child, DuckDBPyType)]


def cast_text(text: str, target: DuckDBPyType) -> Cast:
    """How to read the SQL expression `text` (varchar) as `target`; null stays null."""
    kind, value = target.id, f"try_cast({text} as {target})"
    if kind == "varchar":
        return Cast(text, "false")
    if kind in _INTEGERS:
        # 17850.0 is the integer 17850; 1.5 and 1e-7 are not integers.
        lossy = f"not regexp_full_match({text}, '\\s*[+-]?[0-9]+(\\.0*)?\\s*')"
    elif kind == "decimal":
        _, scale = _decimal(target)
        # Compared as the wider type by its own try_cast: DuckDB's comparison would fail for a value that this type cannot hold.
        wide = f"try_cast({text} as decimal(38, 20)) = try_cast({value} as decimal(38, 20))"
        exact = f"coalesce(contains(lower({text}), 'e') and {wide}, false)"
        plain = f"regexp_full_match({text}, '\\s*[+-]?[0-9]*\\.?[0-9]{{0,{scale}}}0*\\s*')"
        lossy = f"not ({plain} or {exact})"
    elif kind == "timestamp":
        # Only a zoned parse respects an offset; the plain one is three times as fast, and right for 'YYYY-MM-DD HH:MM:SS'.
        plain = f"length({text}) = 19 and {text}[17] = ':'"
        value = f"case when {plain} then try_cast({text} as timestamp) else try_cast({text} as timestamptz)::timestamp end"
        lossy = f"(not ({plain}) and (not isfinite({value}) or regexp_matches({text}, '\\.[0-9]{{6}}[0-9]*[1-9]')))"
    elif kind == "date":
        lossy = f"(length({text}) > 10 and try_cast({text} as timestamptz)::timestamp is distinct from {value}::timestamp)"
    elif kind in ("double", "float"):
        lossy = f"isinf({value})"
    else:
        lossy = "false"
    return Cast(value, f"({text} is not null and ({value} is null or {lossy}))")


def csv_reader_type(target: DuckDBPyType, *, exact: bool) -> str:
    """The type that DuckDB's CSV reader uses to parse a column of type `target`.

    Wider than the target, so that `cast_read` sees what the reader would round away. `exact` is slower, and also right for
    integers of more than 15 digits.
    """
    kind = target.id
    if kind in _SMALL_INTEGERS:
        return "decimal(18, 6)"
    if kind == "bigint" and not exact:
        return "decimal(18, 3)"
    if kind == "decimal" and _decimal(target)[0] <= 15:
        return f"decimal(18, {_decimal(target)[1] + 3})"
    # Times are read as text: a zoned time that cannot be parsed comes out of the reader as null, without a reject.
    if kind in ("boolean", "double", "float"):
        return kind
    return "varchar"


def cast_read(column: str, target: DuckDBPyType, *, exact: bool) -> Cast:
    """How to narrow what the CSV reader parsed as `csv_reader_type` to `target`."""
    read_as = csv_reader_type(target, exact=exact)
    if read_as == "varchar":
        return cast_text(column, target)
    if read_as.startswith("decimal"):
        value = f"try_cast({column} as {target})"
        return Cast(value, f"({column} is distinct from {value})")
    return Cast(column, f"isinf({column})" if target.id in ("double", "float") else "false")


def json_paths(path: tuple[str, ...], target: DuckDBPyType) -> dict[tuple[str, ...], DuckDBPyType]:
    """The paths of a JSON document that `cast_json` asks for, with their types: the value itself and, of a struct, its fields."""
    paths = {path: target}
    if target.id == "struct":
        for name, child in fields(target):
            paths |= json_paths((*path, name), child)
    return paths


def json_pointer(path: tuple[str, ...]) -> str:
    """A path as a JSON pointer (RFC 6901), which can express any key."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def cast_json(text: Callable[[tuple[str, ...]], str], path: tuple[str, ...], target: DuckDBPyType) -> Cast:
    """How to read the value at `path` of a JSON document as `target`; absent and null are null.

    `text` gives, for each of `json_paths`, the SQL of the text there; of a struct, its JSON (so an object begins with
    a brace, and a string that holds one with a quote).
    """
    if target.id == "struct":
        return _cast_json_struct(text, path, target)
    if target.id in ("list", "map", "array"):
        value = f"try(json_transform_strict({text(path)}::json, {literal(_json_structure(target))}))"
        # Whole numbers inside must be whole; DuckDB would round them.
        rounds = (
            f"regexp_matches({text(path)}, '\\.[0-9]*[1-9]')" if "INTEGER" in str(target) or "BIGINT" in str(target) else "false"
        )
        return Cast(value, f"({text(path)} is not null and ({value} is null or {rounds}))")
    cast = cast_text(text(path), target)
    if target.id == "decimal" and _decimal(target)[0] > 15:
        # DuckDB reads a JSON number through a double, which keeps 15 digits; as a string it may have more.
        digits = f"length(regexp_replace({text(path)}, '[^0-9]', '', 'g')) > 15"
        misfit = f"({cast.misfit} or ({digits} and json_type(line, {literal(json_pointer(path))}) <> 'VARCHAR'))"
        return Cast(cast.value, misfit)
    return cast


def _cast_json_struct(text: Callable[[tuple[str, ...]], str], path: tuple[str, ...], target: DuckDBPyType) -> Cast:
    parts = [(name, cast_json(text, (*path, name), child)) for name, child in fields(target)]
    packed = ", ".join(f"{identifier(name)} := {cast.value}" for name, cast in parts)
    value = f"case when starts_with({text(path)}, '{{') then struct_pack({packed}) end"
    misfits = " or ".join(cast.misfit for _, cast in parts)
    return Cast(value, f"({text(path)} is not null and (not starts_with({text(path)}, '{{') or {misfits}))")


def _json_structure(target: DuckDBPyType) -> str:
    if target.id in ("list", "array"):
        return f"[{_json_structure(fields(target)[0][1])}]"
    if target.id == "struct":
        return "{" + ", ".join(f'"{name}": {_json_structure(child)}' for name, child in fields(target)) + "}"
    return f'"{target}"'


def cast_typed(column: str, found: DuckDBPyType, target: DuckDBPyType) -> Cast | None:
    """How to turn a typed column (Parquet, PostgreSQL) into `target`; None where the types have nothing in common."""
    if str(found) == str(target):
        return Cast(column, "false")
    numbers = _INTEGERS | {"decimal", "double", "float"}
    times = {"date", "timestamp", "timestamp with time zone", "timestamp_ns", "timestamp_s", "timestamp_ms"}
    for family in (numbers, times, {"varchar", "uuid", "enum"}):
        if found.id in family and target.id in family:
            value = f"try_cast({column} as {target})"
            return Cast(value, f"({column} is not null and try_cast({value} as {found}) is distinct from {column})")
    if found.id in ("struct", "list") and found.id == target.id:
        value = f"try_cast({column} as {target})"
        return Cast(value, f"({column} is not null and {value} is null)")
    return None


def _decimal(target: DuckDBPyType) -> tuple[int, int]:
    match = _DECIMAL.fullmatch(str(target))
    assert match is not None, target
    return int(match.group(1)), int(match.group(2))
