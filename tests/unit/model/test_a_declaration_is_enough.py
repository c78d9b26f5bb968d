"""A model is declared in YAML alone: another one, on another mart, needs no code; and a mistake is named with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers import small_model

from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.model import artifact
from sluice.model.declared import declared, names
from sluice.model.facts import keep
from sluice.model.train import train

_WILL_RETURN = """
create schema growth;

create table growth.rpt_visitors as
select
    i as visitor_id,
    date '2026-01-01' + (i * 100 // 2000)::int as seen_on,
    hash(i, 1) % 50 as pages,
    hash(i, 2) % 2 = 0 as is_mobile,
    ['web', 'app'][1 + i % 2] as channel
from range(2000) as rows(i);

create table growth.fct_returns as
select
    visitor_id,
    true as came_back,
    seen_on + 3 as since
from growth.rpt_visitors
where pages > 40 and is_mobile;
"""


def test_a_second_model_on_another_mart_needs_yaml_only(tmp_path: Path) -> None:
    with connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(_WILL_RETURN)
    meta = {
        "features": "rpt_visitors",
        "key": "visitor_id",
        "at": "seen_on",
        "label": {"model": "fct_returns", "column": "came_back", "known_at": "since", "delay": "4 days"},
        "split": {"test": "2 weeks", "folds": 1, "step": "2 weeks"},
        "search": {"rounds": 20, "max_depth": 2},
        "segments": {"channel": "upper(channel)"},
    }
    columns = {"visitor_id": "bigint", "seen_on": "date", "pages": "ubigint", "is_mobile": "boolean", "channel": "varchar"}
    manifest = small_model.manifest()
    manifest["nodes"] = {
        "model.shop.rpt_visitors": small_model.node("rpt_visitors", columns) | {"schema": "growth"},
        "model.shop.fct_returns": small_model.node("fct_returns", {}) | {"schema": "growth"},
    }
    manifest["exposures"] = {
        "exposure.shop.will_return": {
            "name": "will_return",
            "type": "ml",
            "depends_on": {"nodes": list(manifest["nodes"])},
            "meta": {"model": meta},
        }
    }
    declaration = declared(manifest, "will_return")
    assert declaration.features == ("pages", "is_mobile")
    keep(train(tmp_path / "warehouse.duckdb", declaration), tmp_path / "will_return", {})
    facts = artifact.load(tmp_path / "will_return").facts
    # Both classes are told apart without an error by a tree of depth 2.
    assert facts["metrics"]["average_precision"]["value"] == 1
    assert [one["value"] for one in facts["metrics"]["segments"]["channel"]] == ["APP", "WEB"]


def test_features_are_those_that_the_mart_declares() -> None:
    manifest = small_model.manifest()
    features = {"columns": ["amount_cents"], "features": [{"name": "payments_of_card_1h", "entity": "card", "window": "1 hour"}]}
    manifest["nodes"]["model.shop.rpt_features"]["config"]["meta"]["features"] = features
    assert declared(manifest, "payments").features == ("amount_cents", "payments_of_card_1h")
    before = declared(manifest, "payments").definitions
    features["features"][0]["window"] = "2 hours"  # type: ignore[index]
    after = declared(manifest, "payments").definitions
    assert [name for name in after if after[name] != before[name]] == ["payments_of_card_1h"]


def test_inputs_and_exclude_choose_among_them() -> None:
    chosen = small_model.manifest(small_model.settings(inputs=["hour_of_day", "amount_cents"]))
    assert declared(chosen, "payments").features == ("hour_of_day", "amount_cents")
    without = small_model.manifest(small_model.settings(exclude=["hour_of_day"]))
    assert declared(without, "payments").features == small_model.FEATURES[:-1]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"label": {"model": "fct_labels", "column": "x", "known_at": "y", "delay": "30"}}, "30 is not a duration"),
        ({"serch": {}}, "unknown key 'serch'"),
        ({"search": {"depth": 3}}, "search: depth is not known"),
        ({"search": {"max_depth": list(range(1, 16)), "rounds": list(range(1, 16))}}, "225 combinations"),
        ({"baselines": ["rpt_rules.amount"]}, "reads rpt_rules, which the exposure does not depend on"),
        ({"inputs": ["amount"]}, "rpt_features has no column amount"),
        ({"key": "payment id"}, "`key` should match pattern"),
    ],
)
def test_a_mistake_is_named_with_its_place(said: dict[str, Any], what: str) -> None:
    with pytest.raises(SluiceError, match=what) as error:
        declared(small_model.manifest(small_model.settings(**said)), "payments")
    assert error.value.where == "exposure payments in models/marts/risk/_risk__exposures.yml, config.meta.model"
    assert error.value.hint


def test_a_model_that_is_not_declared_names_those_that_are() -> None:
    assert names(small_model.manifest()) == ["payments"]
    with pytest.raises(SluiceError, match="no model payment is declared") as error:
        declared(small_model.manifest(), "payment")
    assert "did you mean payments?" in error.value.hint


def test_a_column_that_the_release_lacks_is_an_error_of_the_release(tmp_path: Path) -> None:
    file = small_model.warehouse(tmp_path / "warehouse.duckdb", 200)
    with connect(str(file)) as connection:
        connection.execute("alter table risk.rpt_features drop column hour_of_day")
    with pytest.raises(SluiceError, match="features cannot be read: Binder Error") as error:
        train(file, declared(small_model.manifest(), "payments"))
    assert "sluice build" in error.value.hint
