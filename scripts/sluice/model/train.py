"""Trains a declared model on a warehouse file: searches on the folds, calibrates on them, and is measured on what is held out.

Nothing here asks a clock or rolls dice without a seed: the same file and declaration give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.core.progress import Tell, part, silent
from sluice.model import calibrate, learn, measures
from sluice.model.data import Reader, Rows, reading
from sluice.model.declared import Declaration
from sluice.model.judged import Predicted, judged, missed_of
from sluice.model.moments import Moments, Window, moments, too_short

if TYPE_CHECKING:
    from sluice.model.data import Array


@dataclass(frozen=True)
class Trained:
    """A trained model: its files, and what is known of it."""

    declaration: Declaration
    booster: bytes
    onnx: bytes
    threshold: float
    calibration: Mapping[str, Any]
    base: float
    moments: Moments
    chosen: Mapping[str, Any]
    trials: tuple[Mapping[str, Any], ...]
    weights: Mapping[str, float]
    profile: Mapping[str, Any]
    metrics: Mapping[str, Any]
    rows: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Fold:
    """A window with what a model may know: rows to learn from with their labels of then, and rows to predict."""

    window: Window
    learns: slice
    labels: Array
    predicts: Array
    truth: Array

    @property
    def is_usable(self) -> bool:
        """Whether there is something to learn and something to find."""
        return bool(self.labels.any()) and not bool(self.labels.all()) and bool(self.truth.any())


def train(file: Path, declaration: Declaration, tell: Tell = silent, memory_limit: str | None = None) -> Trained:
    """Train a model on a warehouse file. Raises SluiceError where the data does not suffice."""
    learn.installed()
    with reading(file, declaration, memory_limit) as reader:
        rows = reader.rows()
        times = moments(declaration.settings, rows.last)
        folds = [fold for fold in (_fold(reader, rows, window) for window in times.folds) if fold.is_usable]
        held_out = _fold(reader, rows, times.held_out)
    if not folds or not held_out.is_usable:
        raise too_short(declaration.settings, rows.first, rows.last)
    return _trained(declaration, rows, times, folds, held_out, tell)


def _fold(reader: Reader, rows: Rows, window: Window) -> _Fold:
    learns, predicts = rows.between(window.train_since, window.train_until), rows.judged(window.since, window.until)
    return _Fold(window, learns, reader.labels(window.since)[learns], predicts, reader.labels(window.judged_at)[predicts])


def _trained(declaration: Declaration, rows: Rows, times: Moments, folds: list[_Fold], held_out: _Fold, tell: Tell) -> Trained:
    settings = declaration.settings
    chosen, trials, found = _searched(declaration, rows, folds, part(tell, 0, 0.8))
    tell("training", 0.8)
    booster = learn.fit(rows.features[held_out.learns], held_out.labels, chosen, seed=settings.seed, threads=settings.threads)
    curve = calibrate.learned(settings.calibration, found.scores, found.labels)
    seen = calibrate.probabilities(curve, found.scores)
    missed = missed_of(settings.cost, rows, found.places)
    threshold = measures.cheapest(found.labels, seen, missed, settings.cost.alert, settings.cost.false_alarm)
    scores = calibrate.probabilities(curve, learn.margins(booster, rows.features[held_out.predicts]))
    tell("measuring", 0.9)
    return Trained(
        declaration=declaration,
        booster=bytes(booster.save_raw("ubj")),
        onnx=learn.as_onnx(booster, len(declaration.features), declaration.name),
        threshold=threshold,
        calibration=curve,
        base=_base(booster, len(declaration.features)),
        moments=times,
        chosen={**learn.USUAL, **chosen},
        trials=trials,
        weights=dict(zip(declaration.features, learn.weights(booster, len(declaration.features)), strict=True)),
        profile=_profile(declaration, rows.features[held_out.learns], booster, curve),
        metrics=judged(declaration, rows, Predicted(held_out.predicts, held_out.truth, scores), threshold),
        rows={
            "trained": len(held_out.labels),
            "trained_true": int(held_out.labels.sum()),
            "held_out": len(held_out.truth),
            "held_out_true": int(held_out.truth.sum()),
            "folds": len(folds),
        },
    )


def _searched(
    declaration: Declaration, rows: Rows, folds: list[_Fold], tell: Tell
) -> tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...], Predicted]:
    """The best parameters by average precision over all folds, every trial, and what the best predicted there, as margins."""
    best, best_score, trials = ({}, -1.0, [])
    found: Predicted | None = None
    every = declaration.settings.trials
    for number, chosen in enumerate(every):
        tell(f"trying {number + 1} of {len(every)}", number / len(every))
        predicted = _over_folds(declaration, rows, folds, chosen)
        score = _mean_precision(predicted, folds)
        trials.append({"parameters": {**learn.USUAL, **chosen}, "average_precision": round(score, 6)})
        if score > best_score:
            best, best_score, found = chosen, score, predicted
    assert found is not None
    return best, tuple(trials), found


def _over_folds(declaration: Declaration, rows: Rows, folds: list[_Fold], chosen: Mapping[str, Any]) -> Predicted:
    import numpy as np

    settings, scores = declaration.settings, []
    for fold in folds:
        booster = learn.fit(rows.features[fold.learns], fold.labels, chosen, seed=settings.seed, threads=settings.threads)
        scores.append(learn.margins(booster, rows.features[fold.predicts]))
    places = np.concatenate([fold.predicts for fold in folds])
    return Predicted(places, np.concatenate([fold.truth for fold in folds]), np.concatenate(scores))


def _mean_precision(predicted: Predicted, folds: list[_Fold]) -> float:
    """The mean over the folds: margins of different models are not compared."""
    import numpy as np

    found, start = [], 0
    for fold in folds:
        end = start + len(fold.truth)
        measure = measures.average_precision(fold.truth, predicted.scores[start:end])
        found.append(measure(np.ones(end - start)) or 0.0)
        start = end
    return float(np.mean(found))


def _base(booster: Any, count: int) -> float:
    """What pred_contribs gives to the row that has no features: the same for every row."""
    import numpy as np

    return float(learn.contributions(booster, np.full((1, count), np.nan, dtype=np.float32))[0, -1])


def _profile(declaration: Declaration, features: Array, booster: Any, curve: Mapping[str, Any]) -> dict[str, Any]:
    """How features and scores were distributed in training: what drift is measured against."""
    bounds = {name: measures.edges(features[:, number]) for number, name in enumerate(declaration.features)}
    found = {
        name: {"edges": bounds[name], "shares": measures.shares(features[:, number], bounds[name])}
        for number, name in enumerate(declaration.features)
    }
    scores = calibrate.probabilities(curve, learn.margins(booster, features))
    of_scores = {"edges": list(measures.OF_SCORES), "shares": measures.shares(scores, list(measures.OF_SCORES))}
    return {"features": found, "scores": of_scores}
