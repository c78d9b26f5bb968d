"""Run suites on a warehouse file: GX judges, DuckDB computes (see scan.py). Read only."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from great_expectations.core import ExpectationValidationResult
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.expectations.expectation import Expectation
from great_expectations.validator.validator import Validator

from sluice.duck import connect
from sluice.expectations import patterns  # noqa: F401  (registers regex and LIKE with GX)
from sluice.expectations.scan import DuckDBScanEngine

SAMPLE = 5
CHECK = "check"  # where a GX expectation carries the name of the check that it was made from


@contextmanager
def opened(file: Path, memory_limit: str) -> Iterator[sa.Engine]:
    """The warehouse as a SQLAlchemy engine with one connection, read only; it spills into a folder of its own."""
    from duckdb_engine import ConnectionWrapper
    from sqlalchemy.pool import StaticPool

    with tempfile.TemporaryDirectory(prefix="sluice-audit-") as spill:
        connection = connect(str(file), read_only=True, memory_limit=memory_limit, temp_directory=Path(spill))
        connection.execute("set preserve_insertion_order = false")
        engine = sa.create_engine("duckdb://", creator=lambda: ConnectionWrapper(connection), poolclass=StaticPool)
        try:
            yield engine
        finally:
            engine.dispose()
            connection.close()


def judged(
    engine: sa.Engine,
    schema: str,
    table: str,
    key: Sequence[str],
    expectations: Sequence[Expectation],
    kind: type[SqlAlchemyExecutionEngine] = DuckDBScanEngine,
) -> tuple[Mapping[str, ExpectationValidationResult], float]:
    """Every result by the name of its check, and the seconds it took together.

    A check that GX lost is missing from the mapping: who calls must look. A check that raised carries exception_info.
    """
    started = time.monotonic()
    execution = kind(engine=engine)
    execution.load_batch_data("audited", SqlAlchemyBatchData(execution, schema_name=schema, table_name=table))
    result_format: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": SAMPLE}
    if key:
        result_format["unexpected_index_column_names"] = list(key)
    validator = Validator(execution_engine=execution)
    validator.metrics_calculator.show_progress_bars = False
    results = validator.graph_validate(
        configurations=[expectation.configuration for expectation in expectations],
        runtime_configuration={"catch_exceptions": True, "result_format": result_format},
    )
    return {result.expectation_config.meta[CHECK]: result for result in results}, time.monotonic() - started
