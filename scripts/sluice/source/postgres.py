"""Look at tables of a PostgreSQL server: types and keys as they are declared there, values from a sample of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import duckdb

from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.source.facts import ColumnFacts, TableFacts
from sluice.source.look import ROWS, facts
from sluice.source.vocabulary import snake, vocabulary, words

_IS_CONNECTION = re.compile(r"postgres(ql)?://|.*\b(host|dbname|service)=")

# Of each ordinary table: its name, the columns of its primary key in their order, the columns that are never null.
_DECLARED = """
    select n.nspname::text, c.relname::text,
        coalesce((select string_agg(a.attname, ',' order by array_position(i.indkey::int2[], a.attnum))
            from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
            where i.indrelid = c.oid and i.indisprimary), '')::text as key,
        coalesce((select string_agg(a.attname, ',') from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and a.attnotnull and not a.attisdropped), '')::text as required
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
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

    @property
    def full_name(self) -> str:
        """`schema.table`, with quotes around a name that has a dot in it."""
        return ".".join(identifier(part) if "." in part else part for part in (self.schema, self.name))


def is_connection(text: str) -> bool:
    """Whether it is a connection string, as PostgreSQL knows them, and not a path."""
    return bool(_IS_CONNECTION.match(text))


def look_at_server(
    connection: duckdb.DuckDBPyConnection, text: str, schema: str | None, tables: Sequence[str], variable: str
) -> list[TableFacts]:
    """The facts of the tables of a schema, or of the named ones; feeds read the connection string from `variable`.

    Raises SluiceError, without the connection string in it, where the server or a table cannot be read.
    """
    try:
        connection.execute(f"attach {literal(text)} as pg (type postgres, read_only)")
        relations = _wanted(_relations(connection), schema, tables)
        return [_look(connection, relation, variable) for relation in relations]
    except duckdb.Error as error:
        raise SluiceError(
            f"cannot be read: {str(error).splitlines()[0].replace(text, '<connection>')}",
            where="PostgreSQL",
            hint="check the connection string",
        ) from None


def _relations(connection: duckdb.DuckDBPyConnection) -> list[Relation]:
    rows = connection.execute(f"select * from postgres_query('pg', {literal(_DECLARED)})").fetchall()
    return [
        Relation(schema, name, tuple(filter(None, key.split(","))), frozenset(required.split(",")))
        for schema, name, key, required in rows
    ]


def _wanted(relations: Sequence[Relation], schema: str | None, tables: Sequence[str]) -> list[Relation]:
    """Those of the schema, or of the names (`schema.table`, or `table` of `public`); all of them where neither is given."""
    names = {name if "." in name else f"public.{name}" for name in tables}
    unknown = names - {relation.full_name for relation in relations}
    if unknown:
        known = ", ".join(relation.full_name for relation in relations)
        raise SluiceError(f"no such table: {', '.join(sorted(unknown))}", where="--table", hint=f"there are: {known}")
    found = [one for one in relations if (not names or one.full_name in names) and (not schema or one.schema == schema)]
    if not found:
        raise SluiceError("no tables to read", where="PostgreSQL", hint="name a schema by --schema")
    return found


def _look(connection: duckdb.DuckDBPyConnection, relation: Relation, variable: str) -> TableFacts:
    place = f"pg.{identifier(relation.schema)}.{identifier(relation.name)}"
    connection.execute(f"create or replace temp table looked as select *, 0 as __file from {place} limit {ROWS}")
    kinds = [(name, kind) for name, kind, *_ in connection.execute("describe looked").fetchall() if name != "__file"]
    feed = {"format": "postgres", "connection": f"${{{variable}}}", "relation": relation.full_name}
    found = facts(connection, snake(relation.name), feed, kinds)
    columns = tuple(replace(one, required=one.name in relation.required) for one in found.columns)
    cursor = _cursor(columns, relation.key)
    key, sure = (relation.key, "primary key of the table") if relation.key else (found.key, found.key_sure)
    feed |= {"cursor": cursor} if cursor else {}
    return replace(found, feed=feed, columns=columns, key=key, key_sure=sure, notes=tuple(_notes(cursor, relation)))


def _notes(cursor: str | None, relation: Relation) -> Iterator[str]:
    """What a person has to decide of a feed."""
    if cursor is None:
        yield f"cursor: {relation.full_name} has no column that grows with every change; name one, and make this a feed"
    elif cursor in relation.key:
        yield f"cursor: by {cursor}, only new rows of {relation.full_name} are found, not those that change"


def _cursor(columns: Sequence[ColumnFacts], key: Sequence[str]) -> str | None:
    """A time of the last change; else a number that is the whole key, which grows with new rows, but not with changes."""
    times = [column for column in columns if (column.type or "").upper().startswith("TIMESTAMP")]
    changed = [column.name for column in times if set(words(column.name)) & vocabulary().change_words]
    numbers = [column.name for column in columns if (column.name,) == tuple(key) and column.type in ("INTEGER", "BIGINT")]
    return next(iter([*changed, *numbers]), None)
