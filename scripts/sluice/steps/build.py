"""Build: dbt builds and tests the models, in the dev warehouse, a candidate or a pull request's environment."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.core import dbt, log
from sluice.core.duck import is_duckdb
from sluice.core.errors import SluiceError
from sluice.core.paths import target_root
from sluice.core.progress import Tell, silent
from sluice.environments import origin, trail
from sluice.environments.context import Context, here
from sluice.environments.resolve import locate, whole
from sluice.history import ledger
from sluice.history.recording import as_step
from sluice.quality import dbt_results, failures
from sluice.quality.failures import Failures
from sluice.quality.profiles import candidate as profiles
from sluice.quarantine import expire
from sluice.store.record import FILE, WORK, Record

# A disk with less than this is full: DuckDB writes blocks of 256 kB.
NO_ROOM = 1024 * 1024

if TYPE_CHECKING:
    from sluice.candidate.build import Candidate
    from sluice.candidate.unchanged import Unchanged
    from sluice.change.pull_request import PullRequestBuild


@dataclass(frozen=True)
class BuildReport:
    """What a build made, and what dbt found wrong: None where it had nothing to build. Of dev, `made` is None.

    `new` says why a candidate was built, where that was asked; nothing is built where `made` is Unchanged. `file` is what dbt
    wrote to.
    """

    environment: str
    is_good: bool
    failures: Failures | None
    made: Candidate | PullRequestBuild | Unchanged | None = None
    new: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def exit_code(self) -> int:
        """1 where a model or test failed."""
        return int(not self.is_good)


@as_step("build")
def build(
    environment: str = "dev",
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    selector: str | None = None,
    full_refresh: bool = False,
    base: str | None = None,
    target: Path | None = None,
    only_news: bool = False,
    tell: Tell = silent,
) -> BuildReport:
    """Build an environment, with every check recorded in the lake.

    `select`, `exclude`, `selector` (dbt's node selection) and `target` (dbt's target folder) are for dev, `base` for pull
    request environments. An environment that is built aside is as it was where one of its models could not be built.
    With `only_news`, no candidate is built that would not differ from the current release.
    Raises SluiceError where it could not be built, RefusedError where environments.yml does not allow it.
    """
    context = here()
    with trail.attempt(context.lake, context.actor, "build", environment=environment) as attempt:
        context.policy.allow(environment, "build", context.actor)
        selection = [*_repeated("--select", select), *_repeated("--exclude", exclude)]
        selection += ["--selector", selector] if selector else []
        kind = _kind(context, environment, selection, base)
        context.warehouse.mkdir(parents=True, exist_ok=True)
        # Waivers that are over end before dbt looks at them: what it builds depends on code and lake, not on a clock.
        expire(context.lake, datetime.now(UTC).replace(tzinfo=None))
        if kind == "aside":
            report = _aside(context, environment, tell)
        elif kind == "dev":
            report = _dev(context, selection, full_refresh, target or target_root(), tell)
        elif kind == "candidate":
            report = _candidate(context, attempt, environment, full_refresh, only_news, tell)
        else:
            report = _pull_request(context, attempt, environment, base or "prod", tell)
        if not report.is_good:
            attempt.fail("a model or test failed")
    return report


def _begun(context: Context, lake: Mapping[str, int] | None = None, **more: Any) -> origin.Built:
    """From what a file is built: the code as it is now, and the lake, unless it is read at other versions."""
    from sluice.candidate import pins
    from sluice.candidate.plan import code_of

    if lake is None:
        try:
            lake = pins.taken(context.lake, patience=0)
        except SluiceError:  # there is none, or somebody writes to it
            lake = {}
    return origin.begun(context.actor, code_of(Path()), lake=lake, **more)


def _repeated(option: str, values: Sequence[str]) -> list[str]:
    return [option, *values] if values else []


def _kind(context: Context, environment: str, selection: Sequence[str], base: str | None) -> str:
    """Which of the four builds it is. Raises SluiceError for an option that is for another."""
    entry = context.policy.environment(environment)
    kind = (
        "pull request" if entry.is_family else "aside" if entry.is_built_aside else "dev" if environment == "dev" else "candidate"
    )
    if selection and kind != "dev":
        what = {
            "candidate": "a candidate is always built as a whole",
            "aside": f"what {environment} builds is in {context.policy.where}",
            "pull request": f"what {environment} builds follows from the change",
        }[kind]
        raise SluiceError(what, where=selection[0], hint="leave it out, or build dev")
    if base and kind != "pull request":
        raise SluiceError(f"{environment} has no base", where="--base", hint="it is for pull request environments, such as pr-12")
    return kind


def _dev(context: Context, selection: Sequence[str], full_refresh: bool, target: Path, tell: Tell) -> BuildReport:
    choice, file = context.policy.environment("dev").choice, context.file_of("dev")
    options = [*(["--target", choice.target] if choice.target else []), *choice.arguments]
    begun, was_there = _begun(context, selected=tuple(selection)), file.exists()
    done = dbt.invoke([*dbt_arguments(selection, full_refresh, target), *options], tell)
    _refuse_full_disk(done, file, was_there=was_there)
    dbt.results_of(done, target)
    origin.keep(begun, context.warehouse, "dev", file, is_good=done.code == 0)
    return BuildReport("dev", done.code == 0, _recorded(target, file.parent, context.lake, "dev"), file=file)


def _aside(context: Context, environment: str, tell: Tell) -> BuildReport:
    from sluice.candidate import aside

    ledger.ensure(context.lake)
    done = aside.build(environment, context, tell)
    # It looks at lake/ops: its own checks are not written there.
    found = failures.collect(dbt_results.read(done.artifacts), done.built)
    if not done.is_in_place:
        log.note(f"{environment} is as it was: not every model could be built")
    return BuildReport(environment, done.is_good, found, file=done.built)


def _refuse_full_disk(done: dbt.Invocation, file: Path, *, was_there: bool) -> None:
    """A build that ran out of room says nothing about the models, and what DuckDB began of a new file opens never again."""
    full = os.strerror(errno.ENOSPC)
    if done.code and (any(full in said for said in done.errors) or shutil.disk_usage(file.parent).free < NO_ROOM):
        if not was_there and file.exists() and not is_duckdb(file):
            file.unlink()
        hint = "make room (sluice prune shows what can be removed), then build again"
        raise SluiceError(f"the build needs more room: {full}", where=str(file.parent), hint=hint)


def dbt_arguments(selection: Sequence[str], full_refresh: bool, target: Path) -> list[str]:
    """dbt's command line for a build of dev; `selection` is in dbt's own options."""
    return ["build", *selection, *(["--full-refresh"] if full_refresh else []), "--target-path", str(target)]


def _candidate(
    context: Context, attempt: trail.Attempt, environment: str, full_refresh: bool, only_news: bool, tell: Tell
) -> BuildReport:
    from sluice.candidate import build as candidates
    from sluice.candidate.plan import plan
    from sluice.candidate.unchanged import Unchanged, whats_new

    current, new = whats_new(environment, context) if only_news and not full_refresh else (None, [])
    if current and not new:
        attempt.release_id = attempt.from_release_id = current
        attempt.detail = "nothing is new: nothing was built"
        candidates.clean_up(context.candidates)
        return BuildReport(environment, True, None, Unchanged(environment, current))
    planned = plan(environment, context, full_refresh=full_refresh, tell=tell)
    if planned.remark:
        log.note(planned.remark)
    built = candidates.build(planned, tell)
    attempt.release_id, attempt.from_release_id = built.record.release_id, built.record.parent
    found = _recorded(built.folder, built.folder / WORK, context.lake, environment, built.record.release_id)
    profiles.append(built.folder, built.record, _parent(context, built.record), context.lake)
    # One that dbt could not build completely has the work file alone.
    file = next((path for path in (built.folder / FILE, built.folder / WORK) if path.is_file()), None)
    return BuildReport(environment, built.is_good, found, built, tuple(new), file)


def _parent(context: Context, record: Record) -> Record | None:
    try:
        return context.store.record(record.parent) if record.parent else None
    except SluiceError:
        return None


def _pull_request(context: Context, attempt: trail.Attempt, environment: str, base: str, tell: Tell) -> BuildReport:
    from sluice.change import pull_request

    located = locate(base, tell)
    if located.fault is not None:
        raise located.fault
    if whole(located, tell) is None:
        log.note(f"{base} has no work file that can be read: what the change reads and is not public is built first")
    record = located.record
    begun = _begun(context, record.lake if record else {}, base=record.release_id if record else None)
    built = pull_request.build(environment, located, context, tell)
    origin.keep(begun, context.warehouse, environment, built.file, is_good=built.is_good)
    attempt.from_release_id = built.contents.base
    has_run = (built.artifacts / "run_results.json").is_file()
    found = _recorded(built.artifacts, built.file, context.lake, environment) if has_run else None
    return BuildReport(environment, built.is_good, found, built, file=built.file)


def _recorded(artifacts: Path, warehouse: Path, lake: Path, environment: str, release_id: str | None = None) -> Failures:
    """What went wrong in a run that wrote to a file, or to one in a folder, `warehouse`.

    Every node of it goes into lake/ops, and every check: under the name of the release, or the environment, or dev's file.
    """
    run = dbt_results.read(artifacts)
    name = run.warehouse if environment == "dev" else release_id or environment
    dbt_results.append(replace(run, warehouse=name), lake)
    dbt_results.append_nodes(run, lake, environment, release_id)
    return failures.collect(run, warehouse)
