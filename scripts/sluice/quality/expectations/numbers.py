"""Comparisons of Great Expectations in which NaN meets no bound: DuckDB sorts it above every number.

Importing this module registers the metrics with GX for the scan's engine.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.metrics.column_map_metrics.column_values_between import ColumnValuesBetween
from great_expectations.expectations.metrics.column_pair_map_metrics.column_pair_values_greater import (
    ColumnPairValuesAGreaterThanB,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import column_condition_partial
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)

from sluice.quality.expectations.scan import DuckDBScanEngine, is_number

_Condition = sa.ColumnElement[bool]


class ColumnValuesBetweenWithoutNaN(ColumnValuesBetween):
    """Values between two bounds."""

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, **given: Any) -> _Condition:  # noqa: N805  # GX calls it with the class
        least, most = given.get("min_value"), given.get("max_value")
        if least is None and most is None:
            raise ValueError("min_value and max_value cannot both be None")
        conditions = [is_number(column)]
        if least is not None:
            conditions.append(column > sa.literal(least) if given.get("strict_min") else column >= sa.literal(least))
        if most is not None:
            conditions.append(column < sa.literal(most) if given.get("strict_max") else column <= sa.literal(most))
        return sa.and_(*conditions)


class ColumnPairValuesAGreaterThanBWithoutNaN(ColumnPairValuesAGreaterThanB):
    """One column above another."""

    @column_pair_condition_partial(engine=DuckDBScanEngine)  # type: ignore[untyped-decorator]  # GX has no type for this one
    def _duckdb(cls, column_A: Any, column_B: Any, **given: Any) -> _Condition:  # noqa: N803, N805  # GX's names
        if not given.get("or_equal"):
            return sa.and_(is_number(column_A), column_A > column_B)
        both_null = sa.and_(column_A.is_(None), column_B.is_(None))
        return sa.or_(sa.and_(is_number(column_A), column_A >= column_B), both_null)
