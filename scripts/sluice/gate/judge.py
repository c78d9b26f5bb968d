"""The gate: everything that must hold before an environment's pointer moves to a release. Pure: it judges what it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.core.dbt import Ending, ending
from sluice.store import digest
from sluice.store.record import Record
from sluice.store.store import FileSummary

_NAMED = 3


@dataclass(frozen=True)
class Verdict:
    """Why not; empty where the gate is open."""

    reasons: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the pointer may move."""
        return not self.reasons


@dataclass(frozen=True)
class Expected:
    """What a publish asks of a candidate: to be built for this environment, from the release it points to now."""

    environment: str
    current: str | None


def judge(record: Record, results: Mapping[str, Any] | None, sight: FileSummary, expected: Expected | None = None) -> Verdict:
    """Judge a candidate by its record, dbt's run_results.json and a look at its file; `expected` where it is published.

    A release that is promoted, or rolled back to, is judged without `expected`.
    """
    reasons = [*_built(record, results), *_audited(record), *_stands_alone(record, sight)]
    return Verdict(tuple(reasons + (_follows(record, expected) if expected else [])))


def _built(record: Record, results: Mapping[str, Any] | None) -> list[str]:
    if record.built_at is None or record.dbt is None:
        return ["its build has not come to an end"]
    if results is None:
        return ["run_results.json is not with it, so nobody knows how its build went"]
    if results.get("metadata", {}).get("invocation_id") != record.dbt.invocation_id:
        return ["run_results.json is of another run of dbt than the record"]
    arguments = results.get("args", {})
    narrowed = [key for key in ("select", "exclude") if arguments.get(key)]
    if narrowed:
        return [f"dbt did not build everything: it was given --{' and --'.join(narrowed)}"]
    return _bad_nodes(results.get("results", []))


def _bad_nodes(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    if not nodes:
        return ["dbt built nothing"]
    # A skipped node stops the release as well.
    bad = [node for node in nodes if ending(node["status"]) not in (Ending.good, Ending.warned)]
    counts = ", ".join(f"{count} {status}" for status, count in sorted(Counter(node["status"] for node in bad).items()))
    # What was skipped only follows from the others.
    named = sorted(bad, key=lambda node: node["status"] == "skipped")[:_NAMED]
    names = ", ".join(str(node["unique_id"]) for node in named)
    return [f"dbt build was not clean ({counts}): {names}{' and more' * (len(bad) > _NAMED)}"] if bad else []


def _audited(record: Record) -> list[str]:
    if record.digest is None:
        return ["it has no digest, so nobody knows what an audit would speak of"]
    if record.digest != digest.combined(record.relations):
        return ["its digest is not that of its relations: the record was changed"]
    if record.audit is None:
        return [f"it has not been audited; run: sluice audit {record.release_id}"]
    if record.audit.digest != record.digest:
        return [f"the audit judged other content than this; run: sluice audit {record.release_id}"]
    if record.audit.status != "pass":
        return [f"the audit did not pass: {record.audit.failed} of {record.audit.checks} checks failed"]
    return []


def _stands_alone(record: Record, sight: FileSummary) -> list[str]:
    reasons = [f"{name} does not answer when the file is alone: {why}" for name, why in sorted(sight.unanswered.items())]
    if sight.has_log:
        reasons.append("somebody has written to the file: there is a write-ahead log beside it")
    if record.file is not None and record.file.bytes != sight.bytes:
        reasons.append(f"the file has {sight.bytes:,} bytes and its record says {record.file.bytes:,}: it was changed")
    if sight.relations is not None:
        gone, new = sorted(record.relations.keys() - sight.relations), sorted(sight.relations - record.relations.keys())
        reasons += [f"the file lacks {', '.join(gone)}, which its record has"] if gone else []
        reasons += [f"the file has {', '.join(new)}, which its record lacks: nobody audited it"] if new else []
    return reasons


def _follows(record: Record, expected: Expected) -> list[str]:
    where = expected.environment
    if record.environment != where:
        return [f"it was built for {record.environment}: publish it there, then promote it"]
    if record.parent != expected.current:
        built = f"the candidate was built from {record.parent or 'nothing'}"
        return [f"{where} points to {expected.current or 'no release'} now, but {built}; build again: sluice build --env {where}"]
    return []
