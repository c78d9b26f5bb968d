"""Environments, releases, candidates and files by name, and what is said where a name means nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY

from lab.tiny_releases import ReleaseShop, seen, warehouse
from sluice.core.errors import SluiceError
from sluice.environments.resolve import locate, usual
from sluice.gate.rollback import rollback


@pytest.fixture(autouse=True)
def _state(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.environment().items():
        if name.startswith("SLUICE_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(REPOSITORY)


def test_an_environment_that_is_a_file(shop: ReleaseShop) -> None:
    with pytest.raises(SluiceError, match="the environment dev has not been built") as told:
        locate("dev")
    assert told.value.hint == "run: sluice build"
    with pytest.raises(SluiceError) as told:
        locate("pr-12")
    assert told.value.hint == "run: sluice build --env pr-12"
    for path in ("dev.duckdb", "pr/12.duckdb"):
        warehouse(shop.root / "warehouse" / path, 1)
    dev, pull_request = locate("dev"), locate("pr-12")
    assert (dev.file, dev.folder, dev.artifacts) == (shop.root / "warehouse" / "dev.duckdb", None, Path("target"))
    assert pull_request.file == shop.root / "warehouse" / "pr" / "12.duckdb"
    assert pull_request.artifacts == shop.root / "warehouse" / "pr" / "12"


def test_an_environment_that_points_gives_the_release_itself(shop: ReleaseShop) -> None:
    """Who works with it keeps it, whatever is published meanwhile."""
    with pytest.raises(SluiceError, match="prod points to no release yet"):
        locate("prod")
    release = shop.published()
    found = locate("prod")
    assert found.folder == shop.root / "warehouse" / "releases" / release
    assert found.record is not None
    assert found.record.release_id == release
    assert (found.folder, found.artifacts) == (found.file.parent, found.folder)
    shop.published()
    assert seen(found.file) == (1, 1, 3)


def test_where_nothing_is_named_readers_see_prod_and_a_beginner_dev(shop: ReleaseShop) -> None:
    assert usual() == "dev"
    shop.published()
    assert usual() == "prod"
    assert locate("prod").opened_as == shop.root / "warehouse" / "prod.duckdb"
    (shop.root / "warehouse" / "prod.duckdb").unlink()
    assert usual() == "prod", "a lost pointer is reported, not bypassed"


def test_a_lost_pointer_says_how_to_set_it(shop: ReleaseShop) -> None:
    shop.published()
    (shop.root / "warehouse" / "prod.duckdb").unlink()
    with pytest.raises(SluiceError, match="the pointer of prod is gone") as told:
        locate("prod")
    assert "sluice rollback prod --why" in told.value.hint
    rollback(shop.context, "prod", "the pointer was lost")
    assert locate("prod").record


def test_a_release_and_a_candidate_by_their_first_letters(shop: ReleaseShop) -> None:
    release = shop.published()
    first, last = shop.candidate(), shop.candidate()
    assert locate(release).folder == locate(release[:17]).folder == shop.root / "warehouse" / "releases" / release
    assert locate(first).folder == shop.context.candidates / first
    assert locate("candidate").folder == shop.context.candidates / last
    with pytest.raises(SluiceError, match="matches more than one") as told:
        locate("2026")
    assert first in told.value.what
    with pytest.raises(SluiceError, match="does not exist"):
        locate(release[:3])


def test_a_file_and_the_record_beside_it(shop: ReleaseShop, tmp_path: Path) -> None:
    lone = tmp_path / "some where.duckdb"
    warehouse(lone, 7)
    assert (locate(str(lone)).file, locate(str(lone)).record) == (lone, None)
    release = shop.published()
    through = locate(str(shop.root / "warehouse" / "prod.duckdb"))
    assert through.record is not None
    assert through.record.release_id == release


@pytest.mark.parametrize("name", ["nowhere", "nowhere.duckdb", "./nowhere", "pr-1/2"])
def test_what_means_nothing_is_told_with_what_there_is(name: str) -> None:
    with pytest.raises(SluiceError) as told:
        locate(name)
    assert "does not exist" in told.value.what
    assert "staging, prod" in told.value.hint


def test_a_folder_is_no_warehouse(shop: ReleaseShop) -> None:
    with pytest.raises(SluiceError, match="is a folder"):
        locate(str(shop.root))


def test_without_a_candidate_it_says_so() -> None:
    with pytest.raises(SluiceError, match="there is no candidate"):
        locate("candidate")


def test_on_s3_the_release_is_fetched(shop: ReleaseShop, bucket: object, monkeypatch: pytest.MonkeyPatch) -> None:
    afar = ReleaseShop(shop.root / "afar", bucket)  # type: ignore[arg-type]  # a Bucket
    afar.published()
    monkeypatch.setenv("SLUICE_RELEASES", afar.store.address)
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(shop.root / "elsewhere"))
    assert seen(locate("prod").file) == (1, 1, 3)
