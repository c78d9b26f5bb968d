"""Great Expectations' execution engine for DuckDB: all figures of a suite from one scan of its table.

GX decides what has to be known (its metrics) and what passes. This engine decides how a figure is computed:

- Figures that are aggregates wait until everything else is prepared, and are then computed by one query for the whole
  suite. A row condition becomes `filter (where ...)` of its aggregates.
- What GX fetches by a query of its own (medians, quantiles, distinct counts in and out of a set) becomes an aggregate.
- Uniqueness is first asked as `count(x) = count(distinct x)`; only where it fails, a query counts the rows: GX's own for a
  column, one in which null is a value for several.
- Samples of unexpected rows are fetched only where there are any.

As shipped, GX reads a result after it has returned the connection, when DuckDB has dropped the result. Here every result is
read while its connection is held.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any

import sqlalchemy as sa
from great_expectations.exceptions.exceptions import MetricResolutionError
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.validator.metric_configuration import MetricConfiguration, MetricConfigurationID
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

_AGGREGATES = {"sum", "count", "min", "max", "avg", "stddev_samp", "median", "quantile_disc", "bool_and", "bool_or"}
_UNEXPECTED = ".unexpected_count"
_SAMPLES = (".unexpected_values", ".unexpected_index_list", ".unexpected_value_counts", ".unexpected_rows")
# GX's sample of a figure -> the figure that says whether there is anything to sample.
_SET_SAMPLES = {
    "column.distinct_values.not_in_set": "column.distinct_values.not_in_set.count",
    "column.distinct_values.missing_from_column": "column.distinct_values.missing_from_column.count",
}
Metrics = dict[MetricConfigurationID, Any]


@dataclass(frozen=True)
class Figure:
    """One aggregate of the scan: `expression` as SQL, and what GX is given for the value that comes back."""

    metric: MetricConfiguration
    expression: sa.ColumnElement[Any]
    finish: Callable[[Any], Any]


class DuckDBScanEngine(SqlAlchemyExecutionEngine):
    """GX's engine on a DuckDB connection, with the metrics of a suite computed together."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(engine=engine)
        self._asked: dict[MetricConfigurationID, sa.ColumnElement[Any]] = {}
        self._made_of: dict[MetricConfigurationID, list[MetricConfigurationID]] = {}
        self._to_come: dict[MetricConfigurationID, MetricConfiguration] = {}
        self._at_hand: Metrics = {}  # found, and not yet asked for

    def announce(self, metrics: Iterable[MetricConfiguration]) -> None:
        """Announce what GX will ask for, so that a figure that GX asks for late is in the same scan as the others."""
        self._to_come.update({metric.id: metric for metric in metrics if metric.metric_name in _OWN})

    def query_of(self, metrics: Iterable[MetricConfiguration]) -> str | None:
        """SQL for the figures among `metrics`; None if the scan computed none of them."""
        wanted, expressions = [metric.id for metric in metrics], {}
        while wanted:
            figure = wanted.pop()
            if figure in self._asked:
                expressions[figure[0]] = self._asked[figure]
            else:
                wanted += self._made_of.get(figure, [])
        if not expressions:
            return None
        labelled = [expression.label(re.sub(r"\W", "_", name)) for name, expression in expressions.items()]
        return self.sql(sa.select(*labelled).select_from(self.get_domain_records({})))

    def sql(self, query: Any) -> str:
        """The query as text, values included."""
        text = str(query.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True}))
        return " ".join(text.split())

    def get_compute_domain(self, *given: Any, **named: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """The rows of a domain; those of a row condition as a subquery, which GX's own queries can select from."""
        rows, domain, accessor = super().get_compute_domain(*given, **named)
        return rows.subquery() if isinstance(rows, sa.Select) else rows, domain, accessor

    def execute_query(self, query: Any) -> Any:
        """Run a query and keep its rows, so that they outlive the connection's next statement."""
        with self.get_connection() as connection:
            return connection.execute(query).freeze()()

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: Metrics | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> Metrics:
        """Resolve what is ready: first what needs no scan, then all figures in one, then samples.

        GX calls again until nothing is left, so a call may leave metrics for later. Raises MetricResolutionError, which
        names the metrics that failed.
        """
        known = metrics or {}
        wanted = list(metrics_to_resolve)
        plain = [metric for metric in wanted if not _is_figure(metric) and _figure_behind(metric) is None]
        figures = [metric for metric in wanted if _is_figure(metric)]
        columns = next((metric for metric in plain if metric.metric_name == "table.column_types"), None)
        if columns:
            return {columns.id: self._columns()}
        if plain:
            made_of = {metric.id: [part.id for part in metric.metric_dependencies.values()] for metric in plain}
            self._made_of.update(made_of)
            return super().resolve_metrics(plain, known, runtime_configuration)
        if figures:
            return self._scan(figures, known, runtime_configuration)
        empty = [metric for metric in wanted if known.get(_behind(metric)) == 0]
        if empty:
            return {metric.id: [] for metric in empty}
        return super().resolve_metrics(wanted, known, runtime_configuration)

    def _columns(self) -> list[dict[str, str]]:
        """Names and types as DuckDB spells them; SQLAlchemy's reflection does not know all of its types."""
        table = self.get_domain_records({})
        described = self.execute_query(sa.text(f"describe {self.dialect.identifier_preparer.format_table(table)}"))
        return [{"name": row[0], "type": row[1]} for row in described.fetchall()]

    def _rows_in_groups(self, metric: MetricConfiguration) -> int:
        """Rows that share the values of some columns, where null is a value: GX's own query joins them, and loses null."""
        domain = dict(metric.metric_domain_kwargs)
        columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in domain["column_list"]]
        rows = sa.select(sa.func.count().label("rows")).select_from(self.get_domain_records({}))
        groups = rows.where(*_conditions(self.get_domain_records(domain))).group_by(*columns).having(sa.func.count() > 1)
        found = self.execute_query(sa.select(sa.func.coalesce(sa.func.sum(groups.subquery().c.rows), 0))).fetchone()
        return int(found[0])

    def _scan(
        self, wanted: Sequence[MetricConfiguration], known: Metrics, runtime_configuration: dict[str, Any] | None
    ) -> Metrics:
        at_hand = {metric.id: self._at_hand[metric.id] for metric in wanted if metric.id in self._at_hand}
        if at_hand:
            return at_hand
        asked = {metric.id for metric in wanted}
        early = all(metric.metric_name == "table.row_count" for metric in wanted)
        coming = [] if early else [metric for metric in self._to_come.values() if metric.id not in asked]
        failed, reason = self._compute([self._figure(metric, known) for metric in (*wanted, *coming)])
        # Not unique: the rows are counted.
        for metric in (*wanted, *coming):
            if metric.metric_name in _UNIQUE and self._at_hand.get(metric.id):
                self._at_hand.pop(metric.id)
                if metric.metric_name in _COMPOUND:
                    self._at_hand[metric.id] = self._rows_in_groups(metric)
                elif metric.id in asked:
                    self._at_hand.update(super().resolve_metrics([metric], known, runtime_configuration))
        lost = [metric for metric in wanted if metric.id in failed]
        if lost:
            # What was found is kept until GX asks again.
            raise MetricResolutionError(message=reason, failed_metrics=tuple(lost))
        return {metric.id: self._at_hand[metric.id] for metric in wanted}

    def _compute(self, figures: Sequence[Figure]) -> tuple[set[MetricConfigurationID], str]:
        """Keep the values of the figures, and give those that failed, with the reason for one of them.

        All in one query; if that fails, one by one, so that one broken figure does not affect the others.
        """
        try:
            self._at_hand.update(self._select(figures))
        except sa.exc.SQLAlchemyError as error:
            if len(figures) == 1:
                self._to_come.pop(figures[0].metric.id, None)
                return {figures[0].metric.id}, _first_line(error)
            one_by_one = [self._compute([figure]) for figure in figures]
            return set().union(*(failed for failed, _ in one_by_one)), max(reason for _, reason in one_by_one)
        return set(), ""

    def _select(self, figures: Sequence[Figure]) -> Metrics:
        labelled = [figure.expression.label(f"figure_{number}") for number, figure in enumerate(figures)]
        table = self.get_domain_records({})
        row = self.execute_query(sa.select(*labelled).select_from(table)).fetchone()
        return {figure.metric.id: figure.finish(value) for figure, value in zip(figures, row, strict=True)}

    def _figure(self, metric: MetricConfiguration, known: Metrics) -> Figure:
        if metric.metric_name in _OWN:
            expression, finish = _OWN[metric.metric_name](metric)
            domain = dict(metric.metric_domain_kwargs)
        else:
            expression, domain, accessor = known[metric.metric_dependencies["metric_partial_fn"].id]
            domain, finish = {**domain, **accessor}, _bound if metric.metric_name == "column.max" else _plain
        self._asked[metric.id] = self._within(expression, domain)
        return Figure(metric, self._asked[metric.id], finish)

    def _within(self, expression: sa.ColumnElement[Any], domain: Mapping[str, Any]) -> sa.ColumnElement[Any]:
        """The expression with its aggregates limited to the domain's rows."""
        conditions = _conditions(self.get_domain_records(dict(domain)))
        if not conditions:
            return expression
        condition = reduce(operator.and_, conditions)

        def limited(element: Any, **_: Any) -> Any:
            if isinstance(element, FunctionElement) and element.name in _AGGREGATES:
                return sa.funcfilter(element, condition)
            return None

        kept: sa.ColumnElement[Any] = visitors.replacement_traverse(expression, {}, limited)
        return kept


def _conditions(records: Any) -> list[Any]:
    """The `where` clauses of GX's (nested) selects over the table."""
    if isinstance(records, sa.Table):
        return []
    if isinstance(records, sa.Subquery):
        return _conditions(records.element)
    own = [] if records.whereclause is None else [records.whereclause]
    return own + [condition for inner in records.get_final_froms() for condition in _conditions(inner)]


def _is_figure(metric: MetricConfiguration) -> bool:
    return metric.metric_name in _OWN or "metric_partial_fn" in (metric.metric_dependencies or {})


def _figure_behind(metric: MetricConfiguration) -> MetricConfigurationID | None:
    """The figure that says whether there is anything to sample; None where the metric is not a sample."""
    name = _SET_SAMPLES.get(metric.metric_name)
    suffix = next((suffix for suffix in _SAMPLES if metric.metric_name.endswith(suffix)), None)
    if suffix:
        name = metric.metric_name.removesuffix(suffix) + _UNEXPECTED
    if name is None:
        return None
    values = {key: value for key, value in metric.metric_value_kwargs.items() if key not in ("result_format", "limit")}
    figure: MetricConfigurationID = MetricConfiguration(name, metric.metric_domain_kwargs, values).id
    return figure


def _behind(metric: MetricConfiguration) -> MetricConfigurationID:
    figure = _figure_behind(metric)
    assert figure is not None
    return figure


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _plain(value: Any) -> Any:
    from great_expectations.util import convert_to_json_serializable

    return convert_to_json_serializable(value)


class Moment(datetime):
    """A time in UTC that can be compared with a day, which is its midnight."""

    def __lt__(self, other: date) -> bool:
        return super().__lt__(_moment(other))

    def __le__(self, other: date) -> bool:
        return super().__le__(_moment(other))

    def __gt__(self, other: date) -> bool:
        return super().__gt__(_moment(other))

    def __ge__(self, other: date) -> bool:
        return super().__ge__(_moment(other))


def _moment(value: date) -> Moment:
    if not isinstance(value, datetime):
        return Moment(value.year, value.month, value.day)
    utc = value.astimezone(UTC) if value.tzinfo else value
    return Moment.combine(utc.date(), utc.time())


def _bound(value: Any) -> Any:
    """The least or the greatest value; GX would read a time that is text as its day, and NaN as infinity."""
    if isinstance(value, float) and math.isnan(value):
        return value
    return _moment(value) if isinstance(value, datetime) else _plain(value)


_COMPOUND = ("compound_columns.unique.unexpected_count",)


def _column(metric: MetricConfiguration) -> sa.ColumnClause[Any]:
    return sa.column(metric.metric_domain_kwargs["column"])


_Made = tuple[sa.ColumnElement[Any], Callable[[Any], Any]]


def is_number(column: Any) -> sa.ColumnElement[bool]:
    """Whether a value is anything but NaN; of any type."""
    is_float: sa.ColumnElement[bool] = sa.func.typeof(column).in_(("DOUBLE", "FLOAT"))
    return sa.case((is_float, sa.cast(column, sa.String) != "nan"), else_=sa.true())


def _least(metric: MetricConfiguration) -> _Made:
    """DuckDB's own least value of NaN alone is infinity."""
    column = _column(metric)
    return sa.func.coalesce(sa.func.min(sa.case((is_number(column), column))), sa.func.max(column)), _bound


def _median(metric: MetricConfiguration) -> _Made:
    return sa.func.median(_column(metric)), _plain


def _deviation(metric: MetricConfiguration) -> _Made:
    return sa.func.stddev_samp(_column(metric)), _plain


def _count(_: MetricConfiguration) -> _Made:
    return sa.func.count(), int


def _quantiles(metric: MetricConfiguration) -> _Made:
    wanted: sa.ColumnElement[Any] = sa.literal_column(
        "[" + ", ".join(repr(float(q)) for q in metric.metric_value_kwargs["quantiles"]) + "]"
    )
    nothing = [None] * len(metric.metric_value_kwargs["quantiles"])
    return sa.func.quantile_disc(_column(metric), wanted), lambda values: _plain(nothing if values is None else values)


def _not_in_set(metric: MetricConfiguration) -> _Made:
    column, values = _column(metric), metric.metric_value_kwargs.get("value_set") or []
    outside = sa.case((column.not_in(values), column)) if values else column
    return sa.func.count(sa.distinct(outside)), int


def _missing_from_column(metric: MetricConfiguration) -> _Made:
    column, values = _column(metric), set(metric.metric_value_kwargs.get("value_set") or [])
    inside = sa.case((column.in_(sorted(values, key=repr)), column))
    return sa.func.count(sa.distinct(inside)), lambda found: len(values) - int(found)


def _surplus(metric: MetricConfiguration) -> _Made:
    column = _column(metric)
    return sa.func.count(column) - sa.func.count(sa.distinct(column)), int


def _compound_surplus(metric: MetricConfiguration) -> _Made:
    columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in metric.metric_domain_kwargs["column_list"]]
    return sa.func.count() - sa.func.count(sa.distinct(sa.func.row(*columns))), int


_UNIQUE = {"column_values.unique.unexpected_count": _surplus, "compound_columns.unique.unexpected_count": _compound_surplus}
_OWN: dict[str, Callable[[MetricConfiguration], _Made]] = {
    "column.min": _least,
    "column.median": _median,
    "column.standard_deviation": _deviation,
    "compound_columns.unique.filtered_row_count": _count,
    "column.quantile_values": _quantiles,
    "column.distinct_values.not_in_set.count": _not_in_set,
    "column.distinct_values.missing_from_column.count": _missing_from_column,
    **_UNIQUE,
}
