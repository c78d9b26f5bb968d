"""What a candidate is built from: decided here, carried out by build.py."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from sluice.candidate import packages
from sluice.candidate.inherited import Kept
from sluice.core import git
from sluice.core.dbt_profile import Choice
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent
from sluice.environments.acknowledgements import taken_over
from sluice.environments.context import Context
from sluice.store.record import Acknowledgement, Code

# Unit tests check code on rows of their own: the same code passes them again, whatever the lake contains.
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class Plan:
    """For which environment, from which code, lake and file, by whom.

    `base` is the file that the candidate starts from, None for an empty one; `parent` the release that the environment
    pointed to; `only` limits what dbt builds, in its own options; `pinned` are versions of the lake, None for the current
    ones; `candidates` is the folder of candidates, `workspaces` the folder in which dbt works; `acknowledged` is taken over
    from the parent; `choice` is how dbt is called, `sources` the file that has the sources if
    that is not the target's own; `kept` is the release whose models are taken over; `remark` is what a person should know
    before it is built.
    """

    environment: str
    project: Path
    project_name: str
    code: Code
    lake: Path
    candidates: Path
    workspaces: Path
    parent: str | None
    base: Path | None
    built_by: str
    only: tuple[str, ...] = ()
    pinned: Mapping[str, int] | None = None
    acknowledged: tuple[Acknowledgement, ...] = ()
    choice: Choice = field(default_factory=Choice)
    sources: str | None = None
    kept: Kept | None = None
    remark: str = ""


def plan(environment: str, context: Context, *, full_refresh: bool, tell: Tell = silent, project: Path = Path()) -> Plan:
    """The next candidate of an environment: from its current release, fetched if it is not on this machine, or from scratch.

    Raises SluiceError if the environment is a file, or its release does not exist.
    """
    if context.policy.environment(environment).kind != "pointer":
        raise SluiceError(f"{environment} is a file and has no candidates", where="--env", hint="dev is built without --env")
    parent, code = context.store.pointer(environment).release_id, code_of(project)
    base = None if full_refresh or parent is None else _file_of(parent, environment, context, tell)
    is_gone = parent is not None and base is None and not full_refresh
    return Plan(
        environment=environment,
        project=project,
        project_name=project_name(project),
        code=code,
        lake=context.lake,
        candidates=context.candidates,
        workspaces=context.warehouse / ".workshop",
        parent=parent,
        base=base,
        built_by=context.actor,
        only=WITHOUT_UNIT_TESTS if parent and _is_proven(code, parent, context) else (),
        acknowledged=taken_over(parent, context),
        choice=context.policy.environment(environment).choice,
        sources=context.policy.environment(environment).sources,
        kept=kept(parent, context, tell),
        remark=f"the work file of {parent} is gone, so this builds everything from nothing (full refresh)" if is_gone else "",
    )


def kept(release_id: str | None, context: Context, tell: Tell = silent) -> Kept | None:
    """The release whose models the next candidate has, on this machine; None where it has no model."""
    if release_id is None:
        return None
    try:
        record = context.store.record(release_id)
    except SluiceError:  # nothing is known of its models; a build that starts from it says what is wrong
        return None
    return Kept(context.store.fetch(release_id, tell), record) if record.models or record.challengers else None


def _is_proven(code: Code, release_id: str, context: Context) -> bool:
    """Whether a release was built from exactly this code: then its build, or an earlier one, has run the unit tests."""
    if code.commit is None or code.is_dirty:
        return False
    try:
        return context.store.record(release_id).code == code
    except SluiceError:
        return False


def _file_of(release_id: str, environment: str, context: Context, tell: Tell) -> Path | None:
    """The work file of a release, None if it is gone. Raises SluiceError if the release is, or has what cannot be built again."""
    hint = (
        f"go back to another: sluice rollback {environment}; or build without it: sluice build --env {environment} --full-refresh"
    )
    gone = f"the release that {environment} points to does not exist"
    try:
        context.store.summary(release_id)
        work = context.store.work(release_id, tell)
    except SluiceError as error:
        raise SluiceError(f"{gone}: {error.what}", where=error.where, hint=hint) from None
    if work is not None and not os.access(work, os.R_OK):
        owner = f"build as its owner ({work.owner()})"
        hint = f"{owner}, or without it: sluice build --env {environment} --full-refresh"
        raise SluiceError("the work file of the current release may not be read by this user", where=str(work), hint=hint)
    if work is None:
        _refuse_to_lose_snapshots(release_id, environment, context)
    return work


def _refuse_to_lose_snapshots(release_id: str, environment: str, context: Context) -> None:
    """Without the work file, what snapshots have recorded so far is gone."""
    nodes = json.loads(context.store.text(release_id, "manifest.json"))["nodes"].values()
    snapshots = sorted(str(node["name"]) for node in nodes if node["resource_type"] == "snapshot")
    if snapshots:
        what = f"the work file of {release_id} is gone, and with it the history of the snapshots {', '.join(snapshots)}"
        hint = f"restore work.duckdb from a backup; or begin them again: sluice build --env {environment} --full-refresh"
        raise SluiceError(what, where=context.store.address, hint=hint)


def code_of(project: Path) -> Code:
    """The commit that is checked out, and whether the project differs from it; outside git, it does.

    Other folders of its repository do not count, except for those that it reads, such as a local package.
    """
    try:
        commit, place = git.run("rev-parse", "--verify", "HEAD", folder=project), git.place_of(project)
        read = [f":(top,literal){path}" for path in sorted(packages.outside(place))]
        return Code(commit, bool(git.run("status", "--porcelain", "--", ".", *read, folder=project)))
    except SluiceError:
        return Code(None, True)


def project_name(project: Path) -> str:
    """The name of the dbt project in a folder. Raises SluiceError if there is none."""
    try:
        return str(yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["name"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise SluiceError("this is not a dbt project", where=str(project.absolute()), hint="change to its folder") from None
