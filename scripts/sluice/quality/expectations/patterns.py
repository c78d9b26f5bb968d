"""Regex and LIKE for DuckDB, which Great Expectations does not write for a dialect that it does not know.

A regex matches anywhere in the text, as GX documents it and as it does on PostgreSQL and pandas: `regexp_matches`, not
DuckDB's `~`, which matches the whole text. Importing this module registers the metrics with GX for the scan's engine.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from itertools import product
from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import column_condition_partial
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import ColumnMapMetricProvider

from sluice.quality.expectations.scan import DuckDBScanEngine

_Condition = sa.ColumnElement[bool]


def _regex(column: Any, pattern: str, _: str | None) -> _Condition:
    return sa.func.regexp_matches(column, pattern, type_=sa.Boolean)


def _like(column: Any, pattern: str, escape: str | None) -> _Condition:
    condition: _Condition = column.like(pattern, escape=escape)
    return condition


def _register(word: str, matches: Callable[[Any, str, str | None], _Condition], is_list: bool, is_negated: bool) -> None:
    """Register one of GX's metrics, such as column_values.not_match_regex_list."""
    argument = f"{word}_list" if is_list else word

    class Metric(ColumnMapMetricProvider):
        condition_metric_name = f"column_values.{'not_' * is_negated}match_{argument}"
        condition_value_keys = (argument, *_OPTIONS[word], *(("match_on",) if is_list and not is_negated else ()))

        @column_condition_partial(engine=DuckDBScanEngine)
        def _duckdb(cls, column: Any, **given: Any) -> _Condition:  # noqa: N805  # GX calls it with the class
            patterns = given[argument] if is_list else [given[argument]]
            joined = operator.and_ if given.get("match_on") == "all" else operator.or_
            found: _Condition = reduce(joined, [matches(column, pattern, given.get("escape")) for pattern in patterns])
            return sa.not_(found) if is_negated else found


_OPTIONS: dict[str, tuple[str, ...]] = {"regex": (), "like_pattern": ("escape",)}
for _is_list, _is_negated in product((False, True), (False, True)):
    _register("regex", _regex, _is_list, _is_negated)
    _register("like_pattern", _like, _is_list, _is_negated)
