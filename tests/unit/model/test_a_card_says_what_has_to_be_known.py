"""A card is written from what was measured: data, figures beside the baselines, threshold, weights, fairness, limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.helpers import small_model

from sluice.model import artifact
from sluice.model.card import interval
from sluice.model.declared import declared
from sluice.model.facts import keep
from sluice.model.train import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    file = small_model.warehouse(folder / "warehouse.duckdb")
    declaration = declared(
        small_model.manifest(small_model.settings(segments={"country": "country", "card": "card"})), "payments"
    )
    keep(train(file, declaration), folder / "payments", {"release_id": "20260101T000000Z-aaaaaa", "commit": "c" * 40})
    return folder / "payments"


def test_each_figure_of_model_json_is_on_the_card(folder: Path) -> None:
    facts, card = artifact.facts_in(folder), (folder / artifact.CARD).read_text()
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == [
        "Data", "Figures on rows that were held out", "Threshold", "Features by weight", "Fairness by segment", "Limits",
    ]  # fmt: skip
    metrics = facts["metrics"]
    assert f"Version `{facts['version']}`. Owner: Risk." in card
    assert f"| this model | {interval(metrics['average_precision'])} | {interval(metrics['precision_a_day'])} |" in card
    for name, one in metrics["baselines"].items():
        assert f"| {name} | {interval(one['average_precision'])} |" in card
        assert f"| {interval(one['times_better'])} |" in card
    assert "| release | 20260101T000000Z-aaaaaa |" in card
    assert f"A score of {facts['threshold']:.6g} or higher is an alert." in card


def test_features_are_ranked_by_weight_in_words(folder: Path) -> None:
    facts, card = artifact.facts_in(folder), (folder / artifact.CARD).read_text()
    ranked = re.findall(r"^\| `(\w+)` \| What (\w+) is \| ([0-9.]+) \|$", card, re.MULTILINE)
    assert [name for name, _, _ in ranked] == sorted(facts["weights"], key=lambda name: (-facts["weights"][name], name))
    assert all(name == words for name, words, _ in ranked)
    assert sum(facts["weights"].values()) == pytest.approx(1)


def test_segments_add_up_and_the_small_ones_are_one_row(folder: Path) -> None:
    metrics = artifact.facts_in(folder)["metrics"]
    for name, count in (("country", 3), ("card", 13)):
        found = metrics["segments"][name]
        assert len(found) == count
        assert sum(one["rows"] for one in found) == artifact.facts_in(folder)["trained_on"]["held_out"]
        assert sum(one["alerts"] for one in found) == metrics["at_threshold"]["alerts"]
        assert sum(one["true"] for one in found) == artifact.facts_in(folder)["trained_on"]["held_out_true"]
    assert metrics["segments"]["card"][-1]["value"] == "other"
