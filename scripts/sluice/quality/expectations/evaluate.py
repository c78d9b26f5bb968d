"""Runs suites on a warehouse file, read only: GX decides what passes, DuckDB computes (see scan.py)."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa
from great_expectations.core import ExpectationValidationResult
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import Expectation
from great_expectations.util import convert_to_json_serializable
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import ValidationGraph
from great_expectations.validator.validator import Validator

from sluice.core.duck import connect, identifier, unreadable
from sluice.core.errors import SluiceError
from sluice.quality.expectations import numbers, patterns  # noqa: F401  (they register conditions with GX)
from sluice.quality.expectations.declared import DeclaredCheck
from sluice.quality.expectations.scan import DuckDBScanEngine
from sluice.quality.personal import NOTHING_PERSONAL, Personal

SAMPLE = 5
CHECK = "check"  # the key under which a GX expectation has the name of its check
QUERY = "query"  # and, if it has one, its query as people wrote it


@dataclass(frozen=True)
class Judged:
    """GX's results for one table, by check, and a query for each check that did not pass.

    `blind` says of checks that had nothing to look at why.
    """

    results: dict[str, ExpectationValidationResult]
    seconds: float
    queries: dict[str, str] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)


@contextmanager
def opened(file: Path, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read only; what does not fit into memory spills to a temporary folder.

    Raises SluiceError if the file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="sluice-audit-") as spill:
        try:
            with connect(str(file), read_only=True, memory_limit=memory_limit, temp_directory=Path(spill)) as connection:
                connection.execute("set preserve_insertion_order = false")
                yield connection
        except duckdb.IOException as error:
            raise unreadable(error, file) from error


def blind(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, check: DeclaredCheck, personal: Personal = NOTHING_PERSONAL
) -> str:
    """Why the check has nothing to look at: rows that it is about are there, and none that it needs. Empty if it has.

    Raises SluiceError for a condition that is not SQL of this table.
    """
    if check.needs is None:
        return ""
    relation = f"{identifier(schema)}.{identifier(table)}"
    query = f"select count(*), count(*) filter (where {check.needs}) from {relation} where {check.about}"
    try:
        about, seen = connection.execute(query).fetchone() or (0, 0)
    except duckdb.Error as error:
        what = f"{check.name}: about or needs cannot be evaluated: {personal.message(str(error).splitlines()[0])}"
        raise SluiceError(what, where=f"{schema}.{table}", hint="write conditions on the columns of the model") from error
    return f"none of the {about:,} rows that it is about meets: {check.needs}" if about and not seen else ""


def judged(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    key: Sequence[str],
    expectations: Sequence[Expectation],
    kind: type[SqlAlchemyExecutionEngine] = DuckDBScanEngine,
) -> Judged:
    """GX's results for a table.

    A check that GX lost is missing from the results: callers have to look. One that raised has exception_info.
    """
    started = time.monotonic()
    execution = kind(engine=_engine(connection))
    execution.load_batch_data("audited", SqlAlchemyBatchData(execution, schema_name=schema, table_name=table))
    runtime = {"catch_exceptions": True, "result_format": _result_format(key)}
    if isinstance(execution, DuckDBScanEngine):
        execution.announce(_metrics(execution, expectations, runtime))
    validator = Validator(execution_engine=execution)
    validator.metrics_calculator.show_progress_bars = False
    found = validator.graph_validate([expectation.configuration for expectation in expectations], runtime)
    for result in found:
        # The quantile expectation gives numpy's bool, which GX itself cannot write as JSON.
        result.success = bool(result.success)
    results = {_check_of(result.expectation_config): result for result in found}
    queries = {}
    for expectation in expectations:
        name = _check_of(expectation)
        if name in results and not results[name].success:
            queries[name] = query = _query(execution, expectation, results[name], runtime)
            if query and _is_without_sample(expectation, results[name]):
                # GX counts these rows and shows none.
                results[name].result["partial_unexpected_list"] = _sample(connection, query)
    return Judged(results, time.monotonic() - started, {name: query for name, query in queries.items() if query})


def _is_without_sample(expectation: Expectation, result: ExpectationValidationResult) -> bool:
    has_sample = result.result.get("partial_unexpected_list") or result.result.get("partial_unexpected_index_list")
    is_raised = "unexpected_count" not in result.result
    is_unique = expectation.expectation_type in _UNIQUE and not is_raised and not has_sample
    return QUERY in (expectation.meta or {}) or is_unique


def _sample(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    try:
        found = connection.cursor().execute(f"select * from (\n{query}\n) limit {SAMPLE}")
    except duckdb.Error:  # GX has said what is wrong with it
        return []
    names = [column[0] for column in found.description]
    rows: list[dict[str, Any]] = convert_to_json_serializable([dict(zip(names, row, strict=True)) for row in found.fetchall()])
    return rows


def _metrics(
    execution: SqlAlchemyExecutionEngine, expectations: Sequence[Expectation], runtime: dict[str, Any]
) -> set[MetricConfiguration]:
    """Everything that GX will ask for. What it cannot plan here fails when it is evaluated."""
    graph = ValidationGraph(execution_engine=execution)
    for expectation in expectations:
        with suppress(GreatExpectationsError):
            needed = expectation.get_validation_dependencies(execution, copy.deepcopy(runtime))
            for metric in needed.metric_configurations.values():
                graph.build_metric_dependency_graph(metric, runtime)
    return {end for edge in graph.edges for end in (edge.left, edge.right) if end is not None}


def _check_of(carrier: Any) -> str:
    return str(carrier.meta[CHECK])


def _engine(connection: duckdb.DuckDBPyConnection) -> sa.Engine:
    from duckdb_engine import ConnectionWrapper
    from sqlalchemy.pool import StaticPool

    made = sa.create_engine("duckdb://", creator=lambda: ConnectionWrapper(connection.cursor()), poolclass=StaticPool)
    # The dialect knows PostgreSQL's words; DuckDB has more of them that need quotes.
    words = connection.execute("select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'").fetchall()
    spelling = made.dialect.identifier_preparer
    spelling.reserved_words = spelling.reserved_words | {word for (word,) in words}
    return made


def _result_format(key: Sequence[str]) -> dict[str, Any]:
    sampled = {"unexpected_index_column_names": list(key)} if key else {}
    return {"result_format": "SUMMARY", "partial_unexpected_count": SAMPLE, "return_unexpected_index_query": True, **sampled}


def _query(
    execution: SqlAlchemyExecutionEngine, expectation: Expectation, result: ExpectationValidationResult, runtime: dict[str, Any]
) -> str | None:
    """SQL that shows what was found: the rows if the check is about rows, otherwise the figures."""
    given = expectation.configuration.kwargs
    table = execution.batch_manager.active_batch_data.selectable  # type: ignore[union-attr]  # GX: there is a batch while it validates
    spelling = execution.engine.dialect.identifier_preparer
    if expectation.expectation_type in _UNIQUE and not given.get("row_condition"):
        columns = ", ".join(spelling.quote(column) for column in given.get("column_list") or [given["column"]])
        query = (
            f"select * from {spelling.format_table(table)} qualify count(*) over (partition by {columns}) > 1 order by {columns}"
        )
        result.result["unexpected_index_query"] = query
        return query
    meta = expectation.meta or {}
    if QUERY in meta:
        return str(meta[QUERY]).replace("{batch}", spelling.format_table(table))
    rows = result.result.get("unexpected_index_query")
    if rows:
        return " ".join(str(rows).split()).rstrip(";")
    if not isinstance(execution, DuckDBScanEngine):
        return None
    metrics = expectation.get_validation_dependencies(execution, runtime).metric_configurations.values()
    return execution.query_of(metrics)


# GX's own query for these joins the table to itself without a condition.
_UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
