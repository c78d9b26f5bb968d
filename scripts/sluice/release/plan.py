"""What a candidate is to be built from: decided here, done by `candidate`."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sluice.errors import SluiceError
from sluice.paths import lake_root, warehouse_root
from sluice.release.record import FILE, Code, load

# The environments that point to a release.
ENVIRONMENTS = ("prod", "staging")


@dataclass(frozen=True)
class Plan:
    """For which environment, from which code, lake and file, by whom.

    `base` is the file that the candidate begins as, None for nothing; `parent` the release that the environment pointed to;
    `only` narrows what dbt builds, in its own options; `pinned` are versions of the lake, None for those of now;
    `shelf` is the folder of candidates, `workshop` where dbt works.
    """

    environment: str
    project: Path
    project_name: str
    code: Code
    lake: Path
    shelf: Path
    workshop: Path
    parent: str | None
    base: Path | None
    built_by: str
    only: tuple[str, ...] = ()
    pinned: Mapping[str, int] | None = None


def plan(environment: str, *, full_refresh: bool, project: Path = Path()) -> Plan:
    """The next candidate of an environment: from its current release, or from nothing.

    Raises SluiceError where the environment takes no releases, or its release is not there.
    """
    if environment not in ENVIRONMENTS:
        hint = f"one of {', '.join(ENVIRONMENTS)}; dev is built without --env"
        raise SluiceError(f"{environment} takes no candidate", where="--env", hint=hint)
    parent, file = current(environment)
    if file and not full_refresh and not file.is_file():
        hint = f"sluice rollback {environment} goes back to another; sluice build --env {environment} --full-refresh needs none"
        raise SluiceError(f"the release that {environment} points to is not there", where=str(file), hint=hint)
    return Plan(
        environment=environment,
        project=project,
        project_name=project_name(project),
        code=code_of(project),
        lake=lake_root(),
        shelf=warehouse_root() / "candidates",
        workshop=warehouse_root() / ".workshop",
        parent=parent,
        base=None if full_refresh else file,
        built_by=actor(),
    )


def current(environment: str) -> tuple[str | None, Path | None]:
    """The release that an environment points to, and its file; none, before the first is published."""
    pointer = warehouse_root() / f"{environment}.duckdb"
    if not pointer.is_symlink():
        return None, None
    file = (pointer.parent / pointer.readlink()).resolve()
    return (load(file.parent).release_id if file.exists() else file.parent.name), file.with_name(FILE)


def code_of(project: Path) -> Code:
    """The commit that is checked out, and whether anything below the project differs from it; outside of git, it does."""
    commit = _git(project, "rev-parse", "--verify", "HEAD")
    return Code(commit, bool(_git(project, "status", "--porcelain", "--", "."))) if commit else Code(None, True)


def _git(project: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)  # noqa: S607  # on PATH
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def project_name(project: Path) -> str:
    """The name of the dbt project in a folder. Raises SluiceError where there is none."""
    try:
        return str(yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["name"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise SluiceError("this is no dbt project", where=str(project.absolute()), hint="change to its folder") from None


def actor() -> str:
    """Who does it: SLUICE_ACTOR, the workflow of a GitHub job, or the user."""
    if named := os.environ.get("SLUICE_ACTOR"):
        return named
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return f"job:{os.environ.get('GITHUB_WORKFLOW', 'unknown')}"
    return f"user:{getpass.getuser()}"
