"""Builds a pull request environment: a warehouse file with what a change affects, next to a release that has the rest.

It is built from scratch, from the lake as the release read it, so every difference from the release comes from the change.
The file is replaced when dbt has ended; until then, and if dbt could not run, the previous one is kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from sluice.candidate import pins
from sluice.change.impact import Changes, changes_since
from sluice.change.macros import changed_macros
from sluice.change.modified import changed_keys
from sluice.change.selection import Selection, everything, select
from sluice.core import dbt
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.git import commit_of
from sluice.core.locks import holding
from sluice.core.manifest import is_relation, relation_of
from sluice.core.paths import extensions_root
from sluice.core.progress import Tell, part
from sluice.environments import partial
from sluice.environments.context import Context
from sluice.environments.partial import Partial
from sluice.environments.resolve import Located
from sluice.lineage.macros import DBTS_OWN
from sluice.store import standalone
from sluice.store.record import ARTIFACTS, Record

# The base's name in profiles.yml, and in its manifest: the file of every release has this name.
BASE = "warehouse"


@dataclass(frozen=True)
class PullRequestBuild:
    """A pull request environment, and whether dbt built and tested it without a failure."""

    contents: Partial
    file: Path
    artifacts: Path
    is_good: bool


def build(environment: str, base: Located, context: Context, tell: Tell) -> PullRequestBuild:
    """Build what differs from `base`. Raises SluiceError if that is not a release, or dbt could not run."""
    if base.record is None:
        raise SluiceError(f"{base.name} is not a release", where=str(base.file), hint="name an environment that points to one")
    entry = context.policy.environment(environment)
    if not entry.is_family:
        raise SluiceError(f"{environment} is not a pull request environment", where="--env", hint="use a name like pr-12")
    file = entry.file(environment, context.warehouse)
    root = partial.workspace(context.warehouse, environment)
    root.mkdir(parents=True, exist_ok=True)
    with holding(root, f"building {environment}") as lock:
        work = _Build(root / "slim", file.name, base.record, base.file.resolve(), context.lake, lock)
        shutil.rmtree(work.root, ignore_errors=True)  # dbt's parsed files are not reused: they may be of another checkout
        work.root.mkdir()
        contents, is_good = _built(environment, base, work, tell)
        partial.put(contents, work.file, work.target, file)
        shutil.rmtree(work.root)
    return PullRequestBuild(contents, file, file.with_suffix(""), is_good)


@dataclass(frozen=True)
class _Build:
    root: Path
    name: str
    record: Record
    base: Path
    lake: Path
    lock: int

    @property
    def file(self) -> Path:
        return self.root / self.name

    @property
    def target(self) -> Path:
        return self.root / "target"


def _built(environment: str, base: Located, work: _Build, tell: Tell) -> tuple[Partial, bool]:
    assert base.record is not None
    assert base.artifacts is not None
    selection, manifest, fresh = _selected(base.record, dbt.artifact(base.artifacts, "manifest.json"), work, part(tell, 0, 0.4))
    is_good = True
    if selection.built or selection.tests:
        is_good = _by_dbt(selection, manifest, base.artifacts, work, part(tell, 0.4, 1))
    else:
        work.target.mkdir()
        shutil.copyfile(fresh / "manifest.json", work.target / "manifest.json")
    _tables_for_views_of(work.file, work.base)
    left_out = standalone.make(work.file) if is_good else ()
    there = standalone.look(work.file).relations or frozenset()
    nodes = [manifest["nodes"][name] for name in selection.built]
    wanted = {relation_of(node) for node in nodes if is_relation(node)}
    failed = tuple(sorted(wanted - there - set(left_out)))
    built = tuple(sorted(wanted & there))
    return Partial(environment, base.record.release_id, selection.whole, built, left_out, failed), is_good


def _selected(record: Record, of_base: Mapping[str, Any], work: _Build, tell: Tell) -> tuple[Selection, Mapping[str, Any], Path]:
    """What to build, the manifest of the current project, and its folder."""
    commit, why = comparable(record)
    found = changes_since(commit, work.root / "compared", tell)
    why = why or of_another_dbt(of_base, found.new.manifest)
    return selected(found, record.relations, why), found.new.manifest, found.new.target


def selected(found: Changes, held: Iterable[str], why: str = "") -> Selection:
    """What to build, given what changed and the relations that the base contains; everything if `why` says why, or if needed."""
    why = why or untraceable(found)
    return everything(found.new.manifest, why) if why else select(found.modified, found.new.manifest, held)


def comparable(record: Record) -> tuple[str, str]:
    """The commit to compare the release by, and why everything is built; empty if only a part has to be."""
    try:
        commit = commit_of(record.code.commit or "")
    except SluiceError:
        return commit_of("HEAD"), f"the release's commit {record.code.commit or '(none)'} is not in this repository"
    if record.code.is_dirty:
        return commit, "the release was built from files that were not committed"
    if record.duckdb != duckdb.__version__:
        return commit, f"the release was built by DuckDB {record.duckdb}, this is {duckdb.__version__}"
    return commit, ""


def of_another_dbt(base: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Why everything is built: another dbt, or other macros of an adapter, built the base; empty if not."""
    versions = [side["metadata"].get("dbt_version") for side in (base, new)]
    if versions[0] != versions[1]:
        return f"the release was built by dbt {versions[0]}, this is {versions[1]}"
    differing = [name for name in changed_macros(base, new) if name.startswith(DBTS_OWN)]
    return f"the release was built with other macros of dbt, such as {min(differing)}" if differing else ""


# These settings are in no node of dbt's manifest, and may change every row.
_FOR_ALL: dict[str, tuple[str, ...]] = {"profiles.yml": (), "dbt_project.yml": ("flags", "dispatch", "query-comment")}


def untraceable(found: Changes) -> str:
    """Why a change affects everything; empty if it does not."""
    for name, keys in _FOR_ALL.items():
        old, new = (_yaml(side.folder / name) for side in (found.old, found.new))
        if changed_keys(old, new, keys):
            return f"{name} changed"
    return ""


def _yaml(file: Path) -> dict[str, Any]:
    found = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found if isinstance(found, dict) else {}


def _by_dbt(selection: Selection, manifest: Mapping[str, Any], state: Path, work: _Build, tell: Tell) -> bool:
    """Build the prerequisites, then build and test what changed; whether there was no failure."""
    if selection.prerequisites:
        done = _invoke(["run", *_named(selection.prerequisites, manifest)], state, work, part(tell, 0, 0.3))
        if done.code:
            dbt.results_of(done, work.target)
            raise SluiceError("what the change reads cannot be built\n" + "\n".join(done.errors), where=str(work.target))
        for name in ARTIFACTS:
            (work.target / name).unlink(missing_ok=True)
    only = [] if selection.whole else _named((*selection.built, *selection.tests), manifest)
    done = _invoke(["build", *only], state, work, part(tell, 0.3, 1) if selection.prerequisites else tell)
    dbt.results_of(done, work.target)
    return done.code == 0


def _named(names: Sequence[str], manifest: Mapping[str, Any]) -> list[str]:
    return ["--select", *(f"fqn:{'.'.join(manifest['nodes'][name]['fqn'])}" for name in names)]


def _invoke(command: Sequence[str], state: Path, work: _Build, tell: Tell) -> dbt.Invocation:
    paths = ["--target", "slim", "--target-path", str(work.target), "--log-path", str(work.root / "logs")]
    deferred = ["--defer", "--state", str(state.absolute())]
    environment = {
        **pins.environment(work.lake, _pinned(work)),
        "SLUICE_CANDIDATE": str(work.file),
        "SLUICE_BASE": str(work.base),
        "SLUICE_EXTENSIONS": str(extensions_root().absolute()),
    }
    return dbt.invoke([*command, *deferred, *paths], tell, environment=environment, held=[work.lock])


def _pinned(work: _Build) -> dict[str, int]:
    """The lake as the release read it; tables that were created later are read as they are."""
    pins.all_there(work.lake, work.record.lake)
    return {**pins.taken(work.lake), **work.record.lake}


def _tables_for_views_of(file: Path, base: Path) -> None:
    """Replace views that read the base by tables of the same rows: the file has to be readable alone."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach {literal(str(base))} as {BASE} (read_only)")
        views = connection.execute(
            "select schema_name, view_name from duckdb_views() "
            f"where database_name = current_database() and not internal and regexp_matches(sql, '\\b{BASE}\\b')"
        ).fetchall()
        for schema, name in views:
            quoted = f"{identifier(schema)}.{identifier(name)}"
            with suppress(duckdb.CatalogException, duckdb.BinderException, duckdb.IOException):  # it reads the lake as well
                connection.execute(f"create table {identifier(schema)}.sluice_fresh as select * from {quoted}")
                connection.execute(f"drop view {quoted}")
                connection.execute(f"alter table {identifier(schema)}.sluice_fresh rename to {identifier(name)}")
        connection.execute("force checkpoint")
