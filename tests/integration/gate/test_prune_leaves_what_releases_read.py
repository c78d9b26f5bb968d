"""Prune removes files of the lake that compaction replaced, but none that a release reads; in doubt it removes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from tests.helpers.lake import contract

from lab.tiny_releases import POLICY, ReleaseShop
from sluice.environments.context import Context
from sluice.gate.prune import Decision, prune
from sluice.lake import compaction
from sluice.lake.raw import RawTable

KEEP_ALL = replace(POLICY, retention=replace(POLICY.retention, keep_last=9))


@pytest.fixture
def table(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A raw table of six batches in one file; files that it has given up may go at once."""
    path = shop.root / "lake" / "raw" / "shop" / "orders"
    path.parent.mkdir(parents=True)
    for number in range(6):
        write_deltalake(str(path), pa.table({"id": [number]}), mode="append")
    monkeypatch.setattr(compaction, "SUPERSEDED_HOURS", 0)
    of_shop = replace(contract({"id": "bigint"}), source="shop", table="orders")
    compaction.compact(RawTable(of_shop, shop.root / "lake"))
    assert len(DeltaTable(str(path)).file_uris()) == 1
    return path


def rows(table: Path, version: int | None = None) -> int:
    return int(DeltaTable(str(table), version=version).to_pyarrow_table().num_rows)


def keeping(shop: ReleaseShop) -> Context:
    return replace(shop.context, policy=KEEP_ALL)


def of_files(decisions: tuple[Decision, ...]) -> list[Decision]:
    return [one for one in decisions if one.thing.kind == "files"]


def test_versions_that_releases_read_stay_whole(shop: ReleaseShop, table: Path) -> None:
    shop.published()  # reads version 1
    shop.published()  # and this one version 2
    (shown,) = of_files(prune(keeping(shop), is_agreed=False).decisions)
    assert (shown.thing.name, shown.is_kept) == ("raw/shop/orders", False)
    assert shown.thing.bytes > 0
    assert rows(table, 5) == 6
    prune(keeping(shop), is_agreed=True)
    assert (rows(table), rows(table, 1), rows(table, 2)) == (6, 2, 3)
    with pytest.raises(Exception, match="not found"):
        rows(table, 5)
    assert of_files(prune(keeping(shop), is_agreed=False).decisions) == []


def test_in_doubt_about_a_release_nothing_goes(shop: ReleaseShop, table: Path) -> None:
    release = shop.published()
    record = next((shop.root / "warehouse").rglob(f"{release}/release.json"))
    record.chmod(0o644)
    record.write_text("{")
    (kept,) = of_files(prune(keeping(shop), is_agreed=True).decisions)
    assert kept.is_kept
    assert "what releases read is not known" in kept.why
    assert rows(table, 5) == 6


def test_a_week_passes_before_a_file_goes(shop: ReleaseShop, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert of_files(prune(keeping(shop), is_agreed=True).decisions) == []
    assert rows(table, 5) == 6
