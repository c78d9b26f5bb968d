"""An audit: every declared expectation of the selected models on one warehouse file, and the results of dbt's tests."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from sluice.core import dbt
from sluice.core.duck import MEMORY_LIMIT, literal
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded
from sluice.core.progress import Tell, silent
from sluice.quality.charts.result import NO_CHARTS, ChartFindings
from sluice.quality.expectations.dbt_findings import dbt_findings
from sluice.quality.expectations.declared import AuditedModel, DeclaredCheck, declared, faults_as_error
from sluice.quality.expectations.page import write
from sluice.quality.expectations.quiet import quiet_gx
from sluice.quality.expectations.result import AuditReport, CheckResult, ModelResult
from sluice.quality.personal import MASK, Personal
from sluice.store.record import Record

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation

    from sluice.quality.expectations.evaluate import Judged


def audit(
    file: Path,
    target: Path,
    select: Sequence[str] = (),
    *,
    memory_limit: str = MEMORY_LIMIT,
    docs: Path | None = None,
    name: str = "",
    record: Record | None = None,
    rest: str = "",
    charts: ChartFindings = NO_CHARTS,
    tell: Tell = silent,
) -> AuditReport:
    """Audit a warehouse file against the expectations in `target`/manifest.json; with `docs`, write its page there.

    `rest` names the release that has what a partial file lacks; the `record` of the file says which checks may fail, and the
    page what it is called (`name`). What was found by `charts` becomes a part of the report.

    Raises SluiceError, before anything runs, if a declaration is not valid, nothing is selected, the file cannot be opened
    or lacks a relation or a column.
    """
    manifest = dbt.artifact(target, "manifest.json", hint="run: sluice build")
    models = declared(manifest, select)
    if not models:
        raise SluiceError("no model with expectations to audit", where=", ".join(select) or str(target), hint=_SELECT)
    with quiet_gx():
        from sluice.quality.expectations import evaluate
        from sluice.quality.expectations.vocabulary import compiled

        # Also those not selected: a misspelt check is found by the next audit, whatever it selects.
        suites, faults = compiled(declared(manifest))
        if faults:
            raise SluiceError(*faults_as_error(faults))
        with evaluate.opened(file, memory_limit) as connection:
            _all_there(connection, models, file)
            checked_at = datetime.now(UTC).replace(tzinfo=None)
            run: list[tuple[AuditedModel, Judged]] = []
            for number, model in enumerate(models):
                tell(model.relation, number / len(models))
                run.append((model, _judged(connection, model, suites[model.unique_id])))
    results = tuple(_result(model, found) for model, found in run)
    seconds = sum(found.seconds for _, found in run)
    by_dbt = dbt_findings(target, manifest, rest)
    answered = tuple(sorted(record.answered)) if record else ()
    seconds = round(seconds + charts.seconds, 3)
    report = AuditReport(f"audit-{uuid.uuid4()}", checked_at, str(file), results, by_dbt, seconds, answered, charts)
    if docs:
        write(docs, report, target, name or file.name, record)
    return report


def of_dbt_alone(
    file: Path,
    target: Path,
    rest: str,
    *,
    docs: Path | None = None,
    name: str = "",
    record: Record | None = None,
    charts: ChartFindings = NO_CHARTS,
) -> AuditReport:
    """The report on a file of whose models none declares expectations: what dbt and charts found, and no check."""
    found = dbt_findings(target, dbt.artifact(target, "manifest.json"), rest)
    answered = tuple(sorted(record.answered)) if record else ()
    now = datetime.now(UTC).replace(tzinfo=None)
    report = AuditReport(f"audit-{uuid.uuid4()}", now, str(file), (), found, charts.seconds, answered, charts)
    if docs:
        write(docs, report, target, name or file.name, record)
    return report


_SELECT = "declare some under config: meta: expectations, or check --select: a model's name, schema, tag:<tag>, or fct_*"


def _judged(connection: duckdb.DuckDBPyConnection, model: AuditedModel, suite: Sequence[Expectation]) -> Judged:
    from sluice.quality.expectations import evaluate

    present = _columns(connection, model)
    key = [name for name in model.key if name in present]
    place = connection, model.schema, model.alias
    blind = {check.name: why for check in model.checks if (why := evaluate.blind(*place, check, model.personal))}
    return replace(evaluate.judged(*place, key, suite), blind=blind)


def _columns(connection: duckdb.DuckDBPyConnection, model: AuditedModel) -> set[str]:
    found = connection.execute(f"""
        select column_name from duckdb_columns()
        where database_name = current_database() and schema_name = {literal(model.schema)} and table_name = {literal(model.alias)}
    """).fetchall()
    return {name for (name,) in found}


def _all_there(connection: duckdb.DuckDBPyConnection, models: Sequence[AuditedModel], file: Path) -> None:
    from sluice.quality.expectations.vocabulary import columns_of

    missing = []
    for model in models:
        present = _columns(connection, model)
        wanted = {name: check for check in model.checks for name in columns_of(check)}
        if not present:
            missing.append(f"{model.relation} is not in the file")
        missing += [
            f"{model.relation} has no column {name}, which {wanted[name].name} needs"
            for name in sorted(wanted.keys() - present)
            if present
        ]
    if missing:
        hint = "build the warehouse again with today's models, or --select what is there"
        raise SluiceError("\n  ".join(["the warehouse does not match the models:", *missing]), where=str(file), hint=hint)


def _result(model: AuditedModel, found: Judged) -> ModelResult:
    share = round(found.seconds / len(model.checks), 4)
    checks = tuple(
        without_personal(check, _check_result(check, found.results.get(check.name), found, share), model.personal)
        for check in model.checks
    )
    return ModelResult(model.name, model.relation, checks)


def _check_result(check: DeclaredCheck, result: ExpectationValidationResult | None, found: Judged, seconds: float) -> CheckResult:
    raised = "Great Expectations gave no result for it" if result is None else _raised(result.exception_info)
    details: dict[str, Any] = {} if result is None or raised else cast("dict[str, Any]", result.to_json_dict()["result"])
    passed = result is not None and bool(result.success)
    status = "error" if raised else "pass" if passed else {"error": "fail", "warn": "warn"}[check.severity]
    # Whatever a check says that cannot judge any row, it is not a finding.
    unseen = "" if raised else found.blind.get(check.name) or ("" if status != "pass" else _without_values(details, check))
    status = "not_run" if unseen else status
    column = check.arguments.get("column")
    return CheckResult(
        name=check.name,
        expectation=check.expectation,
        column=column,
        severity=check.severity,
        status=status,
        failures=details.get("unexpected_count"),
        observed={key: details[key] for key in _OBSERVED if details.get(key) is not None},
        expected={key: value for key, value in check.arguments.items() if key != "column"},
        sample=tuple(details.get("partial_unexpected_index_list") or details.get("partial_unexpected_list") or ()),
        query=found.queries.get(check.name),
        message=raised or unseen,
        seconds=seconds,
    )


def without_personal(check: DeclaredCheck, found: CheckResult, personal: Personal) -> CheckResult:
    """The result without values of columns that hold personal data, and without figures of them; how many stays."""
    if not personal.columns:
        return found
    made_by = json.dumps([check.arguments[name] for name in _ABOUT if name in check.arguments])
    is_about = personal.is_named_in(made_by)
    observed = {key: value for key, value in found.observed.items() if key in _COUNTS or not is_about}
    if is_about and "observed_value" in found.observed:
        is_count = check.expectation.lower().replace("_", "") in _COUNTING
        observed["observed_value"] = found.observed["observed_value"] if is_count else MASK
    rows = tuple(_shown(row, check, personal, made_by, is_about) for row in found.sample)
    message = personal.message(found.message) if found.status == "error" else found.message
    return replace(found, observed=observed, sample=rows, message=message)


def _shown(row: Any, check: DeclaredCheck, personal: Personal, made_by: str, is_about: bool) -> Any:
    if not isinstance(row, Mapping):
        return MASK if is_about else row
    # Rows of a query have what it says; those of other checks the model's own columns, under their names.
    is_query = "unexpected_rows_query" in check.arguments
    if not is_query:
        return {name: MASK if value is not None and folded(name) in personal.columns else value for name, value in row.items()}
    return dict(zip(row, personal.row(list(row), list(row.values()), made_by), strict=True))


# Arguments that say which values are looked at.
_ABOUT = ("column", "column_A", "column_B", "column_list", "unexpected_rows_query")
# Figures that count rows or values, by the expectation's name in one spelling.
_COUNTING = {
    "expectcolumnuniquevaluecounttobebetween",
    "expectcolumnproportionofuniquevaluestobebetween",
    "expectcolumnproportionofnonnullvaluestobebetween",
    "expecttablerowcounttobebetween",
    "expecttablerowcounttoequal",
    "unexpectedrowsexpectation",
}
_COUNTS = ("element_count", "missing_count", "unexpected_count", "unexpected_percent")


def _without_values(details: Mapping[str, Any], check: DeclaredCheck) -> str:
    """Why a check of a column's values has looked at none: Great Expectations leaves out nulls, and passes."""
    rows, missing = details.get("element_count"), details.get("missing_count")
    return f"{check.arguments.get('column', 'it')} is null in all {rows:,} rows" if rows and rows == missing else ""


_OBSERVED = ("observed_value", "element_count", "missing_count", "unexpected_count", "unexpected_percent", "details")


def _raised(info: Mapping[str, Any]) -> str | None:
    """The message of the first exception; GX nests exceptions by metric, or has one at the top."""
    nested = [entry for entry in info.values() if isinstance(entry, Mapping)]
    for entry in [info, *nested]:
        if entry.get("raised_exception"):
            return " ".join(str(entry.get("exception_message")).split())
    return None
