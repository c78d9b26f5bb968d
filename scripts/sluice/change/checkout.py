"""dbt's manifest of a project, in a folder apart: the project, its DuckDB file and its target folder stay as they are."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.candidate import compiled
from sluice.candidate.parsed import forget_unless_safe
from sluice.core import dbt
from sluice.core.dbt_profile import Choice
from sluice.core.errors import SluiceError


@dataclass(frozen=True)
class Parsed:
    """A project and its manifest. `is_compiled`: whether the manifest contains SQL; `said`: why not."""

    folder: Path
    target: Path
    manifest: Mapping[str, Any]
    is_compiled: bool
    said: str = ""


@dataclass(frozen=True)
class Place:
    """Where a session of dbt compiles a project on an empty warehouse, and the lake at some versions; `choice` is how."""

    session: dbt.Session
    root: Path
    lake: Path
    pinned: Mapping[str, int] | None
    choice: Choice = field(default_factory=Choice)


def compiled_aside(project: Path, root: Path, lake: Path, pinned: Mapping[str, int] | None, choice: Choice) -> Parsed:
    """As `compiled_in`, by a session of its own."""
    with dbt.session(folder=project) as session:
        return compiled_in(Place(session, root, lake, pinned, choice), project)


def compiled_in(place: Place, project: Path) -> Parsed:
    """dbt's manifest of the session's project, made in a place where what was parsed before is used again.

    It has SQL, if dbt can compile on an empty warehouse. Raises SluiceError if dbt cannot parse the project.
    """
    forget_unless_safe(project, place.root / "target")
    there = (place.session, place.root, place.lake, place.pinned)
    how: Any = {"project": project, "choice": place.choice}
    has_parsed = (place.root / "target").exists()
    done, said = compiled.compile_on_nothing(*there, **how), ""
    if done.code and has_parsed:  # perhaps what was parsed before is at fault
        shutil.rmtree(place.root / "target", ignore_errors=True)
        done = compiled.compile_on_nothing(*there, **how)
    if done.code:
        said = "\n".join(done.errors)
        done = compiled.compile_on_nothing(*there, "parse", **how)
    if done.code:
        errors = "\n".join(done.errors)
        hint = "fix the errors that dbt reports"
        raise SluiceError(f"dbt can't parse the project\n{errors}", where=str(project), hint=hint)
    return Parsed(project, place.root / "target", compiled.manifest_in(place.root), not said, said)


def listed_in(place: Place, base: Parsed) -> frozenset[str]:
    """The unique ids of what dbt itself calls modified (`state:modified`) in the project that was compiled in the place.

    Empty if dbt fails, as for broken contracts.
    """
    selected = ["--select", "state:modified", "--state", str(base.target), "--output", "json", "--output-keys", "unique_id"]
    done = compiled.call(place.session, place.root, place.lake, place.pinned, ["ls", *selected], choice=place.choice)
    return _ids_in(done.listed) if not done.code else frozenset()


def _ids_in(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(line.split('"')[3] for line in lines if line.startswith('{"unique_id"'))
