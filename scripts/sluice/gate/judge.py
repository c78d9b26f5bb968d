"""The gate: everything that must hold before an environment's pointer moves to a release. It decides from data alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sluice.core.dbt import Ending, ending, is_failed_test, test_name
from sluice.core.text import plural
from sluice.environments.acknowledgements import how_to_answer
from sluice.store import digest
from sluice.store.record import Audit, Record
from sluice.store.store import FileSummary

_NAMED = 3


@dataclass(frozen=True)
class Verdict:
    """The reasons why the pointer may not move; none if the gate is open."""

    reasons: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the pointer may move."""
        return not self.reasons


@dataclass(frozen=True)
class Expected:
    """What a candidate must be to be published: built for this environment, from the release that it points to now."""

    environment: str
    current: str | None


def judge(record: Record, results: Mapping[str, Any] | None, summary: FileSummary, expected: Expected | None = None) -> Verdict:
    """Judge a candidate by its record, dbt's run_results.json and the summary of its file.

    `expected` is for a publish; a promotion or a rollback is judged without it.
    """
    reasons = [*_built(record, results), *_audited(record), *_of_the_file(record, summary), *_of_models(record)]
    return Verdict(tuple(reasons + (_follows(record, expected) if expected else [])))


def _built(record: Record, results: Mapping[str, Any] | None) -> list[str]:
    if record.built_at is None or record.dbt is None:
        return ["its build has not finished"]
    if results is None:
        return ["it has no run_results.json, so the result of its build is unknown"]
    if results.get("metadata", {}).get("invocation_id") != record.dbt.invocation_id:
        return ["run_results.json is of another run of dbt than the record"]
    arguments = results.get("args", {})
    narrowed = [key for key in ("select", "exclude") if arguments.get(key)]
    if narrowed:
        return [f"dbt did not build everything: it was given --{' and --'.join(narrowed)}"]
    return _bad_nodes(results.get("results", []), record.answered)


def _bad_nodes(nodes: Sequence[Mapping[str, Any]], answered: Set[str]) -> list[str]:
    if not nodes:
        return ["dbt built nothing"]
    # A skipped node stops the release as well.
    bad = [node for node in nodes if ending(node["status"]) not in (Ending.good, Ending.warned)]
    bad = [node for node in bad if not (is_failed_test(node) and test_name(node) in answered)]
    counts = ", ".join(f"{count} {status}" for status, count in sorted(Counter(node["status"] for node in bad).items()))
    # What was skipped only follows from the others.
    named = sorted(bad, key=lambda node: node["status"] == "skipped")[:_NAMED]
    names = ", ".join(str(node["unique_id"]) for node in named)
    return [f"dbt build was not clean ({counts}): {names}{' and more' * (len(bad) > _NAMED)}"] if bad else []


def _audited(record: Record) -> list[str]:
    if record.digest is None:
        return ["it has no digest, so an audit cannot be matched to its content"]
    if record.digest != digest.combined(record.relations):
        return ["its digest is not that of its relations: the record was changed"]
    if record.audit is None:
        return [f"it has not been audited; run: sluice audit {record.release_id}"]
    if record.audit.digest != record.digest:
        return [f"the audit judged other content; run: sluice audit {record.release_id}"]
    if record.audit.status == "pass" or _is_answered(record.audit, record.answered):
        return []
    named = [name for name in record.audit.failing if name not in record.answered]
    what = f"the audit did not pass: {record.audit.failed} of {plural(record.audit.checks, 'check')} failed"
    answers = how_to_answer(named, record.release_id, record.audit.charts)
    return ["\n  ".join([what + (f": {', '.join(named)}" if named else ""), *answers])]


def _is_answered(audit: Audit, answered: Set[str]) -> bool:
    """Whether everything that an audit found is acknowledged. What could not be judged is counted and has no name here."""
    return audit.failed == len(audit.failing) and answered >= set(audit.failing)


def _of_the_file(record: Record, summary: FileSummary) -> list[str]:
    reasons = [f"{name} is not what was built and audited: its sha256 differs from the recorded one" for name in summary.changed]
    reasons += [f"{name} cannot be read from the file alone: {why}" for name, why in sorted(summary.unanswered.items())]
    if summary.has_log:
        reasons.append("the file was written to: there is a write-ahead log beside it")
    if record.file is not None and record.file.bytes != summary.bytes:
        reasons.append(f"the file has {summary.bytes:,} bytes and its record says {record.file.bytes:,}: it was changed")
    if summary.relations is not None:
        gone, new = sorted(record.relations.keys() - summary.relations), sorted(summary.relations - record.relations.keys())
        reasons += [f"the file lacks {', '.join(gone)}, which its record has"] if gone else []
        reasons += [f"the file has {', '.join(new)}, which its record lacks: it was not audited"] if new else []
    return reasons


def _of_models(record: Record) -> list[str]:
    """A model that would be fed something other than what it learned is not served."""
    of_challengers = [(name, model, " --challenger") for name, model in record.challengers.items()]
    every = [*((name, model, "") for name, model in record.models.items()), *of_challengers]
    return [
        f"the model {name} {model.misfit}\n    train it on this candidate: "
        f"sluice model train {name} --env {record.environment} --on {record.release_id}{option}"
        for name, model, option in every
        if model.misfit
    ]


def _follows(record: Record, expected: Expected) -> list[str]:
    where = expected.environment
    if record.environment != where:
        return [f"it was built for {record.environment}: publish it there, then promote it"]
    if record.parent != expected.current:
        built = f"the candidate was built from {record.parent or 'nothing'}"
        return [f"{where} points to {expected.current or 'no release'} now, but {built}; build again: sluice build --env {where}"]
    return []
