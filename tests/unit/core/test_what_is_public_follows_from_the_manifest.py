"""What readers find in a release: what the project calls public, what exposures name, and seeds; where it says nothing, all."""

from __future__ import annotations

from typing import Any

from sluice.core import public


def node(kind: str, name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    config = {"materialized": more.pop("materialized", "table")}
    return f"{kind}.shop.{name}", {"resource_type": kind, "name": name, "schema": "Core", "alias": name, "config": config, **more}


NODES = dict(
    [
        node("model", "orders", access="public", alias="Fct_Orders"),
        node("model", "steps", access="protected"),
        node("model", "shown", access="protected"),
        node("model", "measured", access="protected"),
        node("model", "passing", access="public", materialized="ephemeral"),
        node("seed", "codes", group="finance"),
        node("snapshot", "as_it_was"),
        node("test", "a_test", schema="checks"),
    ]
)
SOURCES = {"source.shop.raw.sales": {"resource_type": "source", "name": "sales", "identifier": "Sales", "schema": "raw"}}
EXPOSURES = {
    "exposure.shop.board": {"depends_on": {"nodes": ["model.shop.shown", "metric.shop.sum", "source.shop.raw.sales"]}},
}
PARENTS = {
    "metric.shop.sum": ["metric.shop.part", "semantic_model.shop.all"],
    "metric.shop.part": ["metric.shop.sum"],
    "semantic_model.shop.all": ["model.shop.measured"],
}


def test_public_models_and_seeds() -> None:
    assert public.relations({"nodes": NODES}) == {"core.fct_orders", "core.codes"}


def test_what_exposures_name_and_what_their_metrics_are_made_of() -> None:
    manifest = {"nodes": NODES, "sources": SOURCES, "exposures": EXPOSURES, "parent_map": PARENTS}
    named = {"core.fct_orders", "core.shown", "core.measured", "raw.sales"}
    assert public.relations(manifest) == {*named, "core.codes"}
    quiet = {name: {**one, "access": "protected"} for name, one in NODES.items()}
    assert public.relations({**manifest, "nodes": quiet}) == {*named - {"core.fct_orders"}, "core.codes"}


def test_a_project_that_calls_nothing_public_has_everything_that_it_builds() -> None:
    quiet = {name: {**one, "access": "protected"} for name, one in NODES.items()}
    built = {"core.fct_orders", "core.steps", "core.shown", "core.measured", "core.codes", "core.as_it_was"}
    assert public.relations({"nodes": quiet, "sources": SOURCES}) == built
    assert public.declared({"nodes": quiet}) == frozenset()
