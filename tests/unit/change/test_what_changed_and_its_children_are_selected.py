"""What a pull request environment is to hold, from what differs and a manifest, without dbt."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.diffed import manifest, node

from sluice.change.modified import Modified, Reason
from sluice.change.selection import Selection, select

# lake -> stg (a view that no release holds) -> orders -> total -> report; a test of orders also reads names, a seed.
EDGES = {
    "model.shop.stg": ["source.shop.raw"],
    "model.shop.orders": ["model.shop.stg"],
    "model.shop.total": ["model.shop.orders"],
    "model.shop.other": ["model.shop.stg"],
    "test.shop.known": ["model.shop.orders", "model.shop.names"],
    "unit_test.shop.total.adds_up": ["model.shop.total"],
}
HELD = ("core.orders", "core.total", "core.other", "core.names")


def project() -> dict[str, Any]:
    """The manifest, with the maps that dbt makes."""
    models = [node(name) for name in ("stg", "orders", "total", "other", "names")]
    names = {one for pair in EDGES.items() for one in (pair[0], *pair[1])}
    parents = {name: EDGES.get(name, []) for name in names}
    children = {name: [one for one, reads in EDGES.items() if name in reads] for name in names}
    return manifest(*models, parent_map=parents, child_map=children)


def changed(unique_id: str, kind: str = "body", *, touches_data: bool = True) -> Modified:
    """A node that differs."""
    return Modified(unique_id, unique_id.split(".")[0], unique_id.split(".")[-1], (Reason(kind, "", touches_data),))


def short(names: tuple[str, ...]) -> list[str]:
    """Names without what they are."""
    return [name.split(".", 2)[2] for name in names]


@pytest.mark.parametrize(
    ("one", "built", "tests", "prerequisites"),
    [
        pytest.param(changed("model.shop.total"), ["total"], [], [], id="the last of a chain"),
        pytest.param(changed("model.shop.orders"), ["orders", "total"], [], ["stg"], id="what it reads of the lake is carried"),
        pytest.param(changed("source.shop.raw"), ["orders", "other", "stg", "total"], [], [], id="a source"),
        pytest.param(changed("model.shop.orders", "layout", touches_data=False), [], [], [], id="a comment"),
        pytest.param(
            Modified("model.shop.orders", "model", "orders", (Reason("properties", "meta, tags", False),)),
            ["orders"],
            [],
            ["stg"],
            id="its checks",
        ),
        pytest.param(changed("test.shop.known", touches_data=False), [], ["known"], [], id="a test"),
        pytest.param(changed("unit_test.shop.total.adds_up", touches_data=False), ["total"], [], [], id="a unit test"),
        pytest.param(changed("model.shop.gone", "removed"), [], [], [], id="a model that is gone"),
    ],
)
def test_a_change_selects(one: Modified, built: list[str], tests: list[str], prerequisites: list[str]) -> None:
    found = select([one], project(), HELD)
    assert (short(found.built), short(found.tests), short(found.prerequisites)) == (built, tests, prerequisites)
    assert found.whole == ""


def test_what_a_test_reads_besides_is_carried_where_the_base_has_none() -> None:
    held = [name for name in HELD if name != "core.names"]
    assert short(select([changed("model.shop.orders")], project(), held).prerequisites) == ["names", "stg"]


def test_a_hook_that_changed_selects_everything() -> None:
    found = select([changed("operation.shop.on_start", "macro")], project(), HELD)
    assert short(found.built) == ["names", "orders", "other", "stg", "total"]
    assert "on_start" in found.whole


def test_nothing_selects_nothing() -> None:
    assert select([], project(), HELD) == Selection()
