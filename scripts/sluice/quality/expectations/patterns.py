# ruff: noqa: N805  (GX calls these methods with the class)
"""Regex and LIKE for DuckDB, which GX refuses to write for a dialect that it does not know.

A regex matches anywhere in the text, as GX documents it and as it does on PostgreSQL and pandas: `regexp_matches`, not
DuckDB's `~`, which wants the whole text. Importing this module registers the metrics with GX for the scan's engine.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import column_condition_partial
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import ColumnMapMetricProvider

from sluice.quality.expectations.scan import DuckDBScanEngine

_Condition = sa.ColumnElement[bool]


def _found(column: Any, regex: str) -> _Condition:
    return sa.func.regexp_matches(column, regex, type_=sa.Boolean)


def _like(column: Any, pattern: str, escape: str | None) -> _Condition:
    condition: _Condition = column.like(pattern, escape=escape)
    return condition


def _joined(conditions: Sequence[_Condition], match_on: str | None) -> _Condition:
    return reduce(operator.and_ if match_on == "all" else operator.or_, conditions)


class MatchRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> _Condition:
        return _found(column, regex)


class NotMatchRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> _Condition:
        return sa.not_(_found(column, regex))


class MatchRegexList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_regex_list"
    condition_value_keys = ("regex_list", "match_on")
    default_kwarg_values = {"match_on": "any"}  # noqa: RUF012  (GX's form)

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, regex_list: list[str], match_on: str, **_: Any) -> _Condition:
        return _joined([_found(column, regex) for regex in regex_list], match_on)


class NotMatchRegexList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_regex_list"
    condition_value_keys = ("regex_list",)

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, regex_list: list[str], **_: Any) -> _Condition:
        return sa.not_(_joined([_found(column, regex) for regex in regex_list], "any"))


class MatchLike(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_like_pattern"
    condition_value_keys = ("like_pattern", "escape")

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, like_pattern: str, escape: str | None = None, **_: Any) -> _Condition:
        return _like(column, like_pattern, escape)


class NotMatchLike(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_like_pattern"
    condition_value_keys = ("like_pattern", "escape")

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, like_pattern: str, escape: str | None = None, **_: Any) -> _Condition:
        return sa.not_(_like(column, like_pattern, escape))


class MatchLikeList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_like_pattern_list"
    condition_value_keys = ("like_pattern_list", "match_on", "escape")

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(
        cls, column: Any, like_pattern_list: list[str], match_on: str | None, escape: str | None = None, **_: Any
    ) -> _Condition:
        return _joined([_like(column, pattern, escape) for pattern in like_pattern_list], match_on)


class NotMatchLikeList(ColumnMapMetricProvider):
    condition_metric_name = "column_values.not_match_like_pattern_list"
    condition_value_keys = ("like_pattern_list", "escape")

    @column_condition_partial(engine=DuckDBScanEngine)
    def _duckdb(cls, column: Any, like_pattern_list: list[str], escape: str | None = None, **_: Any) -> _Condition:
        return sa.not_(_joined([_like(column, pattern, escape) for pattern in like_pattern_list], "any"))
