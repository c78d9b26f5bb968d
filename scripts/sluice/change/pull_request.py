"""Builds a pull request environment: a warehouse file with what a change affects, next to a release that has the rest.

It is built from scratch, from the lake as the release read it, so every difference from the release comes from the change.
The file is replaced when dbt has ended; until then, and if dbt could not run, the previous one is kept.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from sluice.candidate import compiled, inputs, packages, pins
from sluice.candidate.inputs import Inputs
from sluice.candidate.parsed import forget_unless_safe
from sluice.candidate.sources import Sources, changed_in, show_in, sources_of, state_of
from sluice.candidate.workspace import first_free, point
from sluice.change.checkout import Parsed, Place, compiled_in, listed_in
from sluice.change.impact import Changes, changes_since, compared
from sluice.change.macros import changed_macros
from sluice.change.modified import changed_keys
from sluice.change.selection import Selection, everything, select
from sluice.core import dbt, dbt_python
from sluice.core.dbt_profile import Choice, derived, output_of
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.git import commit_of, how_to_deepen, is_shallow
from sluice.core.locks import holding
from sluice.core.manifest import folded, is_relation, relation_of
from sluice.core.paths import lake_root
from sluice.core.progress import Tell, part
from sluice.environments import partial
from sluice.environments.context import Context
from sluice.environments.partial import Partial
from sluice.environments.resolve import Located, whole
from sluice.lineage.macros import DBTS_OWN
from sluice.store import standalone
from sluice.store.record import ARTIFACTS, Record

# The base's name where dbt works, and in its manifest: the file of every release has this name.
BASE = "warehouse"
# What is built has another.
_FILE = "slim.duckdb"


@dataclass(frozen=True)
class PullRequestBuild:
    """A pull request environment, and whether dbt built and tested it without a failure."""

    contents: Partial
    file: Path
    artifacts: Path
    is_good: bool
    remarks: tuple[str, ...] = ()


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
        work = root / "slim"
        shutil.rmtree(work, ignore_errors=True)
        (work / "target").mkdir(parents=True)
        if _has_the_same_code(base):
            contents, is_good, remarks = _nothing(environment, base, work), True, tuple[str, ...]()
        else:
            contents, is_good, remarks = _built(environment, base, context, work, lock, tell)
        partial.put(contents, work / _FILE, work / "target", file)
        shutil.rmtree(work)
    return PullRequestBuild(contents, file, file.with_suffix(""), is_good, remarks)


def _has_the_same_code(base: Located) -> bool:
    """Whether dbt has the same files and tools as for the base: then nothing differs, and nothing need be parsed."""
    made_of = _inputs(base)
    return made_of is not None and made_of.is_same_code(inputs.taken(Path(), lake_root(), (), choice_of(base)))


def choice_of(base: Located) -> Choice:
    """How dbt was called for a release: what is compared with it is built in the same way."""
    assert base.record is not None
    return Choice(base.record.target, base.record.vars)


def _inputs(base: Located) -> Inputs | None:
    assert base.folder is not None
    path = base.folder / inputs.NAME
    return inputs.parse(path.read_text(encoding="utf-8")) if path.is_file() else None


def _nothing(environment: str, base: Located, work: Path) -> Partial:
    """An environment that contains nothing of its own."""
    assert base.record is not None
    assert base.artifacts is not None
    duckdb.connect(str(work / _FILE)).close()
    shutil.copyfile(base.artifacts / "manifest.json", work / "target" / "manifest.json")
    return Partial(environment, base.record.release_id, "", (), (), ())


@dataclass(frozen=True)
class _Build:
    """`root` is a workspace: its paths are the same for every pull request and base, so that dbt need not parse all again.

    What belongs to one environment is in a folder of its own, to which the link `work` leads.
    """

    root: Path
    base: Located
    record: Record
    lake: Path
    session: dbt.Session
    pinned: Mapping[str, int]
    sources: Sources | None

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def target(self) -> Path:
        return self.root / "target"

    @property
    def artifacts(self) -> Path:
        assert self.base.artifacts is not None
        return self.base.artifacts


def _built(
    environment: str, base: Located, context: Context, work: Path, lock: int, tell: Tell
) -> tuple[Partial, bool, tuple[str, ...]]:
    """What was built in `work`, whether there was no failure, and what to know of it."""
    assert base.record is not None
    with ExitStack() as stack:
        place = first_free(context.warehouse.absolute() / ".workshop" / "change", environment, stack)
        file = (whole(base, tell) or base.file).resolve()
        _prepare(place.root, work, file)
        session = stack.enter_context(dbt.session(held=[lock, place.lock]))
        # The lake as the release read it; tables that were created later are read as they are.
        pinned = {**pins.taken(context.lake), **base.record.lake}
        entry = context.policy.find(base.record.environment)
        read = sources_of(Path(), choice_of(base), entry.sources if entry else None)
        build = _Build(place.root, base, base.record, context.lake, session, pinned, read)
        selection, manifest, fresh = _selected(build, part(tell, 0, 0.4))
        is_good, remarks = True, _of_the_sources(build, manifest)
        if selection.built or selection.tests:
            is_good, fresh = _by_dbt(selection, manifest, build, part(tell, 0.4, 1)), build.target
        for name in ARTIFACTS:
            if (fresh / name).is_file() and (name == "manifest.json" or fresh == build.target):
                shutil.copyfile(fresh / name, work / "target" / name)
    _tables_for_views_of(work / _FILE, file)
    left_out = standalone.make(work / _FILE) if is_good else ()
    there = standalone.look(work / _FILE).relations or frozenset()
    nodes = [manifest["nodes"][name] for name in selection.built]
    wanted = {relation_of(node) for node in nodes if is_relation(node)}
    failed = tuple(sorted(wanted - there - set(left_out)))
    built = tuple(sorted(wanted & there))
    return Partial(environment, base.record.release_id, selection.whole, built, left_out, failed), is_good, remarks


def _of_the_sources(build: _Build, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs from the release besides the change: sources in DuckDB files are read as they are now."""
    if build.sources is None:
        return ()
    now, made_of = state_of(manifest, build.sources), _inputs(build.base)
    changed = [*changed_in(made_of.sources, now)] if made_of else []
    return (f"{'; '.join(changed)} since the release was built: differences may come from that",) if changed else ()


def _prepare(root: Path, work: Path, base: Path) -> None:
    """Set a workspace up."""
    for name in ARTIFACTS:
        (root / "target" / name).unlink(missing_ok=True)
    point(root / "work", work)
    point(root / "base.duckdb", base)


def _selected(build: _Build, tell: Tell) -> tuple[Selection, Mapping[str, Any], Path]:
    """What to build, the manifest of the current project, and its folder."""
    commit, why = comparable(build.record)
    found = _changes(build, commit, tell)
    why = why or of_another_dbt(dbt.artifact(build.artifacts, "manifest.json"), found.new.manifest)
    held = standalone.look((build.root / "base.duckdb").resolve()).relations or ()
    return selected(found, held, why, choice_of(build.base)), found.new.manifest, found.new.target


def _changes(build: _Build, commit: str, tell: Tell) -> Changes:
    """What differs from the base: by what the release says of its project, or else by its commit."""
    scratch = build.root / "work" / "compared"
    made_of = _inputs(build.base)
    place = Place(build.session, build.root / "head", build.lake, build.pinned, choice_of(build.base))
    if made_of is None or not (build.artifacts / compiled.NAME).is_file():
        return changes_since(commit, scratch, place, tell)
    old = _of_the_release(build, made_of.lake, packages.lay_out(commit, scratch / "project", is_parsed=False), scratch)
    tell("dbt compiles the working tree", 0.2)
    new = compiled_in(place, Path.cwd())
    tell("dbt's own selection", 0.7)
    return compared(old, new, listed_in(place, old))


def _of_the_release(build: _Build, lake: str, project: Path, scratch: Path) -> Parsed:
    """The project of the base, as the release noted it, with the lake where it is now."""
    texts = [(build.artifacts / name).read_text(encoding="utf-8") for name in ("manifest.json", compiled.NAME)]
    if lake != str(build.lake):
        texts = [text.replace(f"'{lake}/", f"'{build.lake}/") for text in texts]
    state = scratch / "base"
    state.mkdir(parents=True)
    (state / "manifest.json").write_text(texts[0], encoding="utf-8")
    manifest, sql = (json.loads(text) for text in texts)
    for name, node in manifest["nodes"].items():
        node["compiled_code"] = sql.get(name)
    return Parsed(project, state, manifest, True)


def selected(found: Changes, held: Iterable[str], why: str = "", choice: Choice | None = None) -> Selection:
    """What to build, given what changed and the relations that the base contains; everything if `why` says why, or if needed."""
    why = why or untraceable(found, choice)
    return everything(found.new.manifest, why) if why else select(found.modified, found.new.manifest, held)


def comparable(record: Record) -> tuple[str, str]:
    """The commit to compare the release by, and why everything is built; empty if only a part has to be."""
    try:
        commit = commit_of(record.code.commit or "")
    except SluiceError:
        missing = record.code.commit or "(none)"
        more = f", a shallow clone; {how_to_deepen(missing)}" if record.code.commit and is_shallow() else ""
        return commit_of("HEAD"), f"the release's commit {missing} is not in this repository{more}"
    if record.code.is_dirty:
        return commit, "the release was built from files that were not committed"
    before, now = (record.dbt and record.dbt.duckdb) or record.duckdb, dbt_python.find().has.duckdb
    if before != now:
        return commit, f"the release was built by DuckDB {before}, this is {now}"
    return commit, ""


def of_another_dbt(base: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Why everything is built: another dbt, or other macros of an adapter, built the base; empty if not."""
    versions = [side["metadata"].get("dbt_version") for side in (base, new)]
    if versions[0] != versions[1]:
        return f"the release was built by dbt {versions[0]}, this is {versions[1]}"
    differing = [name for name in changed_macros(base, new) if name.startswith(DBTS_OWN)]
    return f"the release was built with other macros of dbt, such as {min(differing)}" if differing else ""


# These settings of dbt_project.yml, and the profile's target, are in no node of dbt's manifest, and may change every row.
_FOR_ALL = ("flags", "dispatch", "query-comment")


def untraceable(found: Changes, choice: Choice | None = None) -> str:
    """Why a change affects everything; empty if it does not."""
    folders = (found.old.folder, found.new.folder)
    old, new = (_yaml(folder / "dbt_project.yml") for folder in folders)
    if changed_keys(old, new, _FOR_ALL):
        return "dbt_project.yml changed"
    # A profiles.yml that is not in git is the same for both. The path is another one in any case.
    targets = [dict(output_of(folder, choice, found.new.folder).fields, path="") for folder in folders]
    return "profiles.yml changed" if targets[0] != targets[1] else ""


def _yaml(file: Path) -> dict[str, Any]:
    found = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found if isinstance(found, dict) else {}


def _by_dbt(selection: Selection, manifest: Mapping[str, Any], build: _Build, tell: Tell) -> bool:
    """Build the prerequisites, then build and test what changed; whether there was no failure."""
    pins.all_there(build.lake, build.record.lake)
    if build.sources:
        show_in(build.work / _FILE, manifest, build.sources)
    forget_unless_safe(Path(), build.target)
    _begin_snapshots(_snapshots(selection, manifest), build.work / _FILE, build.root / "base.duckdb")
    if selection.prerequisites:
        done = _invoke(["run", *_named(selection.prerequisites, manifest)], build, part(tell, 0, 0.3))
        if done.code:
            dbt.results_of(done, build.target)
            raise SluiceError("what the change reads cannot be built\n" + "\n".join(done.errors), where=str(build.work))
        for name in ARTIFACTS:
            (build.target / name).unlink(missing_ok=True)
    only = [] if selection.whole else _named((*selection.built, *selection.tests), manifest)
    done = _invoke(["build", *only], build, part(tell, 0.3, 1) if selection.prerequisites else tell)
    dbt.results_of(done, build.target)
    return done.code == 0


def _named(names: Sequence[str], manifest: Mapping[str, Any]) -> list[str]:
    return ["--select", *(f"fqn:{'.'.join(manifest['nodes'][name]['fqn'])}" for name in names)]


def _invoke(command: Sequence[str], build: _Build, tell: Tell) -> dbt.Invocation:
    attached = {BASE: build.root / "base.duckdb", **(build.sources.attached if build.sources else {})}
    profile = derived(Path(), build.root / "profile", build.work / _FILE, choice=choice_of(build.base), attached=attached)
    paths = [*profile, "--target-path", str(build.target), "--log-path", str(build.root / "logs")]
    deferred = ["--defer", "--state", str(build.artifacts.absolute())]
    environment = compiled.places(build.lake, build.pinned)
    done = build.session.invoke([*command, *deferred, *paths], tell, environment=environment)
    if done.code not in (0, 1) and not (build.target / "run_results.json").exists():  # perhaps what was parsed before is at fault
        shutil.rmtree(build.target, ignore_errors=True)
        done = build.session.invoke([*command, *deferred, *paths], tell, environment=environment)
    return done


def _snapshots(selection: Selection, manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Schema and name of each snapshot that is going to be built."""
    nodes = (manifest["nodes"][name] for name in selection.built)
    return [(node["schema"], node.get("alias") or node["name"]) for node in nodes if node["resource_type"] == "snapshot"]


def _begin_snapshots(snapshots: Iterable[tuple[str, str]], file: Path, base: Path) -> None:
    """Copy snapshots from the base: what they have seen is nowhere else, so one that began empty would differ in every row."""
    wanted = {(folded(schema), folded(name)) for schema, name in snapshots}
    if not wanted:
        return
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach {literal(str(base))} as {BASE} (read_only)")
        tables = "select schema_name, table_name from duckdb_tables() where database_name = $base"
        for schema, name in connection.execute(tables, {"base": BASE}).fetchall():
            if (folded(schema), folded(name)) in wanted:
                connection.execute(f"create schema if not exists {identifier(schema)}")
                quoted = f"{identifier(schema)}.{identifier(name)}"
                connection.execute(f"create table {quoted} as select * from {BASE}.{quoted}")


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
