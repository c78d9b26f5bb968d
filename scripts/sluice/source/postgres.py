"""Look at tables of a PostgreSQL server: types and keys as they are declared there, values from a sample of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.ingest.connection_string import SCHEMES, mistake, scrubbed, with_defaults
from sluice.ingest.readers.postgres.columns import SETTINGS, PgColumn, ask, asked, columns_of
from sluice.source.facts import PLAIN, ColumnFacts, TableFacts
from sluice.source.look import ROWS, facts
from sluice.source.vocabulary import snake, vocabulary, words

_IS_CONNECTION = re.compile(r"(.*\s)?(host|hostaddr|dbname|service|user)\s*=")
_CONNECT_SECONDS = 10
_MOST_DIGITS = 38  # of a decimal in DuckDB and Delta

# PostgreSQL's types whose values say nothing more about the type; of any other, they are text or are looked at.
_KINDS = {
    "int2": "INTEGER", "int4": "INTEGER", "int8": "BIGINT", "bool": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP", "bytea": "BLOB", "float4": "DOUBLE", "float8": "DOUBLE", "numeric": PLAIN, "money": PLAIN,
}  # fmt: skip
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")

# Of each table and view: its name, the columns of its primary key in their order, the columns that are never null.
_DECLARED = """
    select n.nspname::text, c.relname::text,
        coalesce((select string_agg(a.attname, ',' order by array_position(i.indkey::int2[], a.attnum))
            from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
            where i.indrelid = c.oid and i.indisprimary), '')::text as key,
        coalesce((select string_agg(a.attname, ',') from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and a.attnotnull and not a.attisdropped), '')::text as required,
        c.relkind in ('v', 'm') as is_view
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
        and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
    order by 1, 2
"""


@dataclass(frozen=True)
class Relation:
    """A table of the server as it is declared."""

    schema: str
    name: str
    key: tuple[str, ...]
    required: frozenset[str]
    is_view: bool

    @property
    def place(self) -> str:
        """The same as SQL."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"

    @property
    def full_name(self) -> str:
        """`schema.table`, with quotes around a name that has a dot in it."""
        return ".".join(identifier(part) if "." in part else part for part in (self.schema, self.name))


def is_connection(text: str) -> bool:
    """Whether it is a connection string, as PostgreSQL knows them, and not a path."""
    return text.startswith(SCHEMES) or bool(_IS_CONNECTION.match(text))


def look_at_server(
    connection: duckdb.DuckDBPyConnection, text: str, schema: str | None, tables: Sequence[str], variable: str
) -> list[TableFacts]:
    """The facts of the tables of a schema, or of the named ones; feeds read the connection string from `variable`.

    Raises SluiceError, without the connection string in it, where the server or a table cannot be read.
    """
    if wrong := mistake(text):
        raise SluiceError(wrong, where="PostgreSQL", hint="correct the connection string")
    try:
        full = with_defaults(text, {"connect_timeout": _CONNECT_SECONDS})
        connection.execute(f"attach {literal(full)} as pg (type postgres, read_only)")
        connection.execute("begin")  # the settings are those of a transaction
        ask(connection, SETTINGS)
        relations = _wanted(_relations(connection), schema, tables)
        return [_look(connection, relation, variable) for relation in relations]
    except duckdb.Error as error:
        raise SluiceError(
            f"cannot be read: {scrubbed((str(error).splitlines() or [''])[0], text)}",
            where="PostgreSQL",
            hint="check the connection string",
        ) from None


def _relations(connection: duckdb.DuckDBPyConnection) -> list[Relation]:
    return [
        Relation(schema, name, tuple(filter(None, key.split(","))), frozenset(required.split(",")), is_view)
        for schema, name, key, required, is_view in ask(connection, _DECLARED)
    ]


def _wanted(relations: Sequence[Relation], schema: str | None, tables: Sequence[str]) -> list[Relation]:
    """Tables and views of these names (`schema.table`, or `table` of `public`), else the tables of the schema, or all tables."""
    names = {name if "." in name else f"public.{name}" for name in tables}
    unknown = names - {relation.full_name for relation in relations}
    if unknown:
        known = ", ".join(relation.full_name for relation in relations)
        raise SluiceError(f"no such table: {', '.join(sorted(unknown))}", where="--table", hint=f"there are: {known}")
    named = [one for one in relations if (one.full_name in names if names else not one.is_view)]
    found = [one for one in named if not schema or one.schema == schema]
    if not found:
        raise SluiceError("no tables to read", where="PostgreSQL", hint="name a schema by --schema")
    return found


def _look(connection: duckdb.DuckDBPyConnection, relation: Relation, variable: str) -> TableFacts:
    """The server gives every value as text, as some of its values exist in none of DuckDB's types."""
    columns = columns_of(connection, relation.place)
    texts = ", ".join(f"{identifier(one.name)}::text as {identifier(one.name)}" for one in columns)
    query = f"select {texts} from {relation.place} limit {ROWS}"
    connection.execute(f"create or replace temp table looked as select *, 0 as __file from {asked(query)}")
    kinds = [(one.name, _kind(one)) for one in columns]
    feed = {"format": "postgres", "connection": f"${{{variable}}}", "relation": relation.full_name}
    found = facts(connection, snake(relation.name), feed, kinds)
    seen = tuple(replace(one, required=one.name in relation.required) for one in found.columns)
    cursor = cursor_of(seen, relation.key)
    key, sure = (relation.key, "primary key of the table") if relation.key else (found.key, found.key_sure)
    feed |= {"cursor": cursor} if cursor else {}
    return replace(found, feed=feed, columns=seen, key=key, key_sure=sure, notes=tuple(_notes(cursor, relation)))


def _kind(column: PgColumn) -> str:
    """The type that the server gives; `PLAIN` for numbers of any precision, whose values say what they need."""
    numeric = _NUMERIC.fullmatch(column.kind)
    if numeric and int(numeric[1]) <= _MOST_DIGITS:
        return f"DECIMAL({numeric[1]},{numeric[2]})"
    return "VARCHAR" if column.is_nested else _KINDS.get(column.base, "VARCHAR")


def _notes(cursor: str | None, relation: Relation) -> Iterator[str]:
    """What a person has to decide of a feed."""
    if cursor is None:
        yield f"cursor: {relation.full_name} has no column that grows with every change; name one, and make this a feed"
    elif cursor in relation.key:
        yield f"cursor: by {cursor}, only new rows of {relation.full_name} are found, not those that change"


def cursor_of(columns: Sequence[ColumnFacts], key: Sequence[str]) -> str | None:
    """A time of the last change; else a number that is the whole key, which grows with new rows, but not with changes."""
    times = [column for column in columns if (column.type or "").upper().startswith("TIMESTAMP")]
    changed = [column.name for column in times if set(words(column.name)) & vocabulary().change_words]
    numbers = [column.name for column in columns if (column.name,) == tuple(key) and column.type in ("INTEGER", "BIGINT")]
    return next(iter([*changed, *numbers]), None)
