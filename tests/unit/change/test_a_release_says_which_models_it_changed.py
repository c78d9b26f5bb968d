"""Which models a release changed: by their code, not by what dbt made of it with the data of a day."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lab.tiny_releases import MANIFEST, ReleaseShop, shop_in
from sluice.change.deployed import changed_nodes, deployment
from sluice.store.record import Code

ORDERS = "model.shop.orders"
BEFORE: dict[str, Any] = {
    "nodes": {
        ORDERS: {
            **MANIFEST["nodes"][ORDERS],
            "raw_code": "select * from {{ ref('raw') }}",
            "compiled": True,
            "compiled_code": "select * from delta_scan('raw', version => 1)",
            "checksum": {"name": "sha256", "checksum": "a"},
            "description": "",
        },
        "test.shop.unique": {"unique_id": "test.shop.unique", "resource_type": "test", "name": "unique", "raw_code": "x"},
    },
    "macros": {},
}


def after(node: str = ORDERS, **changes: Any) -> dict[str, Any]:
    made = deepcopy(BEFORE)
    made["nodes"][node] |= changes
    return made


def test_other_sql_is_a_change() -> None:
    assert changed_nodes(BEFORE, after(raw_code="select 1", checksum={"name": "sha256", "checksum": "b"})) == (ORDERS,)


def test_a_model_that_is_new_or_gone_is_a_change() -> None:
    without = {**BEFORE, "nodes": {}}
    assert changed_nodes(without, BEFORE) == changed_nodes(BEFORE, without) == (ORDERS,)


@pytest.mark.parametrize(
    "same",
    [
        after(compiled_code="select * from delta_scan('raw', version => 2)"),
        after(description="Orders."),
        after("test.shop.unique", raw_code="y"),
    ],
    ids=["data of another day", "description", "test"],
)
def test_what_cannot_change_rows_by_code_is_none(same: dict[str, Any]) -> None:
    assert changed_nodes(BEFORE, same) == ()


@pytest.fixture
def shop(tmp_path: Path) -> ReleaseShop:
    return shop_in(tmp_path)


def brought(shop: ReleaseShop, manifest: dict[str, Any] | None, **code: Any) -> tuple[str, ...] | None:
    """What a second release changed, with this manifest and code."""
    first = shop.candidate()
    (shop.context.candidates / first / "manifest.json").write_text(json.dumps(BEFORE))
    shop.publish(first)
    second = shop.candidate(code=Code(**{"commit": "0" * 40, "is_dirty": False, **code}))
    file = shop.context.candidates / second / "manifest.json"
    file.write_text(json.dumps(manifest)) if manifest else file.unlink()
    return deployment(shop.context, shop.publish(second)).changed


def test_releases_of_the_same_commit_are_not_compared(shop: ReleaseShop) -> None:
    assert brought(shop, {"nodes": {}, "macros": {}}) == ()


@pytest.mark.parametrize("code", [{"commit": "1" * 40}, {"is_dirty": True}, {"commit": None}], ids=["commit", "dirty", "no git"])
def test_others_are(shop: ReleaseShop, code: dict[str, Any]) -> None:
    assert brought(shop, {"nodes": {}, "macros": {}}, **code) == (ORDERS,)


@pytest.mark.parametrize("manifest", [None, {"nodes": []}, {"nodes": {"x": {}}}], ids=["missing", "damaged", "of something else"])
def test_without_a_manifest_it_is_not_known(shop: ReleaseShop, manifest: dict[str, Any] | None) -> None:
    assert brought(shop, manifest, commit="1" * 40) is None


def test_of_the_first_release_it_is_not_known(shop: ReleaseShop) -> None:
    found = deployment(shop.context, shop.publish(shop.candidate()))
    assert (found.from_release_id, found.code_commit, found.changed) == (None, "0" * 40, None)
