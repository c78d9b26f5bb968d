"""Who may do what to which environment, and what prune keeps: environments.yml, read strictly.

It guards against mistakes; it is no lock against somebody who may write to the releases' folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from sluice.core.actor import is_actor
from sluice.core.errors import RefusedError, SluiceError

NAME = "environments.yml"
KINDS = ("file", "pointer")
ACTIONS = {"file": ("build", "drop"), "pointer": ("build", "publish", "promote", "rollback")}
# Words that mean something else on the command line.
RESERVED = ("candidate", "candidates", "releases", "cache")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9_]*(-\*)?")
_MEMBER = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Environment:
    """One entry: `name` may be a family (`pr-*`); `who` has the actors that may, by action."""

    name: str
    kind: str
    who: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    promote_from: tuple[str, ...] = ()
    expires_after_days: int | None = None

    @property
    def is_family(self) -> bool:
        """Whether it stands for many."""
        return self.name.endswith("-*")

    def names(self, name: str) -> bool:
        """Whether `name` is this environment, or one of this family."""
        if not self.is_family:
            return name == self.name
        prefix = self.name[:-1]
        return name.startswith(prefix) and bool(_MEMBER.fullmatch(name[len(prefix) :]))

    def file(self, name: str, warehouse: Path) -> Path:
        """The DuckDB file of the environment `name`: warehouse/dev.duckdb, warehouse/pr/12.duckdb."""
        if self.is_family:
            family, _, member = name.partition("-")
            return warehouse / family / f"{member}.duckdb"
        return warehouse / f"{name}.duckdb"


@dataclass(frozen=True)
class Retention:
    """What prune keeps: numbers of releases, days and weeks."""

    keep_last: int = 5
    keep_days: int = 14
    keep_weeks: int = 8
    candidate_days: int = 7


@dataclass(frozen=True)
class Policy:
    """The whole of environments.yml."""

    environments: tuple[Environment, ...]
    retention: Retention = field(default_factory=Retention)
    pruners: tuple[str, ...] = ()
    where: str = NAME

    def find(self, name: str) -> Environment | None:
        """The entry that `name` falls under; one that names it goes before a family."""
        found = [one for one in self.environments if one.names(name)]
        return min(found, key=lambda one: one.is_family, default=None)

    def environment(self, name: str) -> Environment:
        """The entry that `name` falls under. Raises SluiceError where there is none."""
        found = self.find(name)
        if found is None:
            known = ", ".join(one.name for one in self.environments)
            raise SluiceError(f"there is no environment {name}", where=self.where, hint=f"known are: {known}")
        return found

    def pointing(self, name: str) -> Environment:
        """As `environment`, of one that points to releases."""
        found = self.environment(name)
        if found.kind != "pointer":
            raise SluiceError(f"{name} is a file of its own and points to no release", where=self.where)
        return found

    def allow(self, name: str, action: str, actor: str) -> None:
        """Pass where `actor` may do `action` to the environment `name`; else raise RefusedError, which says who may."""
        self._allow(self.environment(name).who.get(action, ()), f"{action} {name}", actor)

    def allow_prune(self, actor: str) -> None:
        """Pass where `actor` may remove releases and candidates."""
        self._allow(self.pruners, "prune", actor)

    def _allow(self, patterns: Sequence[str], deed: str, actor: str) -> None:
        if not any(fnmatchcase(actor, pattern) for pattern in patterns):
            may = f"who may: {', '.join(patterns)}" if patterns else "nobody may"
            hint = f"{may}; you are who SLUICE_ACTOR says, else the job or the user"
            raise RefusedError(f"{actor} may not {deed}", where=self.where, hint=hint)


# What holds where a project has no environments.yml: files for anybody, and nothing that points.
WITHOUT_FILE = Policy(
    (Environment("dev", "file", {"build": ("*",)}), Environment("pr-*", "file", {"build": ("*",), "drop": ("*",)})),
    where=f"{NAME} (not there)",
)


def load(path: Path = Path(NAME)) -> Policy:
    """The policy of a project; without a file only `dev` and `pr-*` exist. Raises SluiceError for what is not as it should be."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return WITHOUT_FILE
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SluiceError(f"not readable as YAML: {error}", where=str(path)) from error
    top = _mapping(document, str(path), ("environments", "prune"))
    entries = _mapping(top.get("environments"), f"{path}, environments")
    environments = tuple(_environment(str(name), entry, f"{path}, {name}") for name, entry in entries.items())
    _check_sources(environments, str(path))
    return Policy(environments, *_retention(top.get("prune", {}), f"{path}, prune"), where=str(path))


def _environment(name: str, entry: Any, where: str) -> Environment:
    if not _ENVIRONMENT.fullmatch(name) or name in RESERVED:
        raise SluiceError(
            f"{name!r} cannot name an environment", where=where, hint="small letters, digits, _; a family ends in -*"
        )
    kind = _mapping(entry, where).get("kind")
    if kind not in KINDS:
        raise SluiceError(f"kind: {kind!r} is not known", where=where, hint=f"one of: {', '.join(KINDS)}")
    if kind == "pointer" and name.endswith("-*"):
        raise SluiceError("a family is made of files; a pointer has one name", where=where)
    more = ("expires_after_days",) if kind == "file" else ("promote_from",)
    _mapping(entry, where, ("kind", *ACTIONS[kind], *more))
    days = _number(entry, "expires_after_days", where) if "expires_after_days" in entry else None
    who_may = {action: _actors(entry[action], f"{where}, {action}") for action in ACTIONS[kind] if action in entry}
    return Environment(name, kind, who_may, _texts(entry.get("promote_from", []), f"{where}, promote_from"), days)


def _check_sources(environments: Sequence[Environment], where: str) -> None:
    pointers = [one.name for one in environments if one.kind == "pointer"]
    for one in environments:
        for source in one.promote_from:
            if source not in pointers or source == one.name:
                raise SluiceError(f"promote_from: {source} is no other environment that points", where=f"{where}, {one.name}")


def _retention(entry: Any, where: str) -> tuple[Retention, tuple[str, ...]]:
    known = tuple(Retention.__dataclass_fields__)
    numbers = {key: _number(entry, key, where) for key in known if key in _mapping(entry, where, ("by", *known))}
    return Retention(**numbers), _actors(entry.get("by", []), f"{where}, by")


def _mapping(value: Any, where: str, known: Sequence[str] | None = None) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise SluiceError("this has to be a mapping", where=where)
    unknown = sorted(str(key) for key in value if known is not None and key not in known)
    if unknown:
        raise SluiceError(f"unknown: {', '.join(unknown)}", where=where, hint=f"known are: {', '.join(known or ())}")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise SluiceError("this has to be a list of names", where=where)
    return tuple(value)


def _actors(value: Any, where: str) -> tuple[str, ...]:
    for text in _texts(value, where):
        if not is_actor(text):
            raise SluiceError(f"{text!r} is not a valid actor", where=where, hint='"user:<name>", "job:<workflow>", "user:*"')
    return tuple(value)


def _number(entry: Mapping[str, Any], key: str, where: str) -> int:
    value = entry[key]
    if type(value) is not int or value < 0:
        raise SluiceError(f"{key}: {value!r} is no whole number from 0", where=where)
    return value
