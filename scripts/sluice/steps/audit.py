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
from sluice.environments import partial, trail
from sluice.environments.context import here
from sluice.environments.partial import Partial
from sluice.environments.resolve import Located, locate, whole
from sluice.gate import audit_record
from sluice.history import ledger
from sluice.quality.expectations import audit as expectations
from sluice.quality.expectations import page
from sluice.quality.expectations.declared import declared
from sluice.quality.expectations.report import rows
from sluice.quality.expectations.result import AuditReport
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
    attempt = trail.attempt(context.lake, context.actor, "audit", environment=environment, release_id=release_id)
    # A file that belongs to no environment has no history.
    with attempt if environment or release_id else nullcontext(trail.Attempt("audit", context.actor)) as tried:
        wish = _Wish(located, select, target or target_root(), docs, memory_limit)
        done = _audited(wish, context.lake, tell)
        if done.exit_code:
            report = done.report
            tried.fail(f"{report.count('fail')} checks failed, {report.count('error')} could not be judged")
    return done


def _audited(wish: _Wish, lake: Path, tell: Tell) -> Audited:
    located = wish.located
    pull_request = None if wish.select else partial.read(located.artifacts)
    select = _built_models(pull_request, located) if pull_request else wish.select
    base = pull_request.base if pull_request else ""
    record = located.record if audit_record.is_candidate(located) else None
    if pull_request and not select:  # no model of it declares expectations: what dbt's tests found still counts
        assert located.artifacts is not None
        report = expectations.of_dbt_alone(located.file, located.artifacts, base, docs=wish.docs, name=located.name)
        return Audited(report, record, False)
    with ExitStack() as stack:
        folder = stack.enter_context(audit_record.being_audited(located)) if record else None
        report = _judged(wish, select, base, part(tell, 0, 0.8 if folder else 1))
        ledger.ensure(lake)
        release_id = located.record.release_id if located.record else None
        ledger.append(lake, rows(report, release_id), transaction=report.run_id)
        if folder and not select:
            audit_record.keep(folder, report, part(tell, 0.8, 1), wish.memory_limit)
            page.write(folder / "audit", report, located.artifacts or wish.target, located.name, located.record)
    return Audited(report, record, bool(folder and not select))


def _judged(wish: _Wish, select: Sequence[str], base: str, tell: Tell) -> AuditReport:
    record, artifacts = wish.located.record, wish.located.artifacts or wish.target
    if not select and not declared(artifact(artifacts, "manifest.json", hint="run: sluice build")):
        # A project without a single expectation: dbt's tests are its audit.
        return expectations.of_dbt_alone(
            wish.located.file, artifacts, base, docs=wish.docs, name=wish.located.name, record=record
        )
    return expectations.audit(
        # Expectations of what is not public are judged, too. What is public is the same in both files: its build has seen to it.
        whole(wish.located, tell) or wish.located.file,
        artifacts,
        select,
        memory_limit=wish.memory_limit,
        docs=wish.docs,
        name=wish.located.name,
        record=record,
        rest=base,
        tell=tell,
    )


def _built_models(pull_request: Partial, located: Located) -> list[str]:
    """The models of a pull request environment that were built."""
    assert located.artifacts is not None
    return [
        model.relation
        for model in declared(artifact(located.artifacts, "manifest.json", hint="run: sluice build"))
        if model.relation in pull_request.built
    ]
