"""Great Expectations' Data Docs of an audit, as files that open without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import great_expectations as gx
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier
from great_expectations.expectations.expectation import Expectation
from great_expectations.validator.validator import calc_validation_statistics

from sluice.expectations.declared import AuditedModel

Run = tuple[AuditedModel, Sequence[Expectation], Mapping[str, ExpectationValidationResult]]


def write_docs(folder: Path, file: Path, checked_at: datetime, runs: Iterable[Run]) -> None:
    """One page per model, an index, and every file that they need."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.add_data_docs_site("audit", _site(folder))
    context.delete_data_docs_site("local_site") if "local_site" in context.get_site_names() else None
    run_id = RunIdentifier(run_name=file.name, run_time=checked_at.replace(tzinfo=UTC))
    for model, expectations, results in runs:
        context.suites.add(ExpectationSuite(model.relation, expectations=list(expectations)))
        _store(context, model, list(results.values()), run_id)
    context.build_data_docs()


def _site(folder: Path):
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _store(context, model, results, run_id):
    statistics = calc_validation_statistics(results)
    suite = ExpectationSuiteIdentifier(name=model.relation)
    result = ExpectationSuiteValidationResult(
        results=results,
        success=statistics.success,
        suite_name=model.relation,
        statistics=statistics._asdict(),
        meta={"run_id": run_id, "validation_time": run_id.run_time, "great_expectations_version": gx.__version__,
            "active_batch_definition": {"datasource_name": "warehouse", "data_connector_name": "duckdb", "data_asset_name": model.relation, "batch_identifiers": {}}, "batch_spec":{}, "batch_markers":{}},
        batch_id=model.relation,
    )
    context.validation_results_store.store_validation_results(
        suite_validation_result=result,
        suite_validation_result_identifier=ValidationResultIdentifier(suite, run_id, batch_identifier=model.relation),
        expectation_suite_identifier=suite,
    )
