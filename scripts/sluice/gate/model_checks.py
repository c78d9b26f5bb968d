"""The checks of a candidate's new models, as part of its audit: they can be answered, and are kept, as any other check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sluice.core import dbt
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell
from sluice.environments.context import Context
from sluice.environments.resolve import Located
from sluice.model import artifact, checks
from sluice.model.artifact import Model
from sluice.model.checks import Check
from sluice.model.declared import declared
from sluice.quality.expectations.result import AuditReport, CheckResult, ModelResult
from sluice.store import models
from sluice.store.record import Record


def changed(record: Record, before: Record | None) -> list[str]:
    """The names of the models that serve in a candidate, fit it, and are not those of the release that it follows."""
    known = {name: model.version for name, model in before.models.items()} if before else {}
    return [name for name, model in record.models.items() if known.get(name) != model.version and not model.misfit]


def with_models(report: AuditReport, located: Located, context: Context, memory_limit: str, tell: Tell) -> AuditReport:
    """The report with the checks of new models; those that were judged before serve on."""
    record = located.record
    if record is None or located.folder is None or not record.models:
        return report
    before = _before(record, context)
    found = []
    for name in changed(record, before):
        tell(f"model {name}", 0.5)
        found.append(_judged(name, located, before, context, memory_limit))
    seconds = report.seconds + sum(check.seconds for one in found for check in one.checks)
    return replace(report, models=(*report.models, *found), seconds=round(seconds, 3)) if found else report


def _before(record: Record, context: Context) -> Record | None:
    try:
        return context.store.record(record.parent) if record.parent else None
    except SluiceError:
        return None


def _judged(name: str, located: Located, before: Record | None, context: Context, memory_limit: str) -> ModelResult:
    assert located.folder is not None
    declaration = declared(dbt.artifact(located.folder, "manifest.json"), name)
    model = artifact.load(models.folder_of(located.folder, name))
    champion = _champion(name, before, context)
    found = checks.checked(located.file, declaration, model, champion, memory_limit)
    return ModelResult(name, declaration.features_relation, tuple(_as_results(found)))


def _champion(name: str, before: Record | None, context: Context) -> Model | None:
    if before is None or name not in before.models:
        return None
    return artifact.load(models.folder_of(context.store.fetch(before.release_id), name))


def _as_results(found: tuple[Check, ...]) -> Iterator[CheckResult]:
    for one in found:
        is_judged = one.status != "not_run"
        yield CheckResult(
            name=one.name,
            expectation="model",
            column=None,
            severity="warn" if one.status == "warn" else "error",
            status=one.status,
            failures=None,
            observed={"observed_value": one.message, **one.observed} if is_judged else one.observed,
            expected=one.expected,
            sample=(),
            query=None,
            message="" if is_judged else one.message,  # where a check was judged, a message says that it could not be
            seconds=one.seconds,
        )
