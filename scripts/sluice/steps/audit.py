"""Audit: whether the models of a warehouse meet the expectations that they declare."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sluice.core.dbt import artifact
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.paths import target_root
from sluice.core.progress import Tell, part, silent
from sluice.core.text import plural
from sluice.environments import partial, trail
from sluice.environments.context import Context, here
from sluice.environments.partial import Partial
from sluice.environments.resolve import Located, locate, whole
from sluice.gate import audit_record, model_checks
from sluice.history import ledger
from sluice.history.recording import as_step, learn
from sluice.quality.charts import report as chart_report
from sluice.quality.charts.result import NO_CHARTS, POINTS, ChartFindings
from sluice.quality.expectations import audit as expectations
from sluice.quality.expectations import page
from sluice.quality.expectations.declared import AuditedModel, declared
from sluice.quality.expectations.report import rows
from sluice.quality.expectations.result import AuditReport
from sluice.steps import charts
from sluice.store.record import Record


@dataclass(frozen=True)
class Audited:
    """An audit; of a candidate also its record, and whether the audit is kept with it: that of a selection is not."""

    report: AuditReport
    candidate: Record | None
    is_kept: bool

    @property
    def exit_code(self) -> int:
        """0 nothing blocks, 1 a check or dbt test failed, 2 a check could not be judged."""
        return self.report.exit_code


@dataclass(frozen=True)
class _Wish:
    """What to audit, and how."""

    located: Located
    select: Sequence[str]
    target: Path
    docs: Path | None
    memory_limit: str


@as_step("audit")
def audit(
    name: str = "dev",
    *,
    select: Sequence[str] = (),
    docs: Path | None = None,
    target: Path | None = None,
    memory_limit: str = MEMORY_LIMIT,
    tell: Tell = silent,
) -> Audited:
    """Audit a warehouse: an environment, a candidate or release by its id, `candidate`, or a DuckDB file; only read.

    The results go to lake/ops, and, with their page, to a candidate that is audited as a whole. `docs` is a folder for the page.
    Raises SluiceError where it could not run.
    """
    context, located = here(), locate(name)
    environment = name if context.policy.find(name) else None
    release_id = located.record.release_id if located.record else None
    learn(environment=environment or (located.record.environment if located.record else None))
    attempt = trail.attempt(context.lake, context.actor, "audit", environment=environment, release_id=release_id)
    # A file that belongs to no environment has no history.
    with attempt if environment or release_id else nullcontext(trail.Attempt("audit", context.actor)) as tried:
        wish = _Wish(located, select, target or target_root(), docs, memory_limit)
        done = _audited(wish, context, tell)
        learn(invocation_id=done.report.run_id)
        if done.exit_code:
            report = done.report
            tried.fail(f"{plural(report.count('fail'), 'check')} failed, {report.count('error')} could not be judged")
    return done


def _audited(wish: _Wish, context: Context, tell: Tell) -> Audited:
    located = wish.located
    pull_request = None if wish.select else partial.read(located.artifacts)
    record = located.record if audit_record.is_candidate(located) else None
    with ExitStack() as stack:
        folder = stack.enter_context(audit_record.being_audited(located)) if record else None
        is_kept = bool(folder and not wish.select)
        keep = folder / "audit" / POINTS if folder and is_kept else None
        found = _charts(wish, context, pull_request, keep, part(tell, 0, 0.3))
        report = _judged(wish, pull_request, found, part(tell, 0.3, 0.7 if folder else 1))
        if is_kept:
            report = model_checks.with_models(report, located, context, wish.memory_limit, part(tell, 0.7, 0.8))
        _remember(report, context.lake, located)
        if folder and is_kept:
            audit_record.keep(folder, report, part(tell, 0.8, 1), wish.memory_limit)
            page.write(folder / "audit", report, located.artifacts or wish.target, located.name, located.record)
    return Audited(report, record, is_kept)


def _charts(wish: _Wish, context: Context, pull_request: Partial | None, keep: Path | None, tell: Tell) -> ChartFindings:
    """What is followed, compared with the release that a candidate or a pull request follows."""
    located = wish.located
    artifacts = located.artifacts or wish.target
    select = wish.select
    if pull_request:
        select = [model.relation for model in charts.followed(artifacts) if model.relation in pull_request.built]
        if not select:
            return NO_CHARTS
    base = pull_request.base if pull_request else located.record.parent if located.record else None
    limit = wish.memory_limit
    return charts.charts(context, located, artifacts, select, base=base, keep=keep, memory_limit=limit, tell=tell)


def _judged(wish: _Wish, pull_request: Partial | None, found: ChartFindings, tell: Tell) -> AuditReport:
    """The report on expectations, what dbt's tests found, and the charts."""
    located, base = wish.located, pull_request.base if pull_request else ""
    record, artifacts = located.record, located.artifacts or wish.target
    models = declared(artifact(artifacts, "manifest.json", hint="run: sluice build"))
    select = [one.relation for one in models if one.relation in pull_request.built] if pull_request else wish.select
    is_without = not models or (pull_request and not select) or (found.series and not _selected(models, select))
    if is_without and not (wish.select and not found.series):
        # Without an expectation, dbt's tests and the charts are the audit.
        return expectations.of_dbt_alone(
            located.file, artifacts, base, docs=wish.docs, name=located.name, record=record, charts=found
        )
    return expectations.audit(
        # Expectations of what is not public are judged, too. What is public is the same in both files: its build has seen to it.
        whole(located, tell) or located.file,
        artifacts,
        select,
        memory_limit=wish.memory_limit,
        docs=wish.docs,
        name=located.name,
        record=record,
        rest=base,
        charts=found,
        tell=tell,
    )


def _selected(models: Sequence[AuditedModel], select: Sequence[str]) -> bool:
    return any(not select or any(model.is_selected_by(word) for word in select) for model in models)


def _remember(report: AuditReport, lake: Path, located: Located) -> None:
    """Append the checks and signals to lake/ops."""
    release_id = located.record.release_id if located.record else None
    environment = located.record.environment if located.record else located.name
    ledger.ensure(lake)
    ledger.append(lake, rows(report, release_id), transaction=report.run_id)
    signals = chart_report.signals(report.charts, report.run_id, report.checked_at, environment, release_id)
    ledger.append(lake, signals, transaction=report.run_id)
