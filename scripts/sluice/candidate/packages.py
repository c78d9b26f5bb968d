"""Packages of a dbt project: where its local ones are, and how a project that was laid out gets all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sluice.core import dbt, git
from sluice.core.errors import SluiceError
from sluice.core.git import Place
from sluice.core.progress import silent
from sluice.core.yaml_model import read

_LOCK = "package-lock.yml"  # the version of each package
_FILES = ("packages.yml", "dependencies.yml", _LOCK)


def outside(place: Place) -> frozenset[str]:
    """Folders and files of the repository that a project there also reads: local packages, and what links in it lead to.

    Paths in the repository. What is outside of the repository is left out.
    """
    if not place.inside:
        return frozenset()
    found = _also_read(place.top, place.inside, git.links_in(place))
    return frozenset(path for path in found if not _is_below(path, place.inside))


def lay_out(commit: str, root: Path, *, is_parsed: bool = True) -> Path:
    """The project of the current folder as a commit has it, below an empty folder `root`, with its packages; gives its folder.

    Of the repository, only that folder is laid out, with what it reads outside of it. Raises SluiceError if the commit has
    no project there, or its packages cannot be installed; a project that is not going to be parsed can be without them.
    """
    here, commit = git.place_of(), git.commit_of(commit)
    project = root.absolute() / here.inside
    done: set[str] = set()
    waiting = {here.inside}
    while waiting:
        links = git.lay_out(commit, waiting, root)
        done |= waiting
        waiting = {
            path for path in _also_read(root.absolute(), here.inside, links) if not any(_is_below(path, one) for one in done)
        }
    if not (project / "dbt_project.yml").is_file():
        hint = "run it in the folder of dbt_project.yml"
        raise SluiceError("in that commit this folder is not a dbt project", where=f"{commit}: {here.inside or '.'}", hint=hint)
    if not _install(project, here) and is_parsed:
        _install_by_dbt(project, f"{commit}: {here.inside or '.'}")
    return project


def _also_read(root: Path, inside: str, links: list[Path]) -> set[str]:
    """Local packages of the project `inside` a checkout in `root`, also those of its packages, and the targets of links."""
    top = _plain(root)
    targets = [_plain(link.parent / link.readlink()) for link in links if link.is_symlink()]
    found = [*targets, *_local_packages(top / inside)]
    return {place.relative_to(top).as_posix() for place in found if place.is_relative_to(top) and place != top}


def _local_packages(project: Path) -> set[Path]:
    """The folders of the local packages of a project, also of those that its packages name."""
    found, waiting = set[Path](), [project]
    while waiting:
        # dbt reads a relative path as relative to the project that is run, also in a package of it.
        named = {_plain(project / local) for local in _local(waiting.pop())}
        waiting += named - found
        found |= named
    return found


def _plain(path: Path) -> Path:
    """A path without `..`. Links in it stay: a commit may not have what they lead to."""
    return Path(os.path.normpath(path))


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _local(project: Path) -> Iterator[str]:
    """The paths of local packages that a project names."""
    for name in _FILES[:2]:
        for package in _named(project / name):
            if isinstance(package, dict) and isinstance(package.get("local"), str):
                yield str(Path(package["local"]).expanduser())


def _named(file: Path) -> list[Any]:
    found = _mapping(file).get("packages")
    return found if isinstance(found, list) else []


def _mapping(file: Path) -> dict[str, Any]:
    document = read(file) if file.is_file() else None
    return document if isinstance(document, dict) else {}


def folder_of(project: Path) -> Path:
    """Where the packages of a project are installed."""
    return project / str(_mapping(project / "dbt_project.yml").get("packages-install-path") or "dbt_packages")


def _install(project: Path, here: Place) -> bool:
    """Give a project that was laid out the packages of the current folder; False if it needs others."""
    folder, present = folder_of(project), folder_of(here.folder)
    if folder.exists() or not any(_named(project / name) for name in _FILES[:2]):
        return True
    if not present.is_dir() or not _names_the_same(project, here.folder):
        return False
    own = {_mapping(place / "dbt_project.yml").get("name"): place for place in _local_packages(project)}
    folder.mkdir(parents=True)
    for package in present.iterdir():
        (folder / package.name).symlink_to(own.get(package.name) or package.resolve())
    return True


def _install_by_dbt(project: Path, where: str) -> None:
    done = dbt.invoke(["deps", "--log-path", str(project / "logs")], silent, folder=project)
    if done.code:
        errors = "\n".join(done.errors)
        hint = "see what dbt reports; no network is needed where package-lock.yml is the same as now and `dbt deps` has run here"
        raise SluiceError(f"dbt deps failed\n{errors}", where=where, hint=hint)


def _names_the_same(then: Path, now: Path) -> bool:
    """Whether two projects name the same packages; of a project without package-lock.yml, the versions are not known."""
    return all(_mapping(then / name) == _mapping(now / name) for name in _FILES if name != _LOCK or (then / name).is_file())
