"""Builds a release again from its record: its commit and its versions of the lake, from scratch; and compares the marts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sluice.candidate import inputs, packages, pins
from sluice.candidate.build import Candidate, build
from sluice.candidate.inherited import Kept
from sluice.candidate.plan import Plan, plan
from sluice.candidate.sources import changed_in, sources_of, state_of
from sluice.candidate.verify import Difference, compared
from sluice.core import dbt, public
from sluice.core.dbt_profile import Choice
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell
from sluice.environments.context import Context
from sluice.store import standalone
from sluice.store.record import FILE, Code, Record, Relation

# Data is compared; the results of the tests are in the record.
WITHOUT_TESTS = ("--exclude-resource-type", "test", "unit_test")


@dataclass(frozen=True)
class Comparison:
    """The marts that were compared, and those that differ; `kept` is the folder of the rebuilt file if any do."""

    release_id: str
    marts: tuple[str, ...]
    differences: tuple[Difference, ...]
    kept: str | None


def rebuild(
    record: Record, artifacts: Path | None, context: Context, tell: Tell, *, force: bool = False, compare: bool = False
) -> Candidate:
    """Build a candidate from a record; to `compare`, in the folder `rebuilt` and without tests.

    Raises SluiceError if the commit or a version of the lake no longer exists or, unless forced, if the checkout that it was
    built from had uncommitted changes.
    """
    commit = _commit_of(record, force)
    needed = pins.read_by(dbt.artifact(artifacts, "manifest.json"), record.lake) if artifacts else record.lake
    base = plan(record.environment, context, full_refresh=True)
    pins.all_there(base.lake, needed)
    _sources_are_there(record, artifacts, base)
    with _checked_out(commit) as (project, workspaces):
        kept = Kept(artifacts, record) if artifacts else None
        return build(replace(_again(base, record, project, workspaces, compare), kept=kept), tell)


def _sources_are_there(record: Record, artifacts: Path | None, base: Plan) -> None:
    """Raise SluiceError if sources in DuckDB files no longer hold what the release was made of: of them, no version is kept."""
    sources = sources_of(base.project, Choice(record.target, record.vars), base.sources)
    file = artifacts / inputs.NAME if artifacts else None
    made_of = inputs.parse(file.read_text(encoding="utf-8")) if file and file.is_file() else None
    if sources is None or made_of is None or artifacts is None:
        return
    changed = [*changed_in(made_of.sources, state_of(dbt.artifact(artifacts, "manifest.json"), sources))]
    if changed:
        what = "\n  ".join(["what the release was made of is not there any more:", *changed])
        hint = "sources in a DuckDB file have no versions: restore the file as it was, or keep sources as Delta tables"
        raise SluiceError(what, where=str(sources.file), hint=hint)


def _again(base: Plan, record: Record, project: Path, workspaces: Path, compare: bool) -> Plan:
    """The plan in another folder than the current one, so with absolute paths."""
    return replace(
        base,
        project=project,
        code=Code(record.code.commit, record.code.is_dirty),
        lake=base.lake.absolute(),
        candidates=base.candidates.absolute().parent / ("rebuilt" if compare else base.candidates.name),
        workspaces=workspaces,
        only=WITHOUT_TESTS if compare else (),
        pinned=record.lake,
        choice=Choice(record.target, record.vars),
    )


def _digested(again: Candidate, version: int) -> Mapping[str, Relation]:
    """The relations of a rebuilt release, with digests that can be compared with those of a record of that version."""
    made = again.record
    return made.relations if made.digest_version == version else standalone.read(again.folder / FILE, version=version)


def _commit_of(record: Record, force: bool) -> str:
    if record.code.commit is None:
        what = f"{record.release_id} was not built from a git checkout, so its code is unknown"
        raise SluiceError(what, where="code.commit of its record", hint="release from a git checkout")
    if record.code.is_dirty and not force:
        what = f"{record.release_id} was built from a checkout with uncommitted changes"
        hint = "--force builds its commit without them; that may explain differences"
        raise SluiceError(what, where=f"commit {record.code.commit}", hint=hint)
    return record.code.commit


@contextmanager
def _checked_out(commit: str) -> Iterator[tuple[Path, Path]]:
    """The project at that commit, with its packages, and a folder for dbt to work in; both are temporary."""
    with TemporaryDirectory(prefix="sluice-rebuild-") as root:
        try:
            project = packages.lay_out(commit, Path(root) / "project")
        except SluiceError as error:
            what = "cannot retrieve the code that the release was built from"
            raise SluiceError(what, where=error.what, hint=error.hint) from error
        yield project, Path(root) / "workspaces"


def comparison(record: Record, again: Candidate) -> Comparison:
    """Compare every mart (a public model) of a release with the rebuilt one's."""
    if not again.is_good:
        raise SluiceError("dbt could not build it again", where=str(again.folder), hint="its run_results.json says why")
    there = record.relations.keys() | again.record.relations.keys()
    marts = tuple(mart.relation for mart in public.marts(again.folder) if mart.relation in there)
    one = {name: relation for name, relation in record.relations.items() if name in marts}
    other = {name: relation for name, relation in _digested(again, record.digest_version).items() if name in marts}
    differing = compared(one, other)
    return Comparison(record.release_id, marts, differing, str(again.folder) if differing else None)
