"""Queries of every form, and what is in `from`: tables, subqueries, common table expressions, unions, functions."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from sluice.lineage.expressions import Reader
from sluice.lineage.influence import FILTER, GROUP_BY, JOIN, TRANSFORMATION, Traced, united
from sluice.lineage.relation import Frame, NotTracedError, Relation, table_relation
from sluice.lineage.select import Select
from sluice.lineage.tables import Tables

# After so many rounds a recursive query has no news of itself: each finds at least one more column.
_ROUNDS = 10


class Queries:
    """Follows queries that read some tables."""

    def __init__(self, tables: Tables, *, texts: bool) -> None:
        self._tables = tables
        self._texts = texts

    def relation(self, node: exp.Expr, parent: Frame | None) -> Relation:
        """What a query, or something in `from`, gives."""
        found = self._plain(node, parent)
        if node.args.get("pivots"):
            # The names of a pivot's columns are in its data.
            whole = united(found.all_columns(), found.rows)
            anything = Traced()
            anything.add(whole, TRANSFORMATION)
            found = Relation(rows=_as(whole, GROUP_BY), anything=anything)
        return _renamed(found, node)

    def _plain(self, node: exp.Expr, parent: Frame | None) -> Relation:
        if isinstance(node, exp.Table):
            return self._table(node, parent)
        if isinstance(node, exp.Select):
            return Select(node, self._frame(node, parent), texts=self._texts).relation()
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, self._frame(node, parent))
        if isinstance(node, exp.Subquery):
            return self._subquery(node, self._frame(node, parent))
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Query):
            return self.relation(node.this, parent)
        if isinstance(node, exp.Pivot):
            return self._pivot(node, self._frame(node, parent))
        return self._function(node, parent)

    def _frame(self, node: exp.Expr, parent: Frame | None) -> Frame:
        frame = Frame(self.relation, parent)
        with_ = node.args.get("with_") or node.args.get("with")
        if not isinstance(with_, exp.With):
            return frame
        for cte in with_.expressions:
            name = cte.alias.lower()
            if with_.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                frame.ctes[name] = self._recursive(cte, frame)
            else:
                frame.ctes[name] = _renamed(self.relation(cte.this, frame), cte)
        return frame

    def _recursive(self, cte: exp.CTE, frame: Frame) -> Relation:
        """Follow a query that reads itself until it finds nothing new; at first, it is what its first part gives."""
        name = cte.alias.lower()
        found = _renamed(self.relation(cte.this.this, frame), cte)
        for _ in range(_ROUNDS):
            before = _leaves(found)
            frame.ctes[name] = Relation(found.columns, found.rows, None, found.anything, found.passes_on)
            found = _renamed(self.relation(cte.this, frame), cte)
            if _leaves(found) == before:
                break
        return Relation(found.columns, found.rows, None, found.anything, found.passes_on)

    def _subquery(self, node: exp.Subquery, frame: Frame) -> Relation:
        """A query in parentheses; a limit behind them is one of its own."""
        found = self.relation(node.this, frame)
        for name in ("limit", "offset", "order"):
            part = node.args.get(name)
            if part is not None and (name != "order" or node.args.get("limit") is not None):
                around = Frame(self.relation, frame, sources={"": found})
                found.rows = united(found.rows, Reader(around).read(part, FILTER))
        return found

    def _table(self, node: exp.Table, parent: Frame | None) -> Relation:
        if not isinstance(node.this, exp.Identifier):
            return self._function(node.this, parent)
        name = node.name.lower()
        if not node.db:
            cte = parent.cte(name) if parent is not None else None
            if cte is not None:
                return Relation(**vars(cte))
            raise NotTracedError(f"it reads {node.name}, which is not a model or source")
        unique_id = self._tables.id_of(node.db, node.name)
        if unique_id is None:
            text = node.sql(dialect="duckdb")
            return Relation(rows=Traced(texts={text}), anything=Traced(texts={text}))
        known = self._tables.columns.get(unique_id) or ()
        keys = self._tables.keys.get(unique_id, ())
        return table_relation(unique_id, known, is_complete=unique_id not in self._tables.open, keys=keys)

    def _function(self, node: exp.Expr, parent: Frame | None) -> Relation:
        """A function that gives rows: `unnest`, `range`, `read_csv`, `values`."""
        made = Traced(texts={node.sql(dialect="duckdb")} if self._texts else set())
        frame = parent if parent is not None else Frame(self.relation)
        for part in node.iter_expressions():
            if not isinstance(part, exp.TableAlias):
                made.add(Reader(frame).read(part, TRANSFORMATION))
        return Relation(rows=_as(made, JOIN), anything=made)

    def _pivot(self, node: exp.Pivot, frame: Frame) -> Relation:
        inner = self.relation(node.this, frame)
        whole = united(inner.all_columns(), inner.rows)
        return Relation(rows=_as(whole, GROUP_BY), anything=_as(whole, TRANSFORMATION))

    def _set_operation(self, node: exp.SetOperation, frame: Frame) -> Relation:
        left, right = self.relation(node.this, frame), self.relation(node.expression, frame)
        rows = united(left.rows, right.rows)
        rows.texts.add(f"{type(node).__name__} {node.args.get('distinct')}")
        if not isinstance(node, exp.Union):
            # `except` and `intersect` take their values from the left; the right only decides which of them stay.
            rows.add(left.all_columns(), GROUP_BY)
            rows.add(right.all_columns(), FILTER)
            return Relation(left.columns, rows, None, left.anything, left.passes_on)
        columns, passes_on = _by_name(left, right) if node.args.get("by_name") else _by_position(left, right)
        if node.args.get("distinct"):
            rows.add(united(*columns.values()), GROUP_BY)
        return Relation(columns, rows, passes_on=passes_on)


def _as(made: Traced, how: int) -> Traced:
    found = Traced()
    found.add(made, how)
    return found


def _leaves(relation: Relation) -> tuple[object, ...]:
    return ({name: made.leaves for name, made in relation.columns.items()}, relation.rows.leaves)


_Columns = tuple[dict[str, Traced], list[tuple[Relation, frozenset[str]]]]


def _by_name(left: Relation, right: Relation) -> _Columns:
    names = dict.fromkeys([*left.columns, *right.columns])
    columns = {name: united(*(made for side in (left, right) if (made := side.column(name)) is not None)) for name in names}
    return columns, [(side, frozenset(names)) for side in (left, right) if side.is_open]


def _by_position(left: Relation, right: Relation) -> _Columns:
    if left.is_open and right.is_open and not left.columns and not right.columns:
        return {}, [(left, frozenset()), (right, frozenset())]
    if left.is_open or right.is_open:
        return _described(left, right), []
    return {
        name: united(made, other) for (name, made), other in zip(left.columns.items(), _padded(right, left), strict=False)
    }, []


def _described(left: Relation, right: Relation) -> dict[str, Traced]:
    """Columns by their places, of parts that may have more than is known: only if both know as many."""
    if not left.columns or len(left.columns) != len(right.columns):
        raise NotTracedError("a part of a union has `select *` from something whose columns are not known")
    pairs = zip(left.columns.items(), right.columns.values(), strict=True)
    return {name: united(made, other) for (name, made), other in pairs}


def _padded(right: Relation, left: Relation) -> Iterable[Traced]:
    if len(right.columns) != len(left.columns):
        raise NotTracedError("the parts of a union have different numbers of columns")
    return right.columns.values()


def _renamed(found: Relation, node: exp.Expr) -> Relation:
    """With the names that `as x(a, b)` gives its columns."""
    alias = node.args.get("alias")
    names = [part.name.lower() for part in alias.args.get("columns") or ()] if isinstance(alias, exp.TableAlias) else []
    if not names:
        return found
    if found.anything is not None:
        return Relation(dict.fromkeys(names, found.anything), found.rows, anything=found.anything)
    old = list(found.columns)
    new = dict(zip(old, names, strict=False))
    columns = {new.get(name, name): made for name, made in found.columns.items()}
    keys = [frozenset(new.get(name, name) for name in key) for key in found.keys]
    return Relation(columns, found.rows, None, None, found.passes_on, keys)
