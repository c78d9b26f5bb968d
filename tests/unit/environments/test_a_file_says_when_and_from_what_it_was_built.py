"""What is known of an environment that is a file: when, by whom and from what it was built; and what that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.tiny_releases import ReleaseShop, shop_in, warehouse
from sluice.environments import listing, origin
from sluice.gate.prune import drop
from sluice.store.record import Code

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def made(root: Path, name: str = "pr-1", *, is_good: bool = True) -> tuple[ReleaseShop, Path]:
    """A shop with a pull request's file that was built from a commit with changes, on a release."""
    shop = shop_in(root)
    file = shop.root / "warehouse" / "pr" / "1.duckdb"
    warehouse(file, 1)
    begun = origin.begun("user:eve", Code(COMMIT, True), base="20260101T000001Z-abcdef", lake={"raw/shop/orders": 7})
    origin.keep(begun, shop.root / "warehouse", name, file, is_good=is_good)
    return shop, file


def row(shop: ReleaseShop) -> listing.EnvironmentRow:
    (found,) = [one for one in listing.environments(shop.context) if one.name == "pr-1"]
    return found


def test_envs_tells_it(tmp_path: Path) -> None:
    shop, file = made(tmp_path)
    found = row(shop).built
    assert found is not None
    assert (found.built_by, found.commit, found.is_dirty, found.base) == ("user:eve", COMMIT, True, "20260101T000001Z-abcdef")
    assert found.lake == {"raw/shop/orders": 7}
    text = listing.environments_text([row(shop)], datetime.now(UTC))
    assert f"pr-1: {file}\n  built 0 min ago by user:eve from 0123456 with uncommitted changes" in text
    assert "on 20260101T000001Z-abcdef, from 1 table of the lake" in text


def test_a_release_tells_the_same_from_its_record(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    first, second = shop.published(), shop.published()
    (found,) = [one.built for one in listing.environments(shop.context) if one.name == "prod"]
    assert found is not None
    assert (found.built_by, found.base, found.lake) == ("user:builder", first, {"raw/shop/orders": 2})
    assert shop.store.record(second).built_at == found.built_at


def test_a_file_that_was_written_to_since_says_so(tmp_path: Path) -> None:
    shop, file = made(tmp_path)
    file.write_bytes(file.read_bytes() + b"x")
    found = row(shop).built
    assert found is not None
    assert found.has_changed
    assert origin.as_text(found, datetime.now(UTC)).endswith("; written to since then")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"bytes": 1}'])
def test_what_is_damaged_is_as_if_it_were_not_there(tmp_path: Path, text: str) -> None:
    shop, _ = made(tmp_path)
    origin.place(shop.root / "warehouse", "pr-1").write_text(text)
    assert row(shop).built is None
    assert row(shop).status.startswith("ok")


def test_it_goes_with_the_file(tmp_path: Path) -> None:
    shop, _ = made(tmp_path)
    assert drop(shop.context, "pr-1")
    assert not origin.place(shop.root / "warehouse", "pr-1").exists()


def test_no_build_fails_because_it_cannot_be_written_down(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / ".built").write_text("a file")
    shop, _ = made(tmp_path)
    assert row(shop).built is None


def test_the_words(tmp_path: Path) -> None:
    shop, _ = made(tmp_path, is_good=False)
    found = row(shop).built
    assert found is not None
    bare = replace(found, commit=None, base=None, lake={}, selected=("--select", "orders+"))
    text = origin.as_text(bare, datetime.now(UTC))
    assert text == (
        "built 0 min ago by user:eve from code in no commit, of it only --select orders+: the rest is older, with failures"
    )
