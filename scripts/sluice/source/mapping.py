"""Which entity a raw table holds, and which of its columns become the common ones: by name, type and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sluice.core.duck import identifier, literal, parse_type
from sluice.source.project import Allowed, DbtProject
from sluice.source.proposal import CommonColumn, RawColumn, RawTable, Staging
from sluice.source.vocabulary import plain, singular, vocabulary, words

_INTEGERS = {"smallint", "integer", "bigint"}
_MOST_VALUES = 20
# An id that has fewer values than this share of the rows is not that of the table's own rows.
_OWN_SHARE = 0.5
# The common column that --currency gives.
CURRENCY = "currency_code"


@dataclass(frozen=True)
class Match:
    """Raw columns that give a common one, and why: the same name, or a known word for it."""

    columns: tuple[RawColumn, ...]
    how: str


@dataclass(frozen=True)
class Context:
    """What every column of a source depends on; `currency` is that of amounts where no column says it."""

    source: str
    project: DbtProject
    currency: str | None

    @property
    def constants(self) -> dict[str, str]:
        """SQL of common columns that are given for the whole source."""
        return {CURRENCY: literal(self.currency)} if self.currency else {}


def own_id(entity: str) -> str:
    """The common column that identifies a row of an entity, where it has one: `order_id` of orders."""
    return f"{singular(entity)}_id"


# --- entities ---------------------------------------------------------------------------------------------------------


def stagings(
    source: str, tables: Sequence[RawTable], project: DbtProject, currency: str | None = None
) -> tuple[list[Staging], list[str]]:
    """A staging model for each entity that a table holds, or whose rows can be made of another's; and notes.

    `currency` is that of amounts where no column says it.
    """
    held: dict[str, RawTable] = {}
    notes = []
    ranked = sorted(
        ((likeness(table, entity, project), table, entity) for table in tables for entity in project.common), key=_first
    )
    for score, table, entity in ranked:
        if not score or table.name in {one.name for one in held.values()}:
            continue
        if entity in held:
            notes.append(f"{table.name} looks like {entity}, too; only {held[entity].name} is taken for it")
        else:
            held[entity] = table
    derived = _derived(held, project)
    context = Context(source, project, currency)
    made = [
        staging(context, entity, held.get(entity) or derived[entity], is_derived=entity in derived)
        for entity in project.common
        if entity in held or entity in derived
    ]
    return made, list(dict.fromkeys(notes))


def _first(ranked: tuple[float, RawTable, str]) -> float:
    return -ranked[0]


def likeness(table: RawTable, entity: str, project: DbtProject) -> float:
    """How much a table is like an entity: by its name, and by the columns that tell it. 0: not at all."""
    matched = {column: match(table, entity, column, kind) for column, kind in project.common[entity].items()}
    found = {column for column, one in matched.items() if one}
    told_by = set(vocabulary().entities[entity].told_by) if entity in vocabulary().entities else set()
    is_told = bool(told_by) and told_by <= found
    named = _named(table.name, entity)
    if not _may_be_own(table, matched.get(own_id(entity))):
        return 0.0
    return named + 2 * is_told + 0.1 * len(found) if is_told or (named and len(found) > 1) else 0.0


def _may_be_own(table: RawTable, own: Match | None) -> bool:
    """Whether an id can be that of the table's rows: it differs in most of them, or counts within the rest of the key."""
    if own is None:
        return True
    column = own.columns[0]
    return column.name in table.key[1:] or column.facts.distinct >= _OWN_SHARE * table.facts.rows


def _named(table: str, entity: str) -> float:
    """How well a table's name fits: 4 if it is a word for the entity, less if it has one among others, 0 if none."""
    parts = [singular(word) for word in words(table)]
    runs = {"".join(parts[start:end]): end - start for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)}
    fitting = [length for run, length in runs.items() if run in vocabulary().called(entity)]
    return 4.0 if len(parts) in fitting else max(fitting, default=0) * 1.0


def _derived(held: Mapping[str, RawTable], project: DbtProject) -> dict[str, RawTable]:
    """Entities that no table holds, and whose ids are in the rows of another: with more about them, or as a reference."""
    found: dict[str, RawTable] = {}
    for table in held.values():
        missing = [entity for entity in project.common if entity not in held and _has_id(table, entity, project)]
        found |= {entity: table for entity in missing if _says_more(table, entity, project) and entity not in found}
        named = {name for entity, of in {**held, **found}.items() if of is table for name in project.common[entity]}
        found |= {entity: table for entity in missing if own_id(entity) in named and entity not in found}
    return found


def _has_id(table: RawTable, entity: str, project: DbtProject) -> bool:
    """Whether rows name one of the entity, of which each has several rows."""
    columns = project.common[entity]
    own = match(table, entity, own_id(entity), columns[own_id(entity)]) if own_id(entity) in columns else None
    return own is not None and (own.columns[0].name,) != table.key


def _says_more(table: RawTable, entity: str, project: DbtProject) -> bool:
    """Whether the rows say something of the entity that no other entity has."""
    others = {name for other, columns in project.common.items() if other != entity for name in columns}
    columns = project.common[entity]
    return any(match(table, entity, name, kind) for name, kind in columns.items() if name not in others)


# --- columns ----------------------------------------------------------------------------------------------------------


def staging(context: Context, entity: str, table: RawTable, *, is_derived: bool) -> Staging:
    """The model of an entity: each common column with the SQL that gives it."""
    kinds = context.project.common[entity]
    columns = [_common(context, entity, table, name, kind, is_derived=is_derived) for name, kind in kinds.items()]
    return Staging(entity, table, tuple(columns), is_derived)


def match(table: RawTable, entity: str, name: str, kind: str) -> Match | None:
    """The raw columns that a common column is made of; None where no name, type and values fit."""
    for candidate, how in _candidates(entity, name):
        columns = [_by_name(table, part) for part in candidate.split("+")]
        found = tuple(column for column in columns if column is not None)
        if len(found) == len(columns) and all(_fits(column, name, kind) for column in found):
            return Match(found, how)
    return None


def _candidates(entity: str, name: str) -> Iterator[tuple[str, str]]:
    """Names in normal form, the likeliest first."""
    yield plain(name), "same name"
    short = plain(name).removeprefix(plain(singular(entity)))
    if short != plain(name) and name != own_id(entity):
        yield short, "same name"
    yield from ((word, "known word") for word in vocabulary().synonyms(name))
    if name == own_id(entity):
        yield from ((word, "known word") for word in ("id", "key", "number", "code"))


def _by_name(table: RawTable, name: str) -> RawColumn | None:
    return next((column for column in table.columns if plain(column.name) == name), None)


def _fits(column: RawColumn, name: str, kind: str) -> bool:
    """Whether the values can be those of the common column: some are there, of its type, and look like it."""
    target, found = parse_type(kind).id, parse_type(column.type).id
    if not column.facts.filled or not _is_castable(column, found, target):
        return False
    pattern = next((pattern for end, pattern in vocabulary().values.items() if name.endswith(end)), None)
    values = [value for value, _ in column.facts.common]
    return pattern is None or all(re.fullmatch(pattern, value) for value in values)


def _is_castable(column: RawColumn, found: str, target: str) -> bool:
    if target == "varchar":
        return found not in ("struct", "list", "blob", "timestamp", "date", "double")
    if target == "boolean":
        return found == "boolean" or {value for value, _ in column.facts.common} <= {"0", "1"}
    if target == "timestamp":
        return found in ("timestamp", "date")
    return found == target or (target == "decimal" and found in _INTEGERS) or (target in _INTEGERS and found in _INTEGERS)


def _common(context: Context, entity: str, table: RawTable, name: str, kind: str, *, is_derived: bool) -> CommonColumn:
    found, allowed = match(table, entity, name, kind), context.project.allowed.get(name)
    is_own = name == own_id(entity) and not is_derived
    if is_own and (found is None or len(table.key) > 1):
        return _made_of_key(context.source, name, table)
    if found and allowed:
        return _of_values(name, found, allowed)
    if found:
        ask = f"{name}: {found.columns[0].name} is that of each row; is it the same in all rows of one {singular(entity)}?"
        is_doubtful = is_derived and parse_type(kind).id == "decimal"
        sql = _expression(context.source, name, kind, found)
        return CommonColumn(name, sql, _names(found), found.how, ask=ask if is_doubtful else "")
    if name in context.constants:
        return CommonColumn(name, context.constants[name], how="given")
    instead = vocabulary().instead.get(name, "")
    kinds = context.project.common[entity]
    if instead in kinds and match(table, entity, instead, kinds[instead]):
        return CommonColumn(name, f"cast(null as {kind})", why=f"{instead} says it.")
    return _absent(context, entity, name, kind, _nearly(table, entity, name))


def _names(found: Match) -> tuple[str, ...]:
    return tuple(column.name for column in found.columns)


def _expression(source: str, name: str, kind: str, found: Match) -> str:
    column = quoted(found.columns[0].name)
    if len(found.columns) > 1:
        return " || ' ' || ".join(quoted(one.name) for one in found.columns)
    if name.endswith("_id"):
        return f"{literal(source + ':')} || {column}"
    same = parse_type(kind).id == parse_type(found.columns[0].type).id
    return column if same or parse_type(kind).id in ("decimal", *_INTEGERS) else f"cast({column} as {kind})"


def _made_of_key(source: str, name: str, table: RawTable) -> CommonColumn:
    """The id of a row: its key, or, where it has none, its whole content."""
    if table.key:
        key = " || '-' || ".join(quoted(column) for column in table.key)
        return CommonColumn(name, f"{literal(source + ':')} || {key}", table.key, "key of the table")
    every = "".join(f"\n            coalesce(cast({quoted(column.name)} as varchar), '~')," for column in table.columns)
    return CommonColumn(
        name,
        f"{literal(source + ':')} || md5(concat_ws(\n            '|',{every.removesuffix(',')}\n        ))",
        how="content of the row",
        ask=f"{name}: no key was found ({table.facts.key_sure}); made of all columns, so exact copies share it",
    )


def _of_values(name: str, found: Match, allowed: Allowed) -> CommonColumn:
    """A column that may have certain values only: as it is if it has no others, else each value is given a meaning."""
    column, values = found.columns[0], [value for value, _ in found.columns[0].facts.common]
    if set(values) <= set(allowed.values) and column.facts.distinct <= _MOST_VALUES:
        return CommonColumn(name, quoted(column.name), (column.name,), found.how, why=f"{name} is {_listed(allowed)}.")
    if column.facts.distinct > _MOST_VALUES:
        ask = f"{name}: {column.name} has {column.facts.distinct:,} values; {name} is {_listed(allowed)}"
        return CommonColumn(name, "cast(null as varchar)", ask=ask)
    cases = "".join(f"\n            when {literal(value)} then {literal(_meaning(name, value, allowed))}" for value in values)
    seen = ", ".join(f"{value} {count:,}" for value, count in column.facts.common)
    return CommonColumn(
        name,
        f"case {quoted(column.name)}{cases}\n        end",
        (column.name,),
        found.how,
        ask=f"{name}: what each value means; seen: {seen}; {name} is {_listed(allowed)}",
    )


def _listed(allowed: Allowed) -> str:
    return f"one of {', '.join(allowed.values)}" + ("" if allowed.blocks else " (others are a warning)")


def _meaning(name: str, value: str, allowed: Allowed) -> str | None:
    """The allowed value that is written like it, or that it is a known word for."""
    known = {plain(word): meaning for meaning, said in vocabulary().meanings.get(name, {}).items() for word in said}
    likely = {plain(one): one for one in allowed.values}
    found = likely.get(plain(value)) or known.get(plain(value))
    return found if found in allowed.values else None


def _nearly(table: RawTable, entity: str, name: str) -> str:
    """The raw column whose name fits a common one but not its values, with what is wrong; else nothing."""
    for candidate, _ in _candidates(entity, name):
        column = _by_name(table, candidate)
        if column is not None and column.facts.filled:
            return f"{column.name} is called like it, but is {column.type}" + (f", {column.sure}" if column.sure else "")
    return ""


def _absent(context: Context, entity: str, name: str, kind: str, nearly: str) -> CommonColumn:
    """What a source has nothing of: null, but for what has another usual value, or is never null in a mart."""
    known, allowed = vocabulary().absent.get(name), context.project.allowed.get(name)
    listed = f"; it is {_listed(allowed)}" if allowed else ""
    if known:
        sql, is_sure = known.sql.replace("<source>", context.source), known.sure and not nearly
        ask = "" if is_sure else f"{name}: {nearly or known.why}{listed}"
        return CommonColumn(name, sql, how="constant" if is_sure else "guess", why=known.why, ask=ask)
    is_promised = name in context.project.promised[entity]
    missing = f"nothing looks like it, and a mart promises that {entity} have it" if is_promised else ""
    ask = f"{name}: {nearly or missing}{listed}" if nearly or missing else ""
    return CommonColumn(name, f"cast(null as {kind})", ask=ask)


def quoted(name: str) -> str:
    """A column's name as SQL, in quotes only where it is not a plain word."""
    plain_word = re.fullmatch(r"[a-z_][a-z0-9_]*", name.lower()) and name.lower() not in RESERVED
    return name.lower() if plain_word else identifier(name)


# Words that SQL reserves and that columns are called.
RESERVED = {"all", "case", "check", "default", "desc", "end", "from", "group", "limit", "offset", "on", "order", "primary",
            "references", "select", "table", "to", "unique", "user", "using", "when", "where", "window", "with"}  # fmt: skip
