"""SQL that reads values out of JSON documents, at any depth, with every digit.

DuckDB reads a JSON number through a double, so 1.10 comes back as 1.1 and 0.12345678901234567890 loses digits. `marked` turns
the numbers of a document into strings that begin with a mark; `unmarked` gives back what was delivered.
"""

from __future__ import annotations

from duckdb.sqltypes import DuckDBPyType

from sluice.core.duck import identifier, listing, literal
from sluice.ingest.casts import NESTED, Cast, cast_text, each, fields, pack

# Letters for private use, in an order that no text has.
_MARK = "\uf8ff\ue000\uf8ff"
# Strings and all else up to a number, so that no number inside a string is found.
_BEFORE_NUMBER = r'((?:"(?:[^"\\]|\\.)*"|[^"0-9\-]|-[^0-9"])*)(-?[0-9][0-9.eE+\-]*)'
_MARKED_NUMBER = rf'\1"{_MARK}\2"'
# Where DuckDB's parser of structs would take a value without names for one whose fields are all null.
_ROW = r"(^|[\[{,:])\s*\("
_MARKED = f'"{_MARK}([^"]*)"'


def marked(document: str) -> str:
    """SQL of a valid JSON document with a marked string for each of its numbers."""
    # The number at the end makes the pattern consume the whole document, whatever is in its last strings.
    replaced = f"regexp_replace({document} || ' 0', {literal(_BEFORE_NUMBER)}, {literal(_MARKED_NUMBER)}, 'g')"
    return f"left({replaced}, -{len(_MARK) + 4})"


def unmarked(text: str) -> str:
    """SQL of a text out of a document that may be marked, as it was delivered."""
    inner = f"regexp_replace({text}, {literal(_MARKED)}, '\\1', 'g')"
    return (
        f"case when starts_with({text}, {literal(_MARK)}) then substr({text}, {len(_MARK) + 1})"
        f" when contains({text}, {literal(_MARK)}) then {inner} else {text} end"
    )


def changed(text: str, target: DuckDBPyType) -> str:
    """SQL that is true where a number may have lost digits in the text of a value that is to become `target`."""
    if target.id in ("varchar", "blob"):
        number = f"regexp_matches({text}, '^-?[0-9]+[.e]')"
        return f"({number} or regexp_matches({text}, '^[\\[{{]') and regexp_matches({text}, '[0-9][.e]'))"
    if target.id in ("boolean", "date", "timestamp"):
        return "false"
    if target.id in NESTED:
        return f"regexp_matches({text}, '[0-9][.e]')"
    # A fraction behind nine digits; `LONG_FRACTION` finds the others.
    return f"(length({text}) > 10 and regexp_matches({text}, '[.e]'))"


# A number that keeps digits in a double has no more than this behind the point, unless it is found by `changed`; -0, whose sign
# DuckDB drops; and numbers so small that they become 0.
LONG_FRACTION = r"\.[0-9]{8}|-0[,}\]\s]|[eE]-[0-9]{3}"


def pointer(path: tuple[str, ...]) -> str:
    """A path as a JSON pointer (RFC 6901), which can express any key."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def cast_document(document: str, target: DuckDBPyType, depth: int = 0) -> Cast:
    """How to read a JSON document (valid, as text, perhaps marked) as a struct or list; null and the word null are null."""
    reader = _cast_object if target.id == "struct" else _cast_array
    return reader(document, target, depth)


def _cast_object(document: str, target: DuckDBPyType, depth: int) -> Cast:
    is_object = f"starts_with({document}, '{{')"
    casts = {name: _cast_field(document, name, kind, depth) for name, kind in fields(target)}
    names = listing([name for name, _ in fields(target)])
    keys = f"json_keys({document})"
    foreign = f"(not list_has_all({names}, {keys}) or len({keys}) <> len(list_distinct({keys})))"
    packed = pack(document, is_object, casts)
    misfit = (
        f"case when {document} is null or {document} = 'null' then false when not {is_object} then true"
        f" else {foreign} or {packed.misfit} end"
    )
    return Cast(packed.value, misfit)


def _cast_field(document: str, name: str, target: DuckDBPyType, depth: int) -> Cast:
    path = literal(pointer((name,)))
    if target.id in NESTED:
        return cast_document(f"json_extract({document}, {path})::varchar", target, depth)
    return cast_text(unmarked(f"json_extract_string({document}, {path})"), target, exponents=True)


def _cast_array(document: str, target: DuckDBPyType, depth: int) -> Cast:
    ((_, kind),) = fields(target)
    element = f"e{depth}"
    if kind.id in NESTED:
        cast = cast_document(f"{element}::varchar", kind, depth + 1)
    else:
        cast = cast_text(unmarked(f"json_extract_string({element}, '$')"), kind, exponents=True)
    is_array = f"starts_with({document}, '[')"
    listed = each(f"json_transform({document}, '[\"JSON\"]')", element, cast)
    misfit = (
        f"case when {document} is null or {document} = 'null' then false when not {is_array} then true else {listed.misfit} end"
    )
    return Cast(f"case when {is_array} then {listed.value} end", misfit)


def cast_csv(text: str, target: DuckDBPyType, *, typed: str = "", exponents: bool = False) -> Cast:
    """How to read the SQL expression `text` (varchar) as `target`; a struct or list is JSON, or as DuckDB writes it."""
    if target.id not in NESTED:
        return cast_text(text, target, typed=typed, exponents=exponents)
    document = cast_document(marked(text), target)
    tree = f"try_cast({text} as {_as_text(target)})"
    written = _cast_tree(tree, target, 0)
    value = f"case when json_valid({text}) then {document.value} else {written.value} end"
    misfit = (
        f"case when {text} is null then false when json_valid({text}) then {document.misfit}"
        f" else {tree} is null or regexp_matches({text}, {literal(_ROW)}) or {written.misfit} end"
    )
    return Cast(value, misfit)


def _cast_tree(tree: str, target: DuckDBPyType, depth: int) -> Cast:
    """How to read a struct or list whose plain values are all text as `target`."""
    if target.id == "struct":
        casts = {name: _cast_tree(f"struct_extract({tree}, {literal(name)})", kind, depth) for name, kind in fields(target)}
        return pack(tree, f"{tree} is not null", casts)
    if target.id == "list":
        ((_, kind),) = fields(target)
        return each(tree, f"e{depth}", _cast_tree(f"e{depth}", kind, depth + 1))
    return cast_text(tree, target)


def _as_text(target: DuckDBPyType) -> str:
    """The type with text in place of every plain type."""
    if target.id == "struct":
        return f"struct({', '.join(f'{identifier(name)} {_as_text(kind)}' for name, kind in fields(target))})"
    return f"{_as_text(fields(target)[0][1])}[]" if target.id == "list" else "varchar"
