"""Builds a candidate: a warehouse file of its own, made from the current release and pinned lake tables, with a record.

Nothing that readers see changes. A candidate whose build was killed or could not continue is removed by the next build;
one that failed dbt's tests is kept for inspection.
"""

from __future__ import annotations

import errno
import math
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sluice.candidate import compiled, inherited, inputs, pins
from sluice.candidate import sources as in_files
from sluice.candidate.parsed import forget_unless_safe
from sluice.candidate.plan import Plan
from sluice.candidate.workspace import Workspace, workspace_for
from sluice.core import dbt, dbt_python, public
from sluice.core.dbt_profile import output_of
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.locks import LOCK, holding, is_held, locked
from sluice.core.manifest import folded
from sluice.core.progress import Tell, part, silent
from sluice.store import digest, extract, standalone
from sluice.store.copying import copy
from sluice.store.moves import moment
from sluice.store.record import ARTIFACTS, FILE, NAME, WORK, Dbt, File, Record, dump, load

# How the system says that there is no room: on the disk, in a quota, for a file of this size.
_FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))

# Readers use the same cores, and people wait for their queries.
_NICENESS = 10


@dataclass(frozen=True)
class Candidate:
    """A candidate, whether dbt built and tested it without a failure, and the abandoned candidates that were removed first.

    `failing` are data tests that may be acknowledged: everything was built, and only they failed.
    """

    folder: Path
    record: Record
    is_good: bool
    removed: tuple[str, ...]
    failing: tuple[str, ...] = ()


def new_id(now: datetime | None = None) -> str:
    """A release id: the start in UTC and a random suffix. It does not give an order: a clock may jump."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def build(plan: Plan, tell: Tell) -> Candidate:
    """Build a candidate, and first remove abandoned ones.

    A candidate with failing tests is kept. Raises SluiceError if it could not be built.
    """
    removed = clean_up(plan.candidates)
    with _begun(plan) as (folder, first, lock), _explained(folder):
        made_of = inputs.taken(plan.project, plan.lake, first.lake, plan.choice)
        begun = _begin_as(plan.base, folder / FILE, first, part(tell, 0, 0.05))
        with (
            workspace_for(folder, plan.workspaces) as workspace,
            dbt.session(folder=plan.project, held=[lock, workspace.lock], niceness=_NICENESS) as session,
        ):
            read = _sources(plan, first, folder / FILE, workspace, session)
            tested, failed = _by_dbt(plan, begun, workspace, session, read.options, part(tell, 0.05, 0.85))
            is_whole = failed is not None
            workspace.keep_artifacts(folder)
            manifest = _compiled(plan, tested, workspace, session) if is_whole else None
        whole = _split(tested, folder, plan.base, part(tell, 0.9, 1), is_whole=is_whole)
        # Else dbt may have read either.
        if inputs.taken(plan.project, plan.lake, first.lake, plan.choice) == made_of and read.is_still():
            inputs.keep(replace(made_of, sources=read.state), folder)
            if manifest:
                compiled.keep(manifest, folder)
        if plan.kept and is_whole:
            whole = inherited.taken_over(whole, folder, plan.kept, dbt.artifact(folder, "manifest.json"))
        record = replace(whole, built_at=moment())
        dump(record, folder)
        folder.chmod(plan.candidates.stat().st_mode)
    failing = tuple(sorted(set(failed or ()) - record.answered))
    return Candidate(folder, record, is_whole and not failing, removed, failing)


@contextmanager
def _begun(plan: Plan) -> Iterator[tuple[Path, Record, int]]:
    """The candidate's folder, held, with its first record; it is removed again if dbt built nothing in it."""
    folder = plan.candidates / new_id()
    with ExitStack() as stack:
        with locked(plan.candidates / LOCK, "starting a candidate", math.inf):
            folder.mkdir(mode=0o700)  # until it is done: what dbt builds is not for readers
            lock = stack.enter_context(holding(folder, f"building for {plan.environment}"))
        try:
            pinned = plan.pinned
            if pinned is None:
                pinned = pins.taken(plan.lake, is_read=inputs.reads_a_lake(plan.project))
            record = _first_record(plan, folder.name, pinned)
            dump(record, folder)
            yield folder, record, lock
        except SluiceError:
            if not all((folder / name).exists() for name in ARTIFACTS):
                shutil.rmtree(folder)
            raise


def _first_record(plan: Plan, release_id: str, pinned: Mapping[str, int]) -> Record:
    return Record(
        release_id=release_id,
        project=plan.project_name,
        code=plan.code,
        lake=pinned,
        parent=plan.parent,
        environment=plan.environment,
        full_refresh=plan.base is None,
        built_by=plan.built_by,
        started_at=moment(),
        duckdb=duckdb.__version__,
        digest_version=digest.VERSION,
        acknowledged=plan.acknowledged,
        target=output_of(plan.project, plan.choice).target,
        vars=plan.choice.vars,
    )


def _begin_as(base: Path | None, file: Path, record: Record, tell: Tell) -> Record:
    if base is None:
        return record
    before = time.monotonic()
    copy(base, file, tell)
    file.chmod(0o600)
    return record.timed(copy=time.monotonic() - before)


@dataclass(frozen=True)
class _Read:
    """Options for dbt, and the sources in DuckDB files: what they hold, and how to tell whether they were written to."""

    options: list[str]
    sources: in_files.Sources | None = None
    state: Mapping[str, str] = field(default_factory=dict)
    stamp: tuple[Any, ...] = ()

    def is_still(self) -> bool:
        return self.sources is None or self.sources.stamp() == self.stamp


def _sources(plan: Plan, record: Record, file: Path, workspace: Workspace, session: dbt.Session) -> _Read:
    """Show dbt the sources that are in DuckDB files. Only a project that may have some is parsed for it."""
    sources = in_files.sources_of(plan.project, plan.choice, plan.sources)
    options = workspace.arguments(plan.project, plan.choice, sources.attached if sources else {})
    if sources is None:
        return _Read(options)
    forget_unless_safe(plan.project, workspace.target)
    _called(["parse", *options], plan, record, session)
    manifest = dbt.artifact(workspace.target, "manifest.json")
    stamp = sources.stamp()
    read = _Read(options, sources, in_files.state_of(manifest, sources), stamp)
    in_files.show_in(file, manifest, sources)
    if seeds := in_files.seeds_read_as_sources(manifest):
        names = [f"fqn:{'.'.join(manifest['nodes'][name]['fqn'])}" for name in seeds]
        _called(["seed", "--select", *names, *options], plan, record, session)
    return read


def _called(command: list[str], plan: Plan, record: Record, session: dbt.Session) -> None:
    """Run a command of dbt before the build. Raises SluiceError if it fails."""
    done = session.invoke(command, silent, environment=compiled.places(plan.lake, record.lake))
    if done.code:
        said = "\n".join(done.errors) or f"dbt {command[0]} ended with exit code {done.code}"
        raise SluiceError(f"dbt could not run\n{said}", hint="fix the errors that dbt reports, then run it again")


def _by_dbt(
    plan: Plan, record: Record, workspace: Workspace, session: dbt.Session, read: Sequence[str], tell: Tell
) -> tuple[Record, tuple[str, ...] | None]:
    """Run dbt in the candidate; the record, and the data tests that failed, or None where anything else did.

    Raises SluiceError if it could not run, or the disk was full.
    """
    before = time.monotonic()
    forget_unless_safe(plan.project, workspace.target)
    options = [*plan.only, *(["--full-refresh"] if plan.base is None else [])]
    command = ["build", *options, *read]
    done = session.invoke(command, tell, environment=compiled.places(plan.lake, record.lake))
    _refuse_full_disk(done.errors, workspace.root)
    results = dbt.results_of(done, workspace.target)
    _refuse_full_disk([node["message"] or "" for node in results["results"]], workspace.root)
    counts = {".".join(ended): count for ended, count in sorted(dbt.counted(results).items())}
    run = Dbt(done.id, counts, dbt_python.find().has.duckdb)
    failed = dbt.failed_tests(results["results"]) if done.code else ()
    return replace(record, dbt=run).timed(build=time.monotonic() - before), failed or (None if done.code else ())


def _compiled(plan: Plan, record: Record, workspace: Workspace, session: dbt.Session) -> dict[str, Any] | None:
    """The project's manifest with SQL for an empty warehouse; None if dbt cannot compile it there."""
    forget_unless_safe(plan.project, workspace.root / "empty" / "target")
    done = compiled.compile_on_nothing(
        session, workspace.root / "empty", plan.lake, record.lake, project=plan.project, choice=plan.choice
    )
    return None if done.code else compiled.manifest_in(workspace.root / "empty")


def _split(record: Record, folder: Path, base: Path | None, tell: Tell, *, is_whole: bool) -> Record:
    """Make the work file of what dbt built and, if that is whole, the file that readers open, of its public relations.

    `base` is the work file that the build started from.
    """
    before, work = time.monotonic(), folder / WORK
    left_out = standalone.make(folder / FILE) if is_whole else ()
    if is_whole:
        standalone.compact(folder / FILE)
    (folder / FILE).rename(work)
    made = time.monotonic()
    if is_whole:
        wanted = public.relations(dbt.artifact(folder, "manifest.json"))
        left_out = tuple(name for name in left_out if folded(name) in wanted)
        memory_limit = os.environ.get("SLUICE_MEMORY", MEMORY_LIMIT)
        relations = extract.extract(work, folder / FILE, wanted, _before(base), tell, memory_limit)
        record = replace(record, left_out=left_out, relations=relations, digest=digest.combined(relations))
        record = replace(record, file=_sealed(folder / FILE, 0o444))
    return replace(record, work=_sealed(work, 0o400)).timed(alone=made - before, extract=time.monotonic() - made)


def _before(base: Path | None) -> extract.Before | None:
    """The file for readers beside the work file that a build started from, if its digests can be compared."""
    if base is None or base.name != WORK or not base.with_name(FILE).is_file():
        return None
    record = load(base.parent)
    is_alike = (record.duckdb, record.digest_version) == (duckdb.__version__, digest.VERSION)
    return extract.Before(base.with_name(FILE), record.relations) if is_alike else None


def _sealed(file: Path, mode: int) -> File:
    """A finished file: who may read it, its size and its sha256."""
    file.chmod(mode)
    return File(file.stat().st_size, digest.of_file(file))


def _refuse_full_disk(said: Sequence[str], place: Path) -> None:
    """A build that ran out of disk says nothing about the data: it is not kept."""
    if any(words in line for line in said for words in _FULL):
        raise _full(place)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if any(words in str(error) for words in _FULL):
            raise _full(folder) from error
        raise SluiceError(f"the candidate cannot be built: {str(error).splitlines()[0]}", where=str(folder)) from error


def _full(place: Path) -> SluiceError:
    hint = "make room (sluice prune shows what can be removed), then build again; that also removes this candidate"
    return SluiceError("there is no room for the candidate: the disk is full", where=str(place), hint=hint)


def clean_up(candidates: Path) -> tuple[str, ...]:
    """Remove the candidates that were never finished and that no command holds; give their ids."""
    candidates.mkdir(parents=True, exist_ok=True)
    with locked(candidates / LOCK, "removing candidates", math.inf):
        abandoned = [folder for folder in sorted(candidates.glob("[0-9]*")) if not is_held(folder) and not _is_finished(folder)]
        for folder in abandoned:
            shutil.rmtree(folder)
    return tuple(folder.name for folder in abandoned)


def _is_finished(folder: Path) -> bool:
    """Whether its build has ended. One whose record cannot be read is kept, too."""
    if not (folder / NAME).exists():
        return False
    try:
        return load(folder).built_at is not None
    except SluiceError:
        return True
