"""`readers` in environments.yml: the modes of a release's files, before and after another environment points to it."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from lab.tiny_releases import POLICY, ReleaseShop
from sluice.core.errors import SluiceError
from sluice.environments.context import Context
from sluice.gate.publish import promote, publish
from sluice.gate.rollback import rollback
from sluice.store.store import Readers


def context(shop: ReleaseShop, **readers: Readers) -> Context:
    """The shop's, with readers for some environments."""
    environments = tuple(replace(one, readers=readers.get(one.name)) for one in POLICY.environments)
    return replace(shop.context, policy=replace(POLICY, environments=environments))


def modes(shop: ReleaseShop, release: str) -> set[str]:
    """The modes of a release's folders and files."""
    folder = shop.store.fetch(release)
    return {stat.filemode(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize(
    ("readers", "expected"),
    [
        ("owner", {"drwx------", "-r--------"}),
        ("group", {"drwxr-x---", "-r--r-----"}),
        ("all", {"drwxr-xr-x", "-r--r--r--"}),
    ],
)
def test_files_and_folders_have_the_modes_of_its_readers(shop: ReleaseShop, readers: Readers, expected: set[str]) -> None:
    release = shop.candidate()
    publish(context(shop, prod=readers), release, "prod")
    assert modes(shop, release) == expected


@pytest.mark.parametrize("readers", ["owner", "group", "all"])
def test_a_work_file_is_for_its_owner_whoever_the_readers_are(shop: ReleaseShop, readers: Readers) -> None:
    release = shop.with_work()
    publish(context(shop, prod=readers), release, "prod")
    work = shop.store.work(release)
    assert work is not None
    assert stat.filemode(work.stat().st_mode) == "-r--------"


def test_without_it_files_are_as_ever(shop: ReleaseShop) -> None:
    assert "-r--r--r--" in modes(shop, shop.published())


def test_a_group_is_that_of_the_folder_of_releases(shop: ReleaseShop) -> None:
    shop.published()
    releases = shop.root / "warehouse" / "releases"
    others = [group for group in os.getgroups() if group != releases.stat().st_gid]
    group = 12345 if os.getuid() == 0 else others[0] if others else releases.stat().st_gid
    os.chown(releases, -1, group)
    release = shop.candidate()
    publish(context(shop, prod="group"), release, "prod")
    folder = shop.store.fetch(release)
    assert {path.stat().st_gid for path in (folder, *folder.rglob("*"))} == {group}


def test_a_release_of_two_environments_can_be_read_by_both(shop: ReleaseShop) -> None:
    rules = context(shop, staging="owner", prod="all")
    release = shop.candidate("staging")
    publish(rules, release, "staging")
    assert modes(shop, release) == {"drwx------", "-r--------"}
    promote(rules, "staging", "prod")
    assert modes(shop, release) == {"drwxr-xr-x", "-r--r--r--"}
    next_one = shop.candidate("prod")
    publish(rules, next_one, "prod")
    rollback(context(shop, staging="owner", prod="owner"), "prod", "bad")
    # Staging still points to it, so nothing is taken away.
    assert modes(shop, release) == {"drwxr-xr-x", "-r--r--r--"}


def test_a_right_that_cannot_be_given_moves_nothing(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    first, release, real = shop.published(), shop.candidate(), Path.chmod

    def denied(self: Path, mode: int) -> None:
        if mode == 0o400:
            raise PermissionError(1, "Operation not permitted", str(self))
        real(self, mode)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "chmod", denied)
        with pytest.raises(SluiceError, match="cannot be made readable for owner: Operation not permitted"):
            publish(context(shop, prod="owner"), release, "prod")
    assert shop.store.pointer("prod").release_id == first
    assert publish(context(shop, prod="owner"), release, "prod").is_moved
    assert modes(shop, release) == {"drwx------", "-r--------"}
