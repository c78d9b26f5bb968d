"""A model that is loaded from its folder gives the scores and reasons of the one that was trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.helpers import small_model

from sluice.core.errors import SluiceError
from sluice.model import artifact, learn
from sluice.model.artifact import Model
from sluice.model.declared import declared
from sluice.model.facts import keep
from sluice.model.train import train

if TYPE_CHECKING:
    Matrix = np.ndarray[Any, Any]


@pytest.fixture(scope="module", params=["platt", "isotonic"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("model")
    meta = small_model.settings(calibration=request.param)
    declaration = declared(small_model.manifest(meta), "payments")
    trained = train(small_model.warehouse(folder / "warehouse.duckdb"), declaration)
    keep(trained, folder / "payments", {"release_id": "20260101T000000Z-aaaaaa", "commit": None})
    return artifact.load(folder / "payments")


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """Rows with nulls in every column, alone and together."""
    dice = np.random.default_rng(3)
    rows = dice.uniform([0, 0, 0, 0, 0], [40000, 8, 1, 1, 24], size=(2000, 5)).astype(np.float32)
    rows[dice.random(rows.shape) < 0.2] = np.nan
    rows[0] = np.nan
    return rows


def test_onnx_gives_the_scores_of_xgboost(model: Model, matrix: Matrix) -> None:
    served = learn.margins(model.booster, matrix)
    assert np.abs(_logistic(model.margins(matrix)) - _logistic(served)).max() < 1e-6
    assert np.abs(model.margins(matrix) - served).max() < 1e-5


def test_a_null_and_a_zero_are_not_the_same(model: Model, matrix: Matrix) -> None:
    """Else the comparison above would say nothing about nulls."""
    filled = np.nan_to_num(matrix)
    assert np.abs(model.margins(matrix) - model.margins(filled)).max() > 0.1
    assert np.abs(_logistic(model.margins(filled)) - _logistic(learn.margins(model.booster, filled))).max() < 1e-6


def test_one_row_scores_as_it_does_among_others(model: Model, matrix: Matrix) -> None:
    together = model.score(matrix[:50])
    assert [float(model.score(row[None, :])[0]) for row in matrix[:50]] == together.tolist()
    assert model.score(matrix[:0]).shape == (0,)


def test_a_score_is_a_probability_that_rises_with_the_margin(model: Model, matrix: Matrix) -> None:
    margins, scores = model.margins(matrix), model.score(matrix)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (np.diff(scores[np.argsort(margins)]) >= 0).all()


def test_contributions_sum_to_the_margin(model: Model, matrix: Matrix) -> None:
    added = model.contributions(matrix)
    assert np.abs(added.sum(axis=1) - model.margins(matrix)).max() < 1e-4
    assert np.allclose(added[:, -1], model.facts["base"])


def test_reasons_are_the_largest_contributions_in_words(model: Model, matrix: Matrix) -> None:
    added = model.contributions(matrix[:40])[:, :-1]
    for row, one, told in zip(matrix[:40], added, model.reasons(matrix[:40], top=2), strict=True):
        raising = sorted((float(value) for value in one if value > 0), reverse=True)[:2]
        assert [reason.contribution for reason in told] == raising
        for reason in told:
            place = small_model.FEATURES.index(reason.feature)
            assert reason.words == f"What {reason.feature} is"
            assert reason.value == (None if np.isnan(row[place]) else float(row[place]))


def test_a_matrix_of_another_width_is_refused(model: Model, matrix: Matrix) -> None:
    with pytest.raises(SluiceError, match="takes 5 features") as error:
        model.score(matrix[:, :4])
    assert "amount_cents, payments_of_card_1h" in error.value.hint


@pytest.mark.parametrize("name", [artifact.BOOSTER, artifact.ONNX])
def test_a_changed_file_is_not_loaded(model: Model, tmp_path: Path, name: str) -> None:
    folder = _copied(model, tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(SluiceError, match=f"{name} is not the file that was trained"):
        artifact.load(folder)


def test_a_changed_threshold_is_not_loaded(model: Model, tmp_path: Path) -> None:
    folder = _copied(model, tmp_path)
    facts = json.loads((folder / artifact.FACTS).read_text())
    (folder / artifact.FACTS).write_text(json.dumps(facts | {"threshold": 0.9}))
    with pytest.raises(SluiceError, match="its version is that of another model"):
        artifact.load(folder)


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="no trained model is here") as error:
        artifact.load(tmp_path)
    assert error.value.hint == "train it again: sluice model train"


def _copied(model: Model, folder: Path) -> Path:
    copy = folder / "copy"
    copy.mkdir()
    for name in artifact.FILES:
        (copy / name).write_bytes((model.folder / name).read_bytes())
    return copy


def _logistic(margins: Matrix) -> Matrix:
    return 1 / (1 + np.exp(-margins))
