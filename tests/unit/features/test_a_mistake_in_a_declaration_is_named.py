"""Features are declared in the YAML of a mart; what cannot work is said before anything runs, with what is known."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.core.errors import SluiceError
from sluice.features.declared import all_declared, declared, microseconds

GOOD: dict[str, Any] = {
    "events": "fct_events", "at": "known_at", "id": "event_id", "of": "payment",
    "entities": {"card": "card_id"}, "columns": ["amount_cents"],
    "features": [
        {"name": "n", "entity": "card", "window": "1 hour", "aggregate": "count", "where": "is_payment"},
        {"name": "total", "entity": "card", "window": "ever", "aggregate": "sum", "value": "amount_cents"},
        {"name": "share", "ratio": ["n", "total"]},
    ],
}  # fmt: skip


def _manifest(content: Any) -> dict[str, Any]:
    node = {"resource_type": "model", "name": "rpt", "original_file_path": "models/rpt.yml"}
    return {"nodes": {"model.x.rpt": {**node, "config": {"meta": {"features": content}}}}}


def _with(feature: dict[str, Any]) -> dict[str, Any]:
    return {**GOOD, "features": [*GOOD["features"], feature]}


def test_what_is_declared_is_read_in_its_order() -> None:
    features = declared(_manifest(GOOD), "rpt")
    assert features.names == ("amount_cents", "n", "total", "share")
    assert features.filters == ("is_payment",)
    assert features.values == ("amount_cents",)
    assert features.longest == 3_600_000_000


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ({"name": "n", "entity": "card", "aggregate": "count"}, "two features are called n"),
        ({"name": "x", "entity": "crad", "aggregate": "count"}, "did you mean card?"),
        ({"name": "x", "entity": "card", "aggregate": "sum"}, "sum needs a value"),
        ({"name": "x", "entity": "card", "aggregate": "count", "value": "amount_cents"}, "count takes no value"),
        ({"name": "x", "entity": "card"}, "x needs an aggregate or a ratio"),
        ({"name": "x", "entity": "card", "aggregate": "median"}, "median"),
        ({"name": "x", "entity": "card", "aggregate": "count", "window": "1 month"}, "'1 month' is not a window"),
        ({"name": "x", "ratio": ["n", "totl"]}, "did you mean total?"),
        ({"name": "x", "ratio": ["n", "total"], "entity": "card"}, "x is a ratio"),
        ({"name": "x", "entity": "card", "aggregate": "count", "filter": "a"}, "unknown key"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(feature: dict[str, Any], said: str) -> None:
    with pytest.raises(SluiceError) as found:
        all_declared(_manifest(_with(feature)))
    assert said in found.value.what
    assert "models/rpt.yml: features of rpt" in found.value.where


def test_a_mart_without_features_is_not_one() -> None:
    with pytest.raises(SluiceError, match="unknown mart of features 'rtp'") as found:
        declared(_manifest(GOOD), "rtp")
    assert "did you mean rpt?" in found.value.hint


@pytest.mark.parametrize(("window", "length"), [("10 minutes", 600_000_000), ("1 day", 86_400_000_000), ("ever", None)])
def test_windows_have_lengths(window: str, length: int | None) -> None:
    assert microseconds(window) == length
