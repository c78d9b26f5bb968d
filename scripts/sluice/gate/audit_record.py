"""Keeps the audit of a candidate with it: the report as audit/audit.json, and its result and the digest in the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sluice.core.document import document
from sluice.core.errors import SluiceError
from sluice.core.locks import holding
from sluice.core.paths import warehouse_root
from sluice.core.progress import Tell
from sluice.environments.resolve import Located
from sluice.quality.expectations.report import as_fields
from sluice.quality.expectations.result import AuditReport
from sluice.store import digest, standalone
from sluice.store.record import FILE, WORK, Audit, File, Record, dump, load


def is_candidate(located: Located) -> bool:
    """Whether it is a candidate that was built completely: one whose audit counts."""
    is_one = located.folder is not None and located.folder.resolve().parent == (warehouse_root() / "candidates").resolve()
    return is_one and located.record is not None and located.record.digest is not None


@contextmanager
def being_audited(located: Located) -> Iterator[Path]:
    """Hold a candidate's folder while it is audited. Raises SluiceError if another command works on it."""
    assert located.folder is not None
    with holding(located.folder, f"auditing {located.folder.name}"):
        yield located.folder


def keep(folder: Path, report: AuditReport, tell: Tell, memory_limit: str) -> Record:
    """Write the result of an audit of the whole candidate; give the record.

    Raises SluiceError, and keeps nothing, if a file of it is not what was built.
    """
    record = load(folder)
    assert record.digest is not None
    changed = _changed(record, folder, tell, memory_limit)
    if changed:
        hint = "it was changed after it was built; sluice verify names the relations. Build a new candidate"
        raise SluiceError("the file is not what was built, so its audit does not count", where=str(changed), hint=hint)
    (folder / "audit").mkdir(exist_ok=True)
    (folder / "audit" / "audit.json").write_text(document(as_fields(report)) + "\n", encoding="utf-8")
    record = replace(record, audit=summarized(report, record.digest), file=_described(record, folder)).timed(audit=report.seconds)
    dump(record, folder)
    return record


def _changed(record: Record, folder: Path, tell: Tell, memory_limit: str) -> Path | None:
    """The first file of a candidate that is not what was built: by its sha256; in older records, by the digest of its rows."""
    for name, made in ((FILE, record.file), (WORK, record.work)):
        if made is not None and made.sha256 is not None:
            tell(f"reading {name} again", 0.5)
            if digest.of_file(folder / name) != made.sha256:
                return folder / name
    if record.work is not None:
        return None
    found = standalone.read(folder / FILE, None, tell, memory_limit, record.digest_version)
    return None if digest.combined(found) == record.digest else folder / FILE


def _described(record: Record, folder: Path) -> File | None:
    """The file as the record has it; one of an older version gets its sha256 now, so that a later change is seen."""
    if record.file is None or record.file.sha256 is not None:
        return record.file
    return replace(record.file, sha256=digest.of_file(folder / FILE))


def summarized(report: AuditReport, judged: str) -> Audit:
    """An audit as the record has it. Checks that could not be evaluated count as failed, and are not named."""
    failed = report.count("fail") + report.count("error") + report.dbt.failed
    return Audit(
        run_id=report.run_id,
        status="fail" if report.exit_code else "pass",
        checks=report.checks,
        failed=failed,
        warned=report.count("warn"),
        not_run=report.count("not_run"),
        seconds=report.seconds,
        digest=judged,
        failing=report.failing,
        charts=report.charts.failing,
    )
