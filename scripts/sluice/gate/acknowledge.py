"""Acknowledge: a check that failed in a candidate is a false alarm, and the candidate may be published with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sluice.core import dbt
from sluice.core.errors import RefusedError, SluiceError, did_you_mean
from sluice.core.locks import holding
from sluice.environments import acknowledgements, trail
from sluice.environments.context import Context
from sluice.environments.resolve import recorded
from sluice.gate import audit_record
from sluice.history import ledger
from sluice.history.kinds import PhaseEntry
from sluice.store.moves import moment
from sluice.store.record import Acknowledgement, Record, dump, load


@dataclass(frozen=True)
class Acknowledged:
    """What was acknowledged, and the checks of the candidate that still fail; `is_audited`: whether its audit has run.

    `phase_since` is the day from which on a series is judged by its own points only, where the check is one.
    """

    release_id: str
    environment: str
    check: str
    why: str
    by: str
    until: str | None
    failing: tuple[str, ...]
    is_audited: bool
    phase_since: str | None = None


def acknowledge(
    context: Context, check: str, candidate: str, why: str, until: str | None = None, *, once: bool = False
) -> Acknowledged:
    """Let `check` fail in a candidate; with `until` (a day, UTC) also in those that are built after it, up to that day.

    `check` is the name of a data test or a series, or an expectation's, alone or as `model.check`. A series begins a new
    phase with its first point that alarmed, for all releases to come; not with `once`.
    Raises SluiceError where no such check failed or `until` is over, RefusedError where the actor may not publish or the
    candidate is not whole.
    """
    with trail.attempt(context.lake, context.actor, "acknowledge", why=why) as tried:
        located, record = recorded(candidate, "to acknowledge anything in")
        tried.environment, tried.release_id, tried.detail = record.environment, record.release_id, check
        context.policy.allow(record.environment, "publish", context.actor)
        _check_day(until)
        if not audit_record.is_candidate(located):
            raise _not_open(record, located.folder)
        assert located.folder is not None
        with holding(located.folder, f"acknowledging a check of {record.release_id}"):
            record, folder = load(located.folder), located.folder
            failing = _failing(record, dbt.artifact(folder, "run_results.json"))
            found = _the_one(check, failing, record)
            since = _phase(context, found, record, folder, why, once=once)
            answer = Acknowledgement(found, why, context.actor, moment(), until)
            others = tuple(one for one in record.acknowledged if one.check != found)
            record = replace(record, acknowledged=(*others, answer))
            dump(record, folder)
        tried.detail = found if until is None else f"{found}, until {until}"
    left = tuple(name for name in failing if name not in record.answered)
    return Acknowledged(
        release_id=record.release_id,
        environment=record.environment,
        check=found,
        why=why,
        by=answer.by,
        until=until,
        failing=left,
        is_audited=record.audit is not None,
        phase_since=f"{since:%Y-%m-%d}" if since else None,
    )


def _phase(context: Context, check: str, record: Record, folder: Path, why: str, *, once: bool) -> datetime | None:
    """Begin a new phase of a series with the first point that alarmed; nothing for other checks, or with `once`."""
    if record.audit is None or check not in record.audit.charts:
        if once:
            raise SluiceError(f"{check} is not a control chart", where="--once", hint="leave it out: it is for charts")
        return None
    if once:
        return None
    report = json.loads((folder / "audit" / "audit.json").read_text(encoding="utf-8"))
    since = next(datetime.fromisoformat(one["since"]) for one in report["charts"]["series"] if one["metric"] == check)
    now = datetime.now(UTC).replace(tzinfo=None)
    phase = PhaseEntry(metric=check, since_at=since, reason=why, marked_by=context.actor, marked_at=now)
    ledger.append(context.lake, [phase])
    return since


def _check_day(until: str | None) -> None:
    if until is None:
        return
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise SluiceError(f"{until} is not a day", where="--until", hint="write it as 2026-12-31") from None
    if f"{day}" < acknowledgements.today():
        raise SluiceError(f"{until} is over", where="--until", hint="name a coming day, or leave it out")


def _not_open(record: Record, folder: Path | None) -> SluiceError:
    if folder is not None and record.digest is None:
        what = f"{record.release_id} is not whole: dbt could not build all of it, which is more than a false alarm"
        return RefusedError(what, where=str(folder), hint="fix what failed, and build again")
    return SluiceError(
        f"{record.release_id} is not a candidate", where=str(folder or ""), hint="sluice releases lists candidates"
    )


def _failing(record: Record, results: Mapping[str, Any]) -> list[str]:
    """The names of the findings against a candidate: dbt's data tests, and expectations if its audit has run."""
    audited = record.audit.failing if record.audit else ()
    return sorted({*(dbt.failed_tests(results["results"]) or ()), *audited})


def _the_one(check: str, failing: list[str], record: Record) -> str:
    """The full name of the failed check that is called `check`."""
    found = [name for name in failing if name == check] or [name for name in failing if name.partition(".")[2] == check]
    if len(found) == 1:
        return found[0]
    if found:
        raise SluiceError(f"{check} failed in more than one model", hint=f"name one of them: {', '.join(found)}")
    if record.audit is None:
        hint = f"its expectations are not judged yet: sluice audit {record.release_id}"
    else:
        hint = did_you_mean(check, failing, f"what failed: {', '.join(failing)}" if failing else "no check of it failed")
    what = f"no check {check} failed in {record.release_id}; what could not be judged cannot be acknowledged"
    raise SluiceError(what, hint=hint)
