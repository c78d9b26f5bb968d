"""What an expression reads, and how: values that flow, conditions, filters of aggregates, windows, orders, inner queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from sluice.lineage.influence import (
    AGGREGATION,
    CONDITIONAL,
    FILTER,
    IDENTITY,
    SORT,
    TRANSFORMATION,
    WINDOW,
    Traced,
    is_direct,
    united,
)
from sluice.lineage.relation import Frame, NotTracedError

# Aggregates of DuckDB that sqlglot does not know to be aggregates.
_AGGREGATES = {
    "arbitrary",
    "arg_max_null",
    "arg_max_nulls_last",
    "arg_min_null",
    "arg_min_nulls_last",
    "bitstring_agg",
    "count_star",
}
_AGGREGATES |= {"entropy", "favg", "fill", "fsum", "histogram", "histogram_exact", "kahan_sum", "kurtosis_pop", "mad", "mean"}
_AGGREGATES |= {"product", "reservoir_quantile", "sem", "sum_no_overflow", "sumkahan"}
# Functions of windows that hand on a value of another row.
_HAND_ON = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.First, exp.Last, exp.AnyValue)
_WRAPPED = (exp.IgnoreNulls, exp.RespectNulls, exp.Filter, exp.WithinGroup)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a call aggregates rows, unless it has a window."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower() in _AGGREGATES
    return isinstance(node, exp.AggFunc)


def aggregates_in(node: exp.Expr) -> Iterator[exp.Expr]:
    """The aggregates of an expression, without those in windows and in inner queries."""
    if isinstance(node, exp.Query):
        return
    if isinstance(node, exp.Window):
        called = _called(node.this)
        for child in (*called.iter_expressions(), *(part for part in node.iter_expressions() if part is not node.this)):
            yield from aggregates_in(child)
        return
    if is_aggregate(node):
        yield node
    for child in node.iter_expressions():
        yield from aggregates_in(child)


def _called(node: exp.Expr) -> exp.Expr:
    """The function of a window, without what is wrapped around it."""
    while isinstance(node, _WRAPPED):
        node = node.this
    return node


def _names(node: exp.Expr) -> list[str]:
    """The names of `a.b.c`; nothing if there is more in it than names."""
    if isinstance(node, exp.Identifier):
        return [str(node.name).lower()]
    if not isinstance(node, exp.Dot) or not isinstance(node.expression, exp.Identifier):
        return []
    before = _names(node.this)
    return [*before, str(node.expression.name).lower()] if before else []


def combined(outer: int, own: int) -> int:
    """How a part of an expression is used, if the expression is used by `outer` and the part by `own` in it."""
    if not is_direct(own):
        return own
    return max(outer, own) if is_direct(outer) else outer


class Reader:
    """Reads expressions in one frame."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._open: set[str] = set()  # names of the select list that are being looked up
        self._variables: list[str] = []

    def read(self, node: exp.Expr, how: int = IDENTITY, own: str = "") -> Traced:
        """What an expression is made of, used by `how`. `own` is the column that it makes, whose name is not its own alias."""
        found = Traced()
        if own:
            self._open.add(own)
        self._walk(node, how, found)
        self._open.discard(own)
        return found

    def _walk(self, node: exp.Expr, how: int, found: Traced) -> None:
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            handler(self, node, how, found)
        elif isinstance(node, exp.Query):
            self._query(node, how, found)
        elif is_aggregate(node):
            self._aggregate(node, how, found)
        else:
            for child in node.iter_expressions():
                self._walk(child, combined(how, TRANSFORMATION), found)

    def _pass(self, node: exp.Expr, how: int, found: Traced) -> None:
        for child in node.iter_expressions():
            self._walk(child, how, found)

    def _column(self, node: exp.Expr, how: int, found: Traced) -> None:
        assert isinstance(node, exp.Column)
        if isinstance(node.this, exp.Star):
            found.add(self._frame.sources[node.table.lower()].all_columns(), how)
            return
        names = [part.name.lower() for part in node.parts]
        found.add(self._named(names), how)

    def _named(self, names: list[str]) -> Traced:
        """`column`, `table.column`, `schema.table.column`, or one of these with fields of a struct behind it."""
        for frame in self._frame.frames() if len(names) > 1 else ():
            for at in range(min(len(names) - 1, 3)):
                if names[at] in frame.sources:
                    made = frame.sources[names[at]].column(names[at + 1])
                    if made is not None:
                        return made
        return self._unqualified(names[0])

    def _unqualified(self, name: str) -> Traced:
        if name in self._variables:
            return Traced()
        parts = []
        for frame in self._frame.frames():
            owners = frame.owners(name)
            parts += [made for alias in owners if (made := frame.sources[alias].column(name)) is not None]
            is_sure = any(name in frame.sources[alias].columns for alias in owners)
            if frame is self._frame and not is_sure and name in frame.selected and name not in self._open:
                # In DuckDB a name of the select list may be used in the list itself, in group by, having and qualify.
                parts.append(self._selected(name))
            if not parts and name in frame.sources:
                parts.append(frame.sources[name].all_columns())
            if parts:
                return united(*parts)
        raise NotTracedError(f"it is unknown which table {name} is from")

    def _selected(self, name: str) -> Traced:
        return self.read(self._frame.selected[name], IDENTITY, name)

    def _query(self, node: exp.Expr, how: int, found: Traced) -> None:
        """A query whose value is used: its columns flow, and its rows decide which value it is."""
        inner = self._frame.inner(node, self._frame)
        found.add(inner.all_columns(), combined(how, TRANSFORMATION))
        found.add(inner.rows, FILTER)

    def _exists(self, node: exp.Expr, _how: int, found: Traced) -> None:
        found.add(self._frame.inner(node.this, self._frame).rows, CONDITIONAL)

    def _in(self, node: exp.Expr, how: int, found: Traced) -> None:
        query = node.args.get("query")
        for child in node.iter_expressions():
            if child is not query:
                self._walk(child, combined(how, TRANSFORMATION), found)
        if query is not None:
            inner = self._frame.inner(query, self._frame)
            found.add(inner.all_columns(), CONDITIONAL)
            found.add(inner.rows, CONDITIONAL)

    def _case(self, node: exp.Expr, how: int, found: Traced) -> None:
        if node.this is not None:
            self._walk(node.this, CONDITIONAL, found)
        for branch in node.args.get("ifs") or ():
            self._if(branch, how, found)
        if node.args.get("default") is not None:
            self._walk(node.args["default"], combined(how, TRANSFORMATION), found)

    def _if(self, node: exp.Expr, how: int, found: Traced) -> None:
        self._walk(node.this, CONDITIONAL, found)
        for part in (node.args.get("true"), node.args.get("false")):
            if part is not None:
                self._walk(part, combined(how, TRANSFORMATION), found)

    def _filter(self, node: exp.Expr, how: int, found: Traced) -> None:
        self._walk(node.this, how, found)
        self._walk(node.expression, FILTER, found)

    def _aggregate(self, node: exp.Expr, how: int, found: Traced) -> None:
        self._arguments(node, combined(how, AGGREGATION), found)
        found.add(self._frame.grouped)

    def _arguments(self, node: exp.Expr, how: int, found: Traced) -> None:
        chooses = isinstance(node, exp.ArgMax | exp.ArgMin) or (isinstance(node, exp.Anonymous) and "arg_m" in node.name.lower())
        for at, child in enumerate(node.iter_expressions()):
            self._walk(child, SORT if chooses and at else how, found)

    def _ordered(self, node: exp.Expr, how: int, found: Traced) -> None:
        """`x order by y` in an aggregate, or an order alone."""
        if node.this is not None:
            self._walk(node.this, how, found)
        for child in node.expressions:
            self._walk(child, SORT if is_direct(how) else how, found)

    def _within_group(self, node: exp.Expr, how: int, found: Traced) -> None:
        self._walk(node.this, how, found)
        for child in node.expression.expressions:
            self._walk(child, combined(how, AGGREGATION), found)

    def _window(self, node: exp.Expr, how: int, found: Traced) -> None:
        wrapped = node.this
        while isinstance(wrapped, _WRAPPED):
            if isinstance(wrapped, exp.Filter):
                self._walk(wrapped.expression, FILTER, found)
            wrapped = wrapped.this
        hands_on = isinstance(wrapped, _HAND_ON) or not is_aggregate(wrapped)
        self._arguments(wrapped, combined(how, TRANSFORMATION if hands_on else AGGREGATION), found)
        self._over(node, found)
        found.add(self._frame.framed, WINDOW)

    def _over(self, node: exp.Expr, found: Traced) -> None:
        """What partitions and orders a window, in itself or in the named one that it uses."""
        for part in (*(node.args.get("partition_by") or ()), node.args.get("order"), node.args.get("spec")):
            if part is not None:
                self._walk(part, WINDOW, found)
        name = node.args.get("alias") or (node.this if node.arg_key == "windows" else None)
        named = self._frame.windows.get(name.name.lower()) if name is not None else None
        if named is not None and named is not node:
            self._over(named, found)

    def _dot(self, node: exp.Expr, how: int, found: Traced) -> None:
        """`x.f(...)` is `f(x, ...)`: sqlglot leaves x without saying that it is a column."""
        names = _names(node.this)
        if names:
            found.add(self._named(names), combined(how, TRANSFORMATION))
        else:
            self._walk(node.this, combined(how, TRANSFORMATION), found)
        if not isinstance(node.expression, exp.Identifier):
            self._walk(node.expression, combined(how, TRANSFORMATION), found)

    def _comprehension(self, node: exp.Expr, how: int, found: Traced) -> None:
        self._walk(node.args["iterator"], combined(how, TRANSFORMATION), found)
        self._variables += [name.name.lower() for name in (node.expression, node.args.get("position")) if name is not None]
        for part in (node.this, node.args.get("condition")):
            if part is not None:
                self._walk(part, combined(how, TRANSFORMATION), found)
        del self._variables[-sum(name is not None for name in (node.expression, node.args.get("position"))) :]

    def _nothing(self, _node: exp.Expr, _how: int, _found: Traced) -> None:
        """It reads nothing."""


_Handler = Callable[[Reader, exp.Expr, int, Traced], None]
_HANDLERS: dict[type[exp.Expr], _Handler] = {
    exp.Column: Reader._column,
    exp.Alias: Reader._pass,
    exp.Paren: Reader._pass,
    exp.Subquery: Reader._query,
    exp.Exists: Reader._exists,
    exp.In: Reader._in,
    exp.Case: Reader._case,
    exp.If: Reader._if,
    exp.Filter: Reader._filter,
    exp.Where: Reader._pass,
    exp.IgnoreNulls: Reader._pass,
    exp.RespectNulls: Reader._pass,
    exp.Order: Reader._ordered,
    exp.Ordered: Reader._pass,
    exp.WithinGroup: Reader._within_group,
    exp.Window: Reader._window,
    exp.Dot: Reader._dot,
    exp.Comprehension: Reader._comprehension,
    exp.DataType: Reader._nothing,
    exp.Identifier: Reader._nothing,
    exp.Literal: Reader._nothing,
    exp.Star: Reader._nothing,
}
