"""What a name on the command line means: an environment, a release, a candidate, or a DuckDB file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sluice.core import log
from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.manifest import folded
from sluice.core.paths import is_path, target_root
from sluice.core.progress import Tell, silent
from sluice.environments import PROD, candidates, origin
from sluice.environments.context import Context, here
from sluice.environments.origin import Built
from sluice.environments.policy import Environment
from sluice.store.record import FILE, NAME, WORK, Record, load, work_in


@dataclass(frozen=True)
class Located:
    """A warehouse file and what belongs to it.

    Releases and candidates have `folder` and `record`; `artifacts` is the folder with dbt's manifest.json and
    run_results.json, if there is one. `file` is a release's own path, never a pointer: it stays the same while somebody
    works with it. `opened_as` is what readers open, and follows an environment from release to release. `fault` is why a
    release or candidate has no record; `built` says when and from what it was built, where that is known. `selected` is dbt's
    selection of an environment that holds nothing else.
    """

    name: str
    file: Path
    folder: Path | None = None
    record: Record | None = None
    artifacts: Path | None = None
    link: Path | None = None
    fault: SluiceError | None = None
    built: Built | None = None
    selected: tuple[str, ...] = ()

    @property
    def described_in(self) -> Path:
        """The folder with dbt's manifest.json; if the file has none of its own, dbt's target folder."""
        return self.artifacts or target_root()

    @property
    def opened_as(self) -> Path:
        """The path that readers open."""
        return self.link or self.file


def usual() -> str:
    """What a command reads by default: prod once it points to a release, before that dev."""
    context = here()
    prod = context.policy.find(PROD)
    is_pointer = prod is not None and prod.kind == "pointer"
    # A lost pointer is an error to report, not a reason to use dev.
    return PROD if is_pointer and context.store.pointer(PROD).history else "dev"


def locate(name: str, tell: Tell = silent) -> Located:
    """What `name` means. A release on S3 is fetched. Raises SluiceError, with what exists, if it means nothing."""
    if is_path(name):
        return _file(name)
    context = here()
    environment = context.policy.find(name)
    if environment is not None and environment.kind == "pointer":
        return _pointed(context, name, tell)
    if environment is not None:
        return _own_file(context, environment, name)
    if name == "candidate":
        return _candidate(context)
    if Path(name).exists():
        return _file(name)
    return _by_id(context, name, tell)


def whole(located: Located, tell: Tell = silent) -> Path | None:
    """The file with everything that dbt built, also what is not public; None if it is gone, or we may not read it.

    On S3, it is fetched.
    """
    if located.record is None or located.folder is None:
        return located.file
    kept = work_in(located.folder, located.record)
    if kept is None and located.record.release_id in here().store.works():
        kept = here().store.work(located.record.release_id, tell)
    return kept if kept and os.access(kept, os.R_OK) else None


def holding(located: Located, relations: Iterable[str]) -> Path:
    """The file to read relations from: what readers open or, if one of them is not public, the work file, if it is kept."""
    known = frozenset(map(folded, located.record.relations)) if located.record else frozenset()
    is_there = located.record is None or all(folded(name) in known for name in relations)
    return located.file if is_there else whole(located) or located.file


def recorded(name: str, purpose: str) -> tuple[Located, Record]:
    """What `name` means, and its record. Raises SluiceError, with the `purpose`, if it has none."""
    located = locate(name)
    if located.fault is not None:
        raise located.fault
    if located.record is None:
        hint = "name a release, or an environment that points to one: sluice releases lists them"
        raise SluiceError(f"{name} has no record {purpose}", where=str(located.file), hint=hint)
    return located, located.record


def _file(name: str) -> Located:
    path = Path(name)
    if not path.is_file():
        what = f"{name} {'is a folder' if path.is_dir() else 'does not exist'}"
        raise SluiceError(what, where=str(path), hint=f"name a DuckDB file, an environment or a release; {_all_names()}")
    if (path.resolve().parent / NAME).is_file():
        return _in_folder(name, path.resolve().parent)
    return Located(name, path)


def _all_names() -> str:
    context = here()
    return f"environments: {', '.join(one.name for one in context.policy.environments)}"


def _pointed(context: Context, name: str, tell: Tell) -> Located:
    pointer = context.store.pointer(name)
    if pointer.release_id is None:
        if pointer.history:
            hint = f"run: sluice rollback {name} --why 'the pointer was lost'"
            raise SluiceError(f"the pointer of {name} is gone", where=context.store.address, hint=hint)
        hint = f"run: sluice build --env {name}; sluice audit candidate; sluice publish --env {name}"
        raise SluiceError(f"{name} points to no release yet", where=context.store.address, hint=hint)
    return replace(_in_folder(name, context.store.fetch(pointer.release_id, tell)), link=context.store.link(name))


def _own_file(context: Context, environment: Environment, name: str) -> Located:
    file = context.file_of(name)
    if not file.is_file():
        hint = "run: sluice build" if name == "dev" else f"run: sluice build --env {name}"
        raise SluiceError(f"the environment {name} has not been built", where=str(file), hint=hint)
    has_own = environment.is_family or environment.is_built_aside
    artifacts = file.with_suffix("") if has_own else target_root()
    made = origin.read(context.warehouse, name, file)
    return Located(name, file, artifacts=artifacts, built=made, selected=environment.select or ())


def _candidate(context: Context) -> Located:
    found = candidates.all_of(context)
    for name, why in candidates.damaged(context).items():
        log.note(f"the candidate {name} is passed over: {why}")
    if not found:
        raise SluiceError("there is no candidate", where=str(context.candidates), hint="run: sluice build --env prod")
    return _in_folder(found[-1].release_id, context.candidates / found[-1].release_id)


def _by_id(context: Context, name: str, tell: Tell) -> Located:
    try:
        chosen = candidates.find(context, name)
    except SluiceError as error:
        if "more than one" in error.what:
            raise
        names = [one.name for one in context.policy.environments]
        hint = f"give an environment ({', '.join(names)}), a release (sluice releases lists them) or a DuckDB file"
        raise SluiceError(f"{name} does not exist", hint=did_you_mean(name, [*names, *candidates.ids(context)], hint)) from None
    return _in_folder(chosen, context.candidate(chosen) or context.store.fetch(chosen, tell))


def _in_folder(name: str, folder: Path) -> Located:
    # Of a candidate that dbt could not build completely there is no other file.
    file = folder / FILE if (folder / FILE).is_file() else folder / WORK
    if not file.is_file():
        raise SluiceError(f"{name} has no warehouse file", where=str(folder / FILE), hint="see: sluice releases")
    try:
        record = load(folder)
        return Located(name, file, folder, record, folder, built=origin.of_record(record))
    except SluiceError as error:
        log.note(f"{error.what} ({error.where}); {name} is taken without it")
        return Located(name, file, folder, None, folder, fault=error)


def locate_if_any(name: str) -> Located | None:
    """As `locate`; None where that raises."""
    try:
        return locate(name)
    except SluiceError:
        return None
