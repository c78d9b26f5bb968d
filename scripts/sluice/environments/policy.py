"""Who may do what to which environment, and what prune keeps: environments.yml.

It guards against mistakes; it does not protect from somebody who may write to the releases' folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from sluice.core.actor import is_actor
from sluice.core.dbt_profile import Choice
from sluice.core.errors import RefusedError, SluiceError, did_you_mean
from sluice.core.yaml_model import checked, place, read
from sluice.store.store import Readers

NAME = "environments.yml"
# Words that mean something else on the command line.
RESERVED = ("candidate", "candidates", "releases", "cache")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9_]*(-\*)?")
_MEMBER = re.compile(r"[A-Za-z0-9_]+")


def _actor(text: str) -> str:
    if not is_actor(text):
        raise ValueError(f"{text!r} is not a valid actor; write user:<name>, job:<workflow>, or a pattern such as user:*")
    return text


Actors = tuple[Annotated[str, AfterValidator(_actor)], ...]
Number = Annotated[int, Field(strict=True, ge=0)]
# Keys of an entry that only one kind of environment has.
_OF_ONE_KIND = {
    "file": ("drop", "expires_after_days", "select", "after"),
    "pointer": ("publish", "promote", "promote_from", "rollback", "readers"),
}


class _Strict:
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Environment(_Strict):
    """One entry: `name` may be a family (`pr-*`); each action has the actors that may do it.

    Who may `answer` may acknowledge, close and silence its incidents: without it, whoever may build, publish or promote.
    `target` and `vars` are those of dbt for its builds, `sources` the DuckDB file that has the sources without another place.
    `select` is dbt's selection of the nodes of a file that is built aside; with `after: runs`, every run ends with that.
    """

    name: str
    kind: Literal["file", "pointer"]
    build: Actors = ()
    answer: Actors | None = None
    drop: Actors | None = None
    publish: Actors | None = None
    promote: Actors | None = None
    promote_from: tuple[str, ...] | None = None
    rollback: Actors | None = None
    readers: Readers | None = None
    expires_after_days: Number | None = None
    target: str | None = None
    vars: Mapping[str, Any] | None = None
    sources: str | None = None
    select: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    after: Literal["runs"] | None = None

    def __post_init__(self) -> None:
        if not _ENVIRONMENT.fullmatch(self.name) or self.name in RESERVED:
            raise ValueError(f"{self.name!r} cannot name an environment; use a-z, 0-9 and _, and -* at the end of a family")
        if self.kind == "pointer" and self.is_family:
            raise ValueError("a family consists of files; a pointer has one name")
        for key in ("target", "vars", "sources", "select") if self.is_family else ():
            if getattr(self, key) is not None:
                raise ValueError(f"unknown key {key!r} for a family; its environments are built as the release that they follow")
        for key in _OF_ONE_KIND["file" if self.kind == "pointer" else "pointer"]:
            if getattr(self, key) is not None:
                raise ValueError(f"unknown key {key!r} for a {self.kind}; known: build, {', '.join(_OF_ONE_KIND[self.kind])}")
        self._check_selection()

    def _check_selection(self) -> None:
        if self.select and self.name == "dev":
            raise ValueError("unknown key 'select' for dev; give it to the command: sluice build --select")
        if self.after and not self.select:
            raise ValueError("`after` needs `select`, which says what is built after a run")

    @property
    def is_built_aside(self) -> bool:
        """Whether it is a file that is built aside, from nothing, and put in the place of the last one."""
        return self.select is not None

    @property
    def answering(self) -> Actors:
        """Who may answer its incidents."""
        if self.answer is not None:
            return self.answer
        return tuple(dict.fromkeys((*self.build, *(self.publish or ()), *(self.promote or ()))))

    @property
    def is_family(self) -> bool:
        """Whether it covers many environments."""
        return self.name.endswith("-*")

    def names(self, name: str) -> bool:
        """Whether `name` is this environment, or one of this family."""
        if not self.is_family:
            return name == self.name
        prefix = self.name[:-1]
        return name.startswith(prefix) and bool(_MEMBER.fullmatch(name[len(prefix) :]))

    @property
    def choice(self) -> Choice:
        """How dbt builds it."""
        return Choice(self.target, self.vars or {})

    def file(self, name: str, warehouse: Path) -> Path:
        """The DuckDB file of the environment `name`: warehouse/dev.duckdb, warehouse/pr/12.duckdb."""
        return warehouse / f"{name.replace('-', '/', 1) if self.is_family else name}.duckdb"


@dataclass(frozen=True)
class Retention(_Strict):
    """What prune keeps: numbers of releases, days, weeks and work files; and the actors who may prune."""

    keep_last: Number = 5
    keep_days: Number = 14
    keep_weeks: Number = 8
    keep_work: Number = 2
    candidate_days: Number = 7
    by: Actors = ()


@dataclass(frozen=True)
class _Document(_Strict):
    environments: dict[str, dict[str, Any]]
    prune: Retention = field(default_factory=Retention)


@dataclass(frozen=True)
class Policy:
    """The content of environments.yml."""

    environments: tuple[Environment, ...]
    retention: Retention = field(default_factory=Retention)
    where: str = NAME

    def find(self, name: str) -> Environment | None:
        """The entry for `name`; one with exactly this name takes precedence over a family."""
        found = [one for one in self.environments if one.names(name)]
        return min(found, key=lambda one: one.is_family, default=None)

    def environment(self, name: str) -> Environment:
        """The entry for `name`. Raises SluiceError if there is none."""
        found = self.find(name)
        if found is None:
            known = [one.name for one in self.environments]
            hint = did_you_mean(name, known, f"environments: {', '.join(known)}")
            raise SluiceError(f"there is no environment {name}", where=self.where, hint=hint)
        return found

    def pointing(self, name: str) -> Environment:
        """The entry for `name`, which points to releases. Raises SluiceError if it is a file."""
        found = self.environment(name)
        if found.kind != "pointer":
            raise SluiceError(f"{name} is a file of its own and points to no release", where=self.where)
        return found

    def after_runs(self) -> tuple[str, ...]:
        """The environments that are built after every run."""
        return tuple(one.name for one in self.environments if one.after == "runs")

    def allow(self, name: str, action: str, actor: str) -> None:
        """Raise RefusedError, with who may, unless `actor` may do `action` to the environment `name`."""
        self._allow(getattr(self.environment(name), action) or (), f"{action} {name}", actor)

    def allow_move(self, name: str, action: str, actor: str, source: str | None = None) -> None:
        """The same for a move of its pointer, which takes the release of the environment `source` if one is given."""
        if source is not None:
            self.pointing(source)
        sources = self.pointing(name).promote_from or ()
        self.allow(name, action, actor)
        if source is not None and source not in sources:
            hint = f"allowed: {', '.join(sources) or 'none'}"
            raise RefusedError(f"{name} takes no release from {source}", where=self.where, hint=hint)

    def allow_answer(self, pattern: str | None, actor: str) -> None:
        """Raise RefusedError unless `actor` may answer incidents of the environments of a pattern; without one, of all.

        An incident may be of an environment that the file has no longer: that one anybody may answer.
        """
        exact = self.find(pattern) if pattern else None
        some = [one for one in self.environments if pattern is None or fnmatchcase(one.name, pattern)]
        for one in [exact] if exact else some:
            self._allow(one.answering, f"answer incidents of {one.name}", actor)

    def allow_prune(self, actor: str) -> None:
        """Raise RefusedError, with who may, unless `actor` may remove releases and candidates."""
        self._allow(self.retention.by, "prune", actor)

    def _allow(self, patterns: Sequence[str], deed: str, actor: str) -> None:
        if not any(fnmatchcase(actor, pattern) for pattern in patterns):
            may = f"who may: {', '.join(patterns)}" if patterns else "nobody may"
            hint = f"{may}; you act as SLUICE_ACTOR if it is set, else as the job or the user"
            raise RefusedError(f"{actor} may not {deed}", where=self.where, hint=hint)


# For a project without environments.yml: files that anybody may build, and nothing that points to a release.
WITHOUT_FILE = Policy(
    (Environment("dev", "file", build=("*",)), Environment("pr-*", "file", build=("*",), drop=("*",))),
    where=f"{NAME} (does not exist)",
)


def load(path: Path = Path(NAME)) -> Policy:
    """The policy of a project; without a file only `dev` and `pr-*` exist. Raises SluiceError if the file is not valid."""
    if not path.exists():
        return WITHOUT_FILE
    document = checked(_Document, read(path), path)
    for name, entry in document.environments.items():
        if "name" in entry:
            raise SluiceError("unknown key 'name'", where=place(path, "environments", name), hint="its key is its name")
        empty = [key for key, value in entry.items() if value is None]
        if empty:
            raise SluiceError(f"`{empty[0]}` has no value", where=place(path, "environments", name, empty[0]), hint="give one")
    environments = tuple(
        checked(Environment, {"name": name, **entry}, path, "environments", name) for name, entry in document.environments.items()
    )
    pointers = [one.name for one in environments if one.kind == "pointer"]
    for one in environments:
        wrong = [source for source in one.promote_from or () if source not in pointers or source == one.name]
        if wrong:
            what = f"promote_from: {wrong[0]} is not another environment that points to releases"
            raise SluiceError(what, where=place(path, "environments", one.name, "promote_from"))
    return Policy(environments, document.prune, str(path))
