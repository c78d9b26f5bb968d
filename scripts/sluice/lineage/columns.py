"""Column lineage of one model, from its compiled SQL: what each column is made of, and what decides about its rows.

A column is made of every column in its expression, through CTEs, subqueries and unions. Rows depend on the columns in joins,
filters, groupings, qualify, distinct and limits anywhere in the query; that may be too much, never too little. What cannot
be followed raises NotTracedError, and the caller falls back to whole models.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, find_all_in_scope

# A column of something upstream: its unique id, and the column's name in lower case.
Leaf = tuple[str, str]
# Means every column of something upstream.
EVERY = "*"
_DECIDING = ("where", "joins", "group", "having", "qualify", "distinct", "limit", "offset", "laterals", "sample", "pivots")


class NotTracedError(Exception):
    """The SQL cannot be followed column by column, and why."""


@dataclass
class Traced:
    """What something is made of, and the texts of the expressions on the way, to compare two versions."""

    leaves: set[Leaf] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def add(self, other: Traced) -> None:
        """Add what another is made of."""
        self.leaves |= other.leaves
        self.texts |= other.texts


@dataclass(frozen=True)
class Query:
    """A model's lineage: its columns in order, and its rows."""

    columns: Mapping[str, Traced]
    rows: Traced


def trace(
    sql: str, tables: Mapping[tuple[str, str], str], columns: Mapping[str, Sequence[str]], inline: Mapping[str, str]
) -> Query:
    """The lineage of a query.

    `tables` gives the unique id of each `schema, name` that it may read (lower case), `columns` the columns of a unique id
    as far as they are known, `inline` the text that replaces a source which is not a table (`delta_scan(...)`), by unique id.
    """
    for unique_id, text in inline.items():
        sql = sql.replace(text, f'"{_INLINE}"."{unique_id}"')
    return _Tracer(tables).query(_scope(sql, tables, columns))


def _scope(sql: str, tables: Mapping[tuple[str, str], str], columns: Mapping[str, Sequence[str]]) -> Scope:
    """The parsed query, every column with its table. Every error of sqlglot becomes a NotTracedError."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        parsed = parse_one(sql, read="duckdb")
        if not isinstance(parsed, exp.Query):
            raise NotTracedError("it is not a query")
        qualified = qualify(
            parsed,
            dialect="duckdb",
            schema=_schema(parsed, tables, columns),
            validate_qualify_columns=False,
            identify=False,
            quote_identifiers=False,
        )
        scope = build_scope(qualified)
    except (SqlglotError, RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise NotTracedError(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    if scope is None:
        raise NotTracedError("it is not a query")
    return scope


_INLINE = "__source"


def _schema(query: exp.Expr, tables: Mapping[tuple[str, str], str], columns: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """The columns of the tables that a query names, nested as sqlglot requires: by catalog, schema and name."""
    found: dict[str, object] = {}
    deep = any(table.catalog for table in query.find_all(exp.Table))
    for table in query.find_all(exp.Table):
        known = columns.get(_id_of(table, tables) or "")
        if not known or not table.db:
            continue
        if deep and not table.catalog:
            table.set("catalog", exp.to_identifier("__none", quoted=True))
        schema = found.setdefault(table.catalog, {}) if deep else found
        assert isinstance(schema, dict)
        schema.setdefault(table.db, {})[table.name] = dict.fromkeys(known, "unknown")
    return found


def _id_of(table: exp.Table, tables: Mapping[tuple[str, str], str]) -> str | None:
    return table.name if table.db == _INLINE else tables.get((table.db.lower(), table.name.lower()))


class _Tracer:
    def __init__(self, tables: Mapping[tuple[str, str], str]) -> None:
        self._tables = tables
        self._seen: dict[tuple[int, str], Traced] = {}

    def query(self, scope: Scope) -> Query:
        names = _names(scope)
        if EVERY in names or not all(names):
            raise NotTracedError("its columns have no names, or select * reads something whose columns are not known")
        columns = {name: self.column(scope, name) for name in names}
        rows = Traced()
        for inner in scope.traverse():
            rows.add(self.deciding(inner))
        return Query(columns, rows)

    def column(self, scope: Scope, name: str) -> Traced:
        """What one column of a scope is made of."""
        known = self._seen.get((id(scope), name))
        if known is None:
            known = self._seen[(id(scope), name)] = Traced()  # a recursive CTE finds itself here, and ends
            known.add(self._made(scope, name))
        return known

    def _made(self, scope: Scope, name: str) -> Traced:
        found = Traced()
        if scope.set_operation_scopes:
            at = _names(scope).index(name)
            for part in scope.set_operation_scopes:
                names = _names(part)
                if at >= len(names) or EVERY in names:
                    raise NotTracedError("a part of a union has `select *` from something whose columns are not known")
                found.add(self.column(part, names[at]))
            return found
        if isinstance(scope.expression, exp.UDTF):
            return self._expression(scope, scope.expression)
        for select in _selects(scope):
            if select.is_star:
                return self._through_star(scope, name)
            if select.alias_or_name.lower() == name:
                return self._expression(scope, select.unalias(), name)
        raise NotTracedError(f"{name} is not among the columns of a part of the query")

    def _through_star(self, scope: Scope, name: str) -> Traced:
        """A column that `select *` passes on: from the only source, else from any of them, so from all their columns."""
        sources = [scope.sources[alias] for alias in scope.selected_sources]
        found = Traced()
        for source in sources:
            found.add(self._source(source, name if len(sources) == 1 else EVERY))
        return found

    def _expression(self, scope: Scope, expression: exp.Expr, own: str = "") -> Traced:
        """What an expression reads; `own` is the column that it makes."""
        found = Traced(texts={expression.sql(dialect="duckdb", comments=False)})
        for column in _columns_in(expression):
            name = column.name.lower()
            if not column.table and name != own and name in _names(scope):
                # In DuckDB a name of the select list may be used in the list itself, and in group by: it may be either.
                found.add(self.column(scope, name))
                found.add(self._perhaps(scope, name))
            else:
                found.add(self._resolved(scope, column))
        for inner in _queries_in(expression, scope):
            for name in _names(inner):
                found.add(self.column(inner, name))
            found.add(self.deciding(inner))
        return found

    def _resolved(self, scope: Scope, column: exp.Column) -> Traced:
        if not column.table:
            return self._unqualified(scope, column.name.lower())
        at: Scope | None = scope
        while at is not None and column.table not in at.sources:
            at = at.parent
        if at is None:  # page.path: a field of a struct
            return self._unqualified(scope, column.parts[0].name.lower())
        return self._source(at.sources[column.table], column.name.lower())

    def _perhaps(self, scope: Scope, name: str) -> Traced:
        try:
            return self._unqualified(scope, name)
        except NotTracedError:
            return Traced()

    def _unqualified(self, scope: Scope, name: str) -> Traced:
        """A column that sqlglot leaves without a table, because it does not know their columns: from each that may have it."""
        found, owners = Traced(), 0
        for alias in scope.selected_sources:
            source = scope.sources[alias]
            names = _names(source) if isinstance(source, Scope) else [EVERY]
            if name in names or EVERY in names:
                owners += 1
                found.add(self._source(source, name))
        if not owners:
            raise NotTracedError(f"it is unknown which table {name} is from")
        return found

    def _source(self, source: object, name: str) -> Traced:
        if isinstance(source, Scope):
            # The columns of a star or of a table function have no known names; asked for by name, they are found.
            asked = _names(source) if name == EVERY else [name]
            found = Traced()
            for one in asked or [EVERY]:
                found.add(self.column(source, one))
            return found
        assert isinstance(source, exp.Table)
        unique_id = _id_of(source, self._tables)
        if unique_id is None and not source.db and isinstance(source.this, exp.Identifier):
            raise NotTracedError(f"it reads {source.name}, which is not a model or source")
        return Traced({(unique_id, name)}) if unique_id else Traced(texts={source.sql(dialect="duckdb")})

    def deciding(self, scope: Scope) -> Traced:
        """What decides about the rows of a scope."""
        found = Traced()
        for part in _deciding_parts(scope.expression):
            found.add(self._expression(scope, part))
        if isinstance(scope.expression, exp.Select):
            # Which tables it reads.
            found.texts |= {source.sql(dialect="duckdb") for source in scope.sources.values() if isinstance(source, exp.Table)}
        if isinstance(scope.expression, exp.SetOperation):
            found.texts.add(f"{type(scope.expression).__name__} {scope.expression.args.get('distinct')}")
        if _drops_equal_rows(scope.expression):
            for name in _names(scope):
                found.add(self.column(scope, name))
        return found


def _selects(scope: Scope) -> list[exp.Expr]:
    return list(scope.expression.selects) if isinstance(scope.expression, exp.Selectable) else []


def _names(scope: Scope) -> list[str]:
    """The columns of a scope, in lower case."""
    return [name.lower() for name in scope.expression.named_selects] if isinstance(scope.expression, exp.Selectable) else []


def _deciding_parts(expression: exp.Expr) -> Iterator[exp.Expr]:
    for name in _DECIDING:
        part = expression.args.get(name)
        for one in part if isinstance(part, list) else [part]:
            if isinstance(one, exp.Expr):
                yield one
    # The order decides which rows a limit or distinct on keeps; otherwise it decides nothing.
    order = expression.args.get("order")
    if order is not None and (expression.args.get("limit") or isinstance(expression.args.get("distinct"), exp.Distinct)):
        yield order


def _drops_equal_rows(expression: exp.Expr) -> bool:
    if isinstance(expression, exp.SetOperation):
        return bool(expression.args.get("distinct")) or not isinstance(expression, exp.Union)
    return isinstance(expression, exp.Select) and expression.args.get("distinct") is not None


def _columns_in(expression: exp.Expr) -> Iterator[exp.Column]:
    """Columns of an expression that are not inside a query of their own."""
    if isinstance(expression, exp.Column):
        yield expression
        return
    yield from find_all_in_scope(expression, exp.Column)


def _queries_in(expression: exp.Expr, scope: Scope) -> Iterator[Scope]:
    inside = {id(node) for node in expression.walk()}
    for inner in scope.subquery_scopes:
        if id(inner.expression) in inside:
            yield inner
